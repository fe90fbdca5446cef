//! Tokio's traits on the stream: those of the inner stream, or of the pump over it.

use super::half::ReadHalf;
use crate::protocol::frames::{Incoming, Outgoing, Sink};
use crate::protocol::pause::{Pause, Timer};
use crate::stream::SocksStream;
use crate::stream::fairness::with_budget;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Reads into a plain slice.
pub(super) fn poll_read(
    inner: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
    buf: &mut [u8],
) -> Poll<Result<usize>> {
    let mut buf = ReadBuf::new(buf);
    ready!(Pin::new(inner).poll_read(cx, &mut buf))?;
    Poll::Ready(Ok(buf.filled().len()))
}

/// Starts a timer of tokio's.
pub(super) fn clock(duration: Duration) -> Timer {
    Box::pin(tokio::time::sleep(duration))
}

/// Writes frames to a stream.
struct Writer<'s, 'c, 'w, S> {
    inner: &'s mut S,
    cx: &'c mut Context<'w>,
}

impl<S: AsyncWrite + Unpin> Sink for Writer<'_, '_, '_, S> {
    fn poll_write(&mut self, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut *self.inner).poll_write(self.cx, bytes)
    }

    fn poll_pause(&mut self, pause: &mut Pause) -> Poll<Result<()>> {
        pause.poll(self.cx, clock).map(Ok)
    }

    fn waker(&self) -> Option<&Waker> {
        Some(self.cx.waker())
    }
}

/// Reads plain bytes out of frames.
fn poll_read_plain(
    inner: &mut (impl AsyncRead + Unpin),
    incoming: &mut Incoming,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<Result<()>> {
    let read = with_budget(cx, |cx, frame| poll_read(inner, cx, frame));
    incoming.poll_read(buf.remaining(), |plain| buf.put_slice(plain), read).map_ok(drop)
}

impl<S: AsyncRead + AsyncWrite + Unpin, V, F> AsyncRead for SocksStream<S, V, F> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let stream = self.get_mut();
        let (inner, pumps) = stream.both();
        match pumps {
            None => Pin::new(inner).poll_read(cx, buf),
            Some((mut incoming, outgoing)) => {
                if let Some(mut outgoing) = outgoing {
                    outgoing
                        .send_before_read(cx, |outgoing, cx| outgoing.poll_send(&mut Writer { inner, cx }));
                }
                poll_read_plain(inner, &mut incoming, cx, buf)
            }
        }
    }
}

impl<H: AsyncRead + Unpin, V, F> AsyncRead for SocksStream<ReadHalf<H>, V, F> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let (ReadHalf(inner), pumps) = self.get_mut().both();
        match pumps {
            None => Pin::new(inner).poll_read(cx, buf),
            Some((mut incoming, outgoing)) => {
                // Another task may need it: this half can't write.
                drop(outgoing);
                poll_read_plain(inner, &mut incoming, cx, buf)
            }
        }
    }
}

impl<S: AsyncWrite + Unpin, V, F> SocksStream<S, V, F> {
    /// Calls `write` with the pump, if there is one.
    fn poll_pump<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut Outgoing, &mut Writer<'_, '_, '_, S>) -> Poll<Result<T>>,
    ) -> Option<Poll<Result<T>>> {
        let (inner, outgoing) = self.writing();
        outgoing.map(|mut outgoing| write(&mut outgoing, &mut Writer { inner, cx }))
    }

    /// Writes what is sealed.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<&mut S>> {
        if let Some(drained) = self.poll_pump(cx, |outgoing, writer| outgoing.poll_flush(writer)) {
            ready!(drained)?;
        }
        Poll::Ready(Ok(&mut self.inner))
    }
}

impl<S: AsyncWrite + Unpin, V, F> AsyncWrite for SocksStream<S, V, F> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let stream = self.get_mut();
        match stream.poll_pump(cx, |outgoing, writer| outgoing.poll_write(buf, writer)) {
            Some(written) => written,
            None => Pin::new(&mut stream.inner).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let stream = self.get_mut();
        match stream.poll_pump(cx, |outgoing, writer| outgoing.poll_write_vectored(bufs, writer)) {
            Some(written) => written,
            None => Pin::new(&mut stream.inner).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.is_encapsulated() || self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let inner = ready!(self.get_mut().poll_drain(cx))?;
        Pin::new(inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let inner = ready!(self.get_mut().poll_drain(cx))?;
        Pin::new(inner).poll_shutdown(cx)
    }
}
