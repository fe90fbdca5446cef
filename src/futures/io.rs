//! Traits of futures-io for the stream. They use the inner stream, or the encapsulation over it.

use crate::protocol::frames::{first_to_fill, first_to_write};
use crate::stream::SocksStream;
use crate::stream::fairness::with_budget;
use futures_io::{AsyncRead, AsyncWrite};
use std::io::{IoSlice, IoSliceMut, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

impl<S: AsyncRead + Unpin, V, F> AsyncRead for SocksStream<S, V, F> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        let (inner, incoming) = self.get_mut().reading();
        match incoming {
            None => Pin::new(inner).poll_read(cx, buf),
            Some(mut incoming) => incoming
                .poll_read(buf, with_budget(cx, |cx, frame| Pin::new(&mut *inner).poll_read(cx, frame))),
        }
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<Result<usize>> {
        if self.is_encapsulated() {
            return self.poll_read(cx, first_to_fill(bufs));
        }
        Pin::new(&mut self.get_mut().inner).poll_read_vectored(cx, bufs)
    }
}

impl<S: AsyncWrite + Unpin, V, F> SocksStream<S, V, F> {
    /// Writes the bytes that are already sealed.
    fn poll_drain_frames(&mut self, cx: &mut Context<'_>) -> Poll<Result<&mut S>> {
        let (inner, outgoing) = self.writing();
        if let Some(mut outgoing) = outgoing {
            ready!(outgoing.poll_flush(|bytes| Pin::new(&mut *inner).poll_write(cx, bytes)))?;
        }
        Poll::Ready(Ok(inner))
    }
}

impl<S: AsyncWrite + Unpin, V, F> AsyncWrite for SocksStream<S, V, F> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let (inner, outgoing) = self.get_mut().writing();
        match outgoing {
            None => Pin::new(inner).poll_write(cx, buf),
            Some(mut outgoing) => {
                outgoing.poll_write(buf, |bytes| Pin::new(&mut *inner).poll_write(cx, bytes))
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        if self.is_encapsulated() {
            return self.poll_write(cx, first_to_write(bufs));
        }
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(cx, bufs)
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
