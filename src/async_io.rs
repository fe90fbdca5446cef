//! What the smol and async-std front ends share: both wait by way of [async-io](::async_io).

use crate::conversation::Conversation;
use crate::dial::Failures;
use crate::error::{Error, ErrorKind};
use crate::futures::converse;
use crate::proxy::SocketOptions;
use crate::reactor::{self, Reactor, within};
use crate::runtime::{Deadline, Runtime};
use ::async_io::{Async, Timer};
use futures_io::{AsyncRead, AsyncWrite};
use socket2::{SockAddr, SockRef};
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Instant;

/// A front end over async-io: what differs is the type of its stream.
pub(crate) trait OverAsyncIo {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static;

    /// Makes the front end's stream of a connected socket.
    fn adopt(socket: Async<TcpStream>) -> io::Result<Self::Stream>;
}

impl<F: OverAsyncIo> Reactor for F {
    type Socket = Async<TcpStream>;
    type Stream = F::Stream;

    fn watch(socket: TcpStream) -> io::Result<Self::Socket> {
        Async::new_nonblocking(socket)
    }

    async fn writable(socket: &Self::Socket) -> io::Result<()> {
        socket.writable().await
    }

    fn socket(socket: &Self::Socket) -> SockRef<'_> {
        socket.into()
    }

    fn adopt(socket: Self::Socket) -> io::Result<F::Stream> {
        <F as OverAsyncIo>::adopt(socket)
    }

    async fn sleep_until(time: Instant) {
        Timer::at(time).await;
    }
}

impl<F: OverAsyncIo> Runtime for F {
    type Stream = F::Stream;

    async fn lookup(name: &str, port: u16, deadline: Deadline) -> io::Result<Vec<SocketAddr>> {
        let name = name.to_owned();
        let addrs = blocking::unblock(move || Ok((&*name, port).to_socket_addrs()?.collect()));
        let in_time = within::<F, _>(deadline, addrs).await;
        in_time.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<F::Stream, Failures> {
        reactor::race::<F>(&addrs, options, deadline).await
    }

    async fn converse<C: Conversation + Send + Sync>(
        stream: &mut F::Stream,
        talk: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        let in_time = within::<F, _>(deadline, converse(stream, talk)).await;
        in_time.unwrap_or_else(|| Err(Error::new(talk.stage(), ErrorKind::TimedOut)))
    }
}
