//! Tokio's sockets, timers and clock.

use super::Tokio;
use super::handshake::poll_converse;
use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::proxy::SocketOptions;
use crate::reactor::{self, Reactor, SupportsStream};
use crate::runtime::dial::Failures;
use crate::runtime::{ControlIo, Deadline, Ends, Runtime};
use socket2::{SockAddr, SockRef};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time;

impl Runtime for Tokio {
    type Dialled = TcpStream;
    type Stream = TcpStream;

    /// A test can pause or advance this clock.
    fn now() -> Instant {
        time::Instant::now().into_std()
    }

    fn within<W: Future + Send + Sync>(
        deadline: Deadline,
        work: W,
    ) -> impl Future<Output = Option<W::Output>> + Send + Sync {
        reactor::within::<Self, _>(deadline, work)
    }

    fn connect(
        addr: &SocketAddr,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> impl Future<Output = Result<TcpStream, Failures>> + Send + Sync {
        reactor::connect::<Self>(addr, options, deadline)
    }

    async fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<TcpStream, Failures> {
        reactor::race::<Self>(&addrs, options, deadline).await
    }

    fn converse<'a, C: Conversation + Send + Sync>(
        stream: &'a mut TcpStream,
        conversation: &'a mut C,
        deadline: Deadline,
    ) -> impl Future<Output = Result<C::Outcome, Error>> + Send + Sync {
        reactor::converse::<Self, _, _>(stream, conversation, deadline)
    }

    fn ends(stream: &TcpStream) -> std::io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }

    fn finish(stream: TcpStream) -> std::io::Result<TcpStream> {
        Ok(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> SupportsStream<S> for Tokio {
    fn poll_converse<C: Conversation>(
        stream: &mut S,
        cx: &mut Context<'_>,
        conversation: &mut C,
    ) -> Poll<Result<C::Outcome, Error>> {
        poll_converse(stream, cx, conversation)
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
    type Sleep = time::Sleep;

    fn watch(socket: std::net::TcpStream) -> std::io::Result<TcpStream> {
        TcpStream::from_std(socket)
    }

    fn poll_writable(socket: &TcpStream, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        socket.poll_write_ready(cx)
    }

    fn socket(socket: &TcpStream) -> SockRef<'_> {
        socket.into()
    }

    fn adopt(socket: TcpStream) -> std::io::Result<TcpStream> {
        Ok(socket)
    }

    fn sleep_until(time: Instant) -> time::Sleep {
        time::sleep_until(time.into())
    }
}
