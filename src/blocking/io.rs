//! The standard library's traits on the stream: those of the inner stream, or of the pump over it.

use crate::protocol::frames::{Incoming, Outgoing, Sink};
use crate::protocol::pause::Pause;
use crate::stream::SocksStream;
use crate::stream::split::Split;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Result, Write};
use std::net::TcpStream;
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};
use std::thread;

/// Turns the error by which a non-blocking stream says "not yet" into `Pending`.
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

/// Writes frames to a stream.
struct Writer<'s, S>(&'s mut S);

impl<S: Write> Sink for Writer<'_, S> {
    fn poll_write(&mut self, bytes: &[u8]) -> Poll<Result<usize>> {
        pending(self.0.write(bytes))
    }

    fn poll_pause(&mut self, pause: &mut Pause) -> Poll<Result<()>> {
        thread::sleep(pause.duration());
        pause.end();
        Poll::Ready(Ok(()))
    }

    fn waker(&self) -> Option<&Waker> {
        None
    }
}

type Guard<'a, T> = Option<MutexGuard<'a, T>>;

/// Writes what is sealed, and reads plain bytes.
fn read(
    inner: &mut (impl Read + Write),
    incoming: &mut Incoming,
    outgoing: Guard<'_, Outgoing>,
    bufs: &mut [IoSliceMut<'_>],
) -> Result<usize> {
    if let Some(mut outgoing) = outgoing {
        let cx = &mut Context::from_waker(Waker::noop());
        outgoing.send_before_read(cx, |outgoing, _| outgoing.poll_send(&mut Writer(inner)));
    }
    would_block(incoming.poll_read_vectored(bufs, |frame| pending(inner.read(frame))))
}

fn flush(inner: &mut impl Write, outgoing: Guard<'_, Outgoing>) -> Result<()> {
    if let Some(mut outgoing) = outgoing {
        would_block(outgoing.poll_flush(&mut Writer(inner)))?;
    }
    inner.flush()
}

impl<S: Read + Write, V, F> Read for SocksStream<S, V, F> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        match self.both() {
            (inner, None) => inner.read(buf),
            (inner, Some((mut incoming, outgoing))) => {
                read(inner, &mut incoming, outgoing, &mut [IoSliceMut::new(buf)])
            }
        }
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize> {
        match self.both() {
            (inner, None) => inner.read_vectored(bufs),
            (inner, Some((mut incoming, outgoing))) => read(inner, &mut incoming, outgoing, bufs),
        }
    }
}

impl<S: Write, V, F> Write for SocksStream<S, V, F> {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        match self.writing() {
            (inner, None) => inner.write(buf),
            (inner, Some(mut outgoing)) => would_block(outgoing.poll_write(buf, &mut Writer(inner))),
        }
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        match self.writing() {
            (inner, None) => inner.write_vectored(bufs),
            (inner, Some(mut outgoing)) => {
                would_block(outgoing.poll_write_vectored(bufs, &mut Writer(inner)))
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        let (inner, outgoing) = self.writing();
        flush(inner, outgoing)
    }
}

impl<'a, S, V, F> Read for &'a SocksStream<S, V, F>
where
    &'a S: Read + Write,
{
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        match self.pumps() {
            None => (&self.inner).read(buf),
            Some((mut incoming, outgoing)) => {
                read(&mut &self.inner, &mut incoming, outgoing, &mut [IoSliceMut::new(buf)])
            }
        }
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize> {
        match self.pumps() {
            None => (&self.inner).read_vectored(bufs),
            Some((mut incoming, outgoing)) => read(&mut &self.inner, &mut incoming, outgoing, bufs),
        }
    }
}

impl<'a, S, V, F> Write for &'a SocksStream<S, V, F>
where
    &'a S: Write,
{
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        match self.outgoing() {
            None => (&self.inner).write(buf),
            Some(mut outgoing) => would_block(outgoing.poll_write(buf, &mut Writer(&mut &self.inner))),
        }
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        match self.outgoing() {
            None => (&self.inner).write_vectored(bufs),
            Some(mut outgoing) => {
                would_block(outgoing.poll_write_vectored(bufs, &mut Writer(&mut &self.inner)))
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        flush(&mut &self.inner, self.outgoing())
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
