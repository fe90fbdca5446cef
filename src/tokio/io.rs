//! Tokio's traits of the stream. They use the inner stream, or the encapsulation over it.

use crate::protocol::frames::first_to_write;
use crate::stream::SocksStream;
use crate::stream::fairness::with_budget;
use crate::stream::split::Split;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

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

impl<S: AsyncRead + Unpin, V, F> AsyncRead for SocksStream<S, V, F> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let (inner, incoming) = self.get_mut().reading();
        let Some(mut incoming) = incoming else {
            return Pin::new(inner).poll_read(cx, buf);
        };
        let plain = buf.initialize_unfilled();
        let n = ready!(incoming.poll_read(plain, with_budget(cx, |cx, frame| poll_read(inner, cx, frame))))?;
        buf.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, V, F> SocksStream<S, V, F> {
    /// Writes the bytes that are already sealed.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<&mut S>> {
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

    fn is_write_vectored(&self) -> bool {
        !self.is_encapsulated() && self.inner.is_write_vectored()
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

impl Split for TcpStream {
    type Read = OwnedReadHalf;
    type Write = OwnedWriteHalf;

    fn split(self) -> Result<(OwnedReadHalf, OwnedWriteHalf)> {
        Ok(self.into_split())
    }
}

#[cfg(unix)]
impl Split for tokio::net::UnixStream {
    type Read = tokio::net::unix::OwnedReadHalf;
    type Write = tokio::net::unix::OwnedWriteHalf;

    fn split(self) -> Result<(Self::Read, Self::Write)> {
        Ok(self.into_split())
    }
}
