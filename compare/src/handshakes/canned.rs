//! A stream in memory that costs little itself, so that the instructions of a handshake are those
//! of the client.

use std::hint::black_box;
use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Reads return one message each. Writes are accepted whole and not kept. It has the size of a
/// `TcpStream`.
pub(super) struct Canned {
    messages: &'static [&'static [u8]],
    /// The next byte to be read: its message, and its place in that.
    at: (usize, usize),
}

impl Canned {
    pub(super) fn new(messages: &'static [&'static [u8]]) -> Self {
        Self { messages, at: (0, 0) }
    }
}

impl AsyncRead for Canned {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let (message, from) = self.at;
        let Some(bytes) = self.messages.get(message) else { return Poll::Ready(Ok(())) };
        let n = buf.remaining().min(bytes.len() - from);
        buf.put_slice(&bytes[from..from + n]);
        self.at = if from + n == bytes.len() { (message + 1, 0) } else { (message, from + n) };
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Canned {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        Poll::Ready(Ok(black_box(buf).len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}
