//! A proxy in memory. It sends each message in one read, whatever the client sends. The client's
//! messages are checked afterwards.

use crate::request::Login;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The last message of a proxy that grants the request.
pub(crate) const GRANTED: [u8; 10] = [5, 0, 0, 1, 192, 0, 2, 7, 0x30, 0x39];

/// A handle of the stream: the harness keeps one while the client has another.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    state: Arc<Mutex<State>>,
    /// Makes it as large as a socket, and with it the futures that a client keeps on the heap.
    _room: [u8; ROOM],
}

const ROOM: usize = size_of::<TcpStream>() - size_of::<Arc<()>>();

#[derive(Debug)]
pub(crate) struct State {
    messages: Vec<Vec<u8>>,
    /// The next byte to be read: its message, and its place in that.
    at: (usize, usize),
    /// The message that the proxy does not send, and whether the client waits for it.
    held: Option<usize>,
    pub(crate) waited_for: bool,
    pub(crate) said: Vec<u8>,
    pub(crate) reads: usize,
    /// Vectored ones, too.
    pub(crate) writes: usize,
}

impl Script {
    pub(crate) fn new(login: Option<Login>, reply: &[u8]) -> Self {
        let state = State {
            messages: messages(login, reply),
            at: (0, 0),
            held: None,
            waited_for: false,
            // The buffer for all bytes of the client, so that no allocation of the harness is
            // counted as the client's.
            said: Vec::with_capacity(32 * 1024),
            reads: 0,
            writes: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), _room: [0; ROOM] }
    }

    /// A proxy that keeps the client waiting for its last message.
    pub(crate) fn held(login: Option<Login>) -> Self {
        let script = Self::new(login, &GRANTED);
        {
            let mut state = script.state();
            state.held = Some(state.messages.len() - 1);
        }
        script
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The proxy's answer to each message of the client.
pub(crate) fn messages(login: Option<Login>, reply: &[u8]) -> Vec<Vec<u8>> {
    match login {
        None => vec![vec![5, 0], reply.into()],
        Some(_) => vec![vec![5, 2], vec![1, 0], reply.into()],
    }
}

impl AsyncRead for Script {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let mut state = self.state();
        let (message, from) = state.at;
        if state.held == Some(message) {
            state.waited_for = true;
            return Poll::Pending;
        }
        state.reads += 1;
        // Behind the last message is the end.
        let Some(bytes) = state.messages.get(message) else { return Poll::Ready(Ok(())) };
        let n = buf.remaining().min(bytes.len() - from);
        buf.put_slice(&bytes[from..from + n]);
        state.at = if from + n == bytes.len() { (message + 1, 0) } else { (message, from + n) };
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let mut state = self.state();
        state.writes += 1;
        state.said.extend(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let mut state = self.state();
        state.writes += 1;
        for buf in bufs {
            state.said.extend_from_slice(buf);
        }
        Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }
}
