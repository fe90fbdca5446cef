//! The standard library's traits on the stream: those of the inner stream, or of the pump over it.

use super::call_limit::Call;
use crate::protocol::frames::{CallLimit, Outgoing, Sink};
use crate::protocol::pause::Pause;
use crate::stream::split::Split;
use crate::stream::{Pumps, Shared, SocksStream};
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
struct Writer<'s, 'l, S> {
    inner: &'s mut S,
    call: Call<'l>,
}

impl<S: Write> Sink for Writer<'_, '_, S> {
    fn poll_write(&mut self, bytes: &[u8]) -> Poll<Result<usize>> {
        pending(self.call.before_write().and_then(|()| self.inner.write(bytes)))
    }

    fn poll_pause(&mut self, pause: &mut Pause) -> Poll<Result<()>> {
        thread::sleep(pause.duration());
        pause.end();
        self.call.restart();
        Poll::Ready(Ok(()))
    }

    fn waker(&self) -> Option<&Waker> {
        None
    }
}

type Limit<'s> = Option<&'s dyn CallLimit>;

/// Returns the pumps and the time limit of a read, if the stream is encapsulated.
fn for_read(shared: Option<&Shared>) -> Option<(Pumps<'_>, Limit<'_>)> {
    let shared = shared?;
    Some((shared.pumps()?, shared.call_limit()))
}

/// Returns the pump and the time limit of a write, if the stream is encapsulated.
fn for_write(shared: Option<&Shared>) -> Option<(MutexGuard<'_, Outgoing>, Limit<'_>)> {
    let shared = shared?;
    Some((shared.outgoing()?, shared.call_limit()))
}

/// Writes what is sealed, and reads plain bytes.
fn read(
    inner: &mut (impl Read + Write),
    ((mut incoming, outgoing), limit): (Pumps<'_>, Limit<'_>),
    bufs: &mut [IoSliceMut<'_>],
) -> Result<usize> {
    if let Some(mut outgoing) = outgoing {
        let cx = &mut Context::from_waker(Waker::noop());
        let writer = &mut Writer { inner, call: Call::new(limit) };
        outgoing.send_before_read(cx, |outgoing, _| outgoing.poll_send(writer));
    }
    let mut call = Call::new(limit);
    let read = |frame: &mut [u8]| pending(call.before_read().and_then(|()| inner.read(frame)));
    would_block(incoming.poll_read_vectored(bufs, read))
}

fn write(
    inner: &mut impl Write,
    (mut outgoing, limit): (MutexGuard<'_, Outgoing>, Limit<'_>),
    bufs: &[IoSlice<'_>],
) -> Result<usize> {
    would_block(outgoing.poll_write_vectored(bufs, &mut Writer { inner, call: Call::new(limit) }))
}

fn flush(inner: &mut impl Write, shared: Option<&Shared>) -> Result<()> {
    if let Some((mut outgoing, limit)) = for_write(shared) {
        let writer = &mut Writer { inner: &mut *inner, call: Call::new(limit) };
        would_block(outgoing.poll_flush(writer))?;
    }
    inner.flush()
}

impl<S: Read + Write, V, F> Read for SocksStream<S, V, F> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        match for_read(self.shared.as_deref()) {
            None => self.inner.read(buf),
            Some(pumps) => read(&mut self.inner, pumps, &mut [IoSliceMut::new(buf)]),
        }
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize> {
        match for_read(self.shared.as_deref()) {
            None => self.inner.read_vectored(bufs),
            Some(pumps) => read(&mut self.inner, pumps, bufs),
        }
    }
}

impl<S: Write, V, F> Write for SocksStream<S, V, F> {
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        match for_write(self.shared.as_deref()) {
            None => self.inner.write(buf),
            Some(pump) => write(&mut self.inner, pump, &[IoSlice::new(buf)]),
        }
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        match for_write(self.shared.as_deref()) {
            None => self.inner.write_vectored(bufs),
            Some(pump) => write(&mut self.inner, pump, bufs),
        }
    }

    fn flush(&mut self) -> Result<()> {
        flush(&mut self.inner, self.shared.as_deref())
    }
}

impl<'a, S, V, F> Read for &'a SocksStream<S, V, F>
where
    &'a S: Read + Write,
{
    fn read(&mut self, buf: &mut [u8]) -> Result<usize> {
        match for_read(self.shared.as_deref()) {
            None => (&self.inner).read(buf),
            Some(pumps) => read(&mut &self.inner, pumps, &mut [IoSliceMut::new(buf)]),
        }
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> Result<usize> {
        match for_read(self.shared.as_deref()) {
            None => (&self.inner).read_vectored(bufs),
            Some(pumps) => read(&mut &self.inner, pumps, bufs),
        }
    }
}

impl<'a, S, V, F> Write for &'a SocksStream<S, V, F>
where
    &'a S: Write,
{
    fn write(&mut self, buf: &[u8]) -> Result<usize> {
        match for_write(self.shared.as_deref()) {
            None => (&self.inner).write(buf),
            Some(pump) => write(&mut &self.inner, pump, &[IoSlice::new(buf)]),
        }
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> Result<usize> {
        match for_write(self.shared.as_deref()) {
            None => (&self.inner).write_vectored(bufs),
            Some(pump) => write(&mut &self.inner, pump, bufs),
        }
    }

    fn flush(&mut self) -> Result<()> {
        flush(&mut &self.inner, self.shared.as_deref())
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
