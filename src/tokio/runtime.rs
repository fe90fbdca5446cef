//! Tokio's sockets, timers and clock.

use super::Tokio;
use super::handshake::converse;
use crate::error::{Error, ErrorKind};
use crate::protocol::conversation::Conversation;
use crate::proxy::SocketOptions;
use crate::reactor::{self, Reactor, SupportsStream, within};
use crate::runtime::dial::Failures;
use crate::runtime::{ControlIo, Deadline, Ends, Runtime};
use socket2::{SockAddr, SockRef};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time;

impl Runtime for Tokio {
    type Stream = TcpStream;

    /// A test can pause or advance this clock.
    fn now() -> Instant {
        time::Instant::now().into_std()
    }

    async fn within<T>(deadline: Deadline, work: impl Future<Output = T> + Send + Sync) -> Option<T> {
        within::<Self, _>(deadline, work).await
    }

    async fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<TcpStream, Failures> {
        reactor::race::<Self>(&addrs, options, deadline).await
    }

    async fn converse<C: Conversation + Send + Sync>(
        stream: &mut TcpStream,
        conversation: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        match within::<Self, _>(deadline, converse(stream, conversation)).await {
            Some(done) => done,
            None => Err(conversation.failure(ErrorKind::TimedOut)),
        }
    }

    fn ends(stream: &TcpStream) -> std::io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> SupportsStream<S> for Tokio {
    async fn converse_over<C: Conversation + Send + Sync>(
        stream: &mut S,
        conversation: &mut C,
    ) -> Result<C::Outcome, Error> {
        converse(stream, conversation).await
    }

    fn poll_io(stream: &mut S, cx: &mut Context<'_>, io: ControlIo<'_>) -> Poll<std::io::Result<usize>> {
        match io {
            ControlIo::Read(buf) => super::io::poll_read(stream, cx, buf),
            ControlIo::Write(bytes) => Pin::new(stream).poll_write(cx, bytes),
            ControlIo::Flush => Pin::new(stream).poll_flush(cx).map_ok(|()| 0),
        }
    }
}

impl Reactor for Tokio {
    type Socket = TcpStream;

    fn watch(socket: std::net::TcpStream) -> std::io::Result<TcpStream> {
        TcpStream::from_std(socket)
    }

    async fn writable(socket: &TcpStream) -> std::io::Result<()> {
        socket.writable().await
    }

    fn socket(socket: &TcpStream) -> SockRef<'_> {
        socket.into()
    }

    fn adopt(socket: TcpStream) -> std::io::Result<TcpStream> {
        Ok(socket)
    }

    async fn sleep_until(time: Instant) {
        time::sleep_until(time.into()).await;
    }
}
