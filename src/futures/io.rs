//! The traits of futures-io on the stream: those of the inner stream, or of the pump over it.

use super::FuturesIo;
use crate::protocol::frames::{Outgoing, Sink};
use crate::protocol::pause::Pause;
use crate::stream::SocksStream;
use crate::stream::fairness::with_budget;
use futures_io::{AsyncRead, AsyncWrite};
use std::io::{IoSlice, IoSliceMut, Result};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// Writes frames to a stream.
struct Writer<'s, 'c, 'w, S, F> {
    inner: &'s mut S,
    cx: &'c mut Context<'w>,
    front_end: PhantomData<F>,
}

impl<S: AsyncWrite + Unpin, F: FuturesIo> Sink for Writer<'_, '_, '_, S, F> {
    fn poll_write(&mut self, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut *self.inner).poll_write(self.cx, bytes)
    }

    fn poll_pause(&mut self, pause: &mut Pause) -> Poll<Result<()>> {
        super::poll_pause::<F>(self.cx, pause)
    }

    fn waker(&self) -> Option<&Waker> {
        Some(self.cx.waker())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, V, F: FuturesIo> AsyncRead for SocksStream<S, V, F> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        self.poll_read_vectored(cx, &mut [IoSliceMut::new(buf)])
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<Result<usize>> {
        let (inner, pumps) = self.get_mut().both();
        let Some((mut incoming, outgoing)) = pumps else {
            return match bufs {
                [buf] => Pin::new(inner).poll_read(cx, buf),
                bufs => Pin::new(inner).poll_read_vectored(cx, bufs),
            };
        };
        if let Some(mut outgoing) = outgoing {
            outgoing.send_before_read(cx, |outgoing, cx| {
                outgoing.poll_send(&mut Writer { inner, cx, front_end: PhantomData::<F> })
            });
        }
        let read = with_budget(cx, |cx, frame| Pin::new(&mut *inner).poll_read(cx, frame));
        incoming.poll_read_vectored(bufs, read)
    }
}

impl<S: AsyncWrite + Unpin, V, F: FuturesIo> SocksStream<S, V, F> {
    /// Calls `write` with the pump, if there is one.
    fn poll_frames<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut Outgoing, &mut Writer<'_, '_, '_, S, F>) -> Poll<Result<T>>,
    ) -> Option<Poll<Result<T>>> {
        let (inner, outgoing) = self.writing();
        outgoing.map(|mut outgoing| write(&mut outgoing, &mut Writer { inner, cx, front_end: PhantomData }))
    }

    /// Writes what is sealed.
    fn poll_drain_frames(&mut self, cx: &mut Context<'_>) -> Poll<Result<&mut S>> {
        if let Some(drained) = self.poll_frames(cx, |outgoing, writer| outgoing.poll_flush(writer)) {
            ready!(drained)?;
        }
        Poll::Ready(Ok(&mut self.inner))
    }
}

impl<S: AsyncWrite + Unpin, V, F: FuturesIo> AsyncWrite for SocksStream<S, V, F> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let stream = self.get_mut();
        match stream.poll_frames(cx, |outgoing, writer| outgoing.poll_write(buf, writer)) {
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
        match stream.poll_frames(cx, |outgoing, writer| outgoing.poll_write_vectored(bufs, writer)) {
            Some(written) => written,
            None => Pin::new(&mut stream.inner).poll_write_vectored(cx, bufs),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let inner = ready!(self.get_mut().poll_drain_frames(cx))?;
        Pin::new(inner).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let inner = ready!(self.get_mut().poll_drain_frames(cx))?;
        Pin::new(inner).poll_close(cx)
    }
}
