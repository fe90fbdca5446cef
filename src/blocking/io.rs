//! The standard library's traits on the stream: those of the inner stream, or of the pump over it.

use crate::frames::{Incoming, Outgoing, first_to_fill, first_to_write};
use crate::split::Split;
use crate::stream::SocksStream;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Result, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// A pump knows "not yet" as `Pending`, a non-blocking stream as an error.
fn pending(moved: Result<usize>) -> Poll<Result<usize>> {
    match moved {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        moved => Poll::Ready(moved),
    }
}

fn would_block<T>(moved: Poll<Result<T>>) -> Result<T> {
    match moved {
        Poll::Ready(moved) => moved,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

fn read(inner: &mut impl Read, incoming: Option<&mut Incoming>, buf: &mut [u8]) -> Result<usize> {
    match incoming {
        None => inner.read(buf),
        Some(incoming) => would_block(incoming.poll_read(buf, |frame| pending(inner.read(frame)))),
    }
}

fn write(inner: &mut impl Write, outgoing: Option<&mut Outgoing>, buf: &[u8]) -> Result<usize> {
    match outgoing {
        None => inner.write(buf),
        Some(outgoing) => would_block(outgoing.poll_write(buf, |b| pending(inner.write(b)))),
    }
}

fn flush(inner: &mut impl Write, outgoing: Option<&mut Outgoing>) -> Result<()> {
    if let Some(outgoing) = outgoing {
        would_block(outgoing.poll_flush(|bytes| pending(inner.write(bytes))))?;
    }
    inner.flush()
}

/// One direction of the pump, if there is one, for the time of a call.
fn lock<T>(pump: Option<&Mutex<T>>) -> Option<MutexGuard<'_, T>> {
    pump.map(|pump| pump.lock().unwrap_or_else(PoisonError::into_inner))
}

impl<S: Read, V, F> Read for SocksStream<S, V, F> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        let (inner, incoming) = self.reading();
        read(inner, incoming, buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize> {
        match self.reading() {
            (inner, None) => inner.read_vectored(bufs),
            (inner, incoming) => read(inner, incoming, first_to_fill(bufs)),
        }
    }
}

impl<S: Write, V, F> Write for SocksStream<S, V, F> {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        let (inner, outgoing) = self.writing();
        write(inner, outgoing, buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        match self.writing() {
            (inner, None) => inner.write_vectored(bufs),
            (inner, outgoing) => write(inner, outgoing, first_to_write(bufs)),
        }
    }

    fn flush(&mut self) -> Result<()> {
        let (inner, outgoing) = self.writing();
        flush(inner, outgoing)
    }
}

impl<'a, S, V, F> Read for &'a SocksStream<S, V, F>
where
    &'a S: Read,
{
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        read(&mut &self.inner, lock(self.incoming.as_deref()).as_deref_mut(), buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize> {
        if self.is_encapsulated() {
            return self.read(first_to_fill(bufs));
        }
        (&self.inner).read_vectored(bufs)
    }
}

impl<'a, S, V, F> Write for &'a SocksStream<S, V, F>
where
    &'a S: Write,
{
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        write(&mut &self.inner, lock(self.outgoing.as_deref()).as_deref_mut(), buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        if self.is_encapsulated() {
            return self.write(first_to_write(bufs));
        }
        (&self.inner).write_vectored(bufs)
    }

    fn flush(&mut self) -> Result<()> {
        flush(&mut &self.inner, lock(self.outgoing.as_deref()).as_deref_mut())
    }
}

impl Split for TcpStream {
    type Read = Self;
    type Write = Self;

    fn split(self) -> Result<(Self, Self)> {
        Ok((self.try_clone()?, self))
    }
}
