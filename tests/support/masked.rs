//! A stream whose bits are inverted at the other end, in place of TLS.

use super::script::Line;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A stream whose bits are inverted at the other end.
#[derive(Debug)]
pub(crate) struct Masked<S>(pub(crate) S);

/// The most bytes that a [`Masked`] stream writes at once.
const LONGEST_WRITE: usize = 1 << 16;

/// What a [`Masked`] stream writes, of these bytes.
fn written(bytes: &[u8]) -> Vec<u8> {
    turned(&bytes[..bytes.len().min(LONGEST_WRITE)])
}

pub(crate) fn turned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

/// The lines as they arrive at the other end of a [`Masked`] stream.
pub(crate) fn masked(lines: &[Line]) -> Vec<Line> {
    let turn = |line: &Line| match line {
        Line::Client(bytes) => Line::Client(turned(bytes)),
        Line::Proxy(stage, bytes) => Line::Proxy(*stage, turned(bytes)),
    };
    lines.iter().map(turn).collect()
}

impl<S: Read> Read for Masked<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buf)?;
        buf[..n].iter_mut().for_each(|byte| *byte = !*byte);
        Ok(n)
    }
}

impl<S: Write> Write for Masked<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(&written(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: tokio::io::AsyncRead + Unpin> tokio::io::AsyncRead for Masked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(cx, buf))?;
        buf.filled_mut()[before..].iter_mut().for_each(|byte| *byte = !*byte);
        Poll::Ready(Ok(()))
    }
}

impl<S: tokio::io::AsyncWrite + Unpin> tokio::io::AsyncWrite for Masked<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, &written(buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl<S: futures_io::AsyncRead + Unpin> futures_io::AsyncRead for Masked<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let n = ready!(Pin::new(&mut self.0).poll_read(cx, buf))?;
        buf[..n].iter_mut().for_each(|byte| *byte = !*byte);
        Poll::Ready(Ok(n))
    }
}

impl<S: futures_io::AsyncWrite + Unpin> futures_io::AsyncWrite for Masked<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, &written(buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
