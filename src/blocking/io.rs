//! `std::io` traits of the stream. They use the inner stream, or the encapsulation over it.

use crate::protocol::frames::{Incoming, Outgoing, first_to_fill, first_to_write};
use crate::stream::SocksStream;
use crate::stream::split::Split;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Result, Write};
use std::net::TcpStream;
use std::sync::MutexGuard;
use std::task::Poll;

/// Translates `WouldBlock` of a non-blocking stream to the `Pending` of an encapsulation.
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

type Guard<'a, T> = Option<MutexGuard<'a, T>>;

fn read(inner: &mut impl Read, incoming: Guard<'_, Incoming>, buf: &mut [u8]) -> Result<usize> {
    match incoming {
        None => inner.read(buf),
        Some(mut incoming) => would_block(incoming.poll_read(buf, |frame| pending(inner.read(frame)))),
    }
}

fn write(inner: &mut impl Write, outgoing: Guard<'_, Outgoing>, buf: &[u8]) -> Result<usize> {
    match outgoing {
        None => inner.write(buf),
        Some(mut outgoing) => would_block(outgoing.poll_write(buf, |b| pending(inner.write(b)))),
    }
}

fn flush(inner: &mut impl Write, outgoing: Guard<'_, Outgoing>) -> Result<()> {
    if let Some(mut outgoing) = outgoing {
        would_block(outgoing.poll_flush(|bytes| pending(inner.write(bytes))))?;
    }
    inner.flush()
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
        read(&mut &self.inner, self.frames.as_ref().map(|frames| frames.incoming()), buf)
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
        write(&mut &self.inner, self.frames.as_ref().map(|frames| frames.outgoing()), buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        if self.is_encapsulated() {
            return self.write(first_to_write(bufs));
        }
        (&self.inner).write_vectored(bufs)
    }

    fn flush(&mut self) -> Result<()> {
        flush(&mut &self.inner, self.frames.as_ref().map(|frames| frames.outgoing()))
    }
}

impl Split for TcpStream {
    type Read = Self;
    type Write = Self;

    fn split(self) -> Result<(Self, Self)> {
        Ok((self.try_clone()?, self))
    }
}

#[cfg(unix)]
impl Split for std::os::unix::net::UnixStream {
    type Read = Self;
    type Write = Self;

    fn split(self) -> Result<(Self, Self)> {
        Ok((self.try_clone()?, self))
    }
}
