//! What the smol and async-std front ends share: both wait by way of [async-io](::async_io).

use crate::conversation::Conversation;
use crate::dial::Failures;
use crate::error::{Error, ErrorKind};
use crate::futures::converse;
use crate::proxy::SocketOptions;
use crate::reactor::{self, Reactor, within};
use crate::runtime::Deadline;
use ::async_io::{Async, Timer};
use futures_io::{AsyncRead, AsyncWrite};
use socket2::{SockAddr, SockRef};
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Instant;

/// The reactor of async-io.
pub(crate) struct AsyncIo;

impl Reactor for AsyncIo {
    type Socket = Async<TcpStream>;

    fn watch(socket: TcpStream) -> io::Result<Self::Socket> {
        Async::new_nonblocking(socket)
    }

    async fn writable(socket: &Self::Socket) -> io::Result<()> {
        socket.writable().await
    }

    fn socket(socket: &Self::Socket) -> SockRef<'_> {
        socket.into()
    }

    async fn sleep_until(time: Instant) {
        Timer::at(time).await;
    }
}

pub(crate) async fn lookup(name: &str, port: u16, deadline: Deadline) -> io::Result<Vec<SocketAddr>> {
    let name = name.to_owned();
    let addrs = blocking::unblock(move || Ok((&*name, port).to_socket_addrs()?.collect()));
    within::<AsyncIo, _>(deadline, addrs).await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
}

pub(crate) async fn race(
    addrs: &[SockAddr],
    options: &SocketOptions,
    deadline: Deadline,
) -> Result<Async<TcpStream>, Failures> {
    reactor::race::<AsyncIo>(addrs, options, deadline).await
}

pub(crate) async fn converse_by<S, C>(
    stream: &mut S,
    talk: &mut C,
    deadline: Deadline,
) -> Result<C::Outcome, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    match within::<AsyncIo, _>(deadline, converse(stream, talk)).await {
        Some(done) => done,
        None => Err(Error::new(talk.stage(), ErrorKind::TimedOut)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::racing::{OPTIONS, races};

    #[test]
    fn races_as_rfc_8305_says() {
        races(|addrs, deadline| match ::async_io::block_on(race(&addrs, &OPTIONS, deadline)) {
            Ok(socket) => Ok(socket.get_ref().peer_addr().unwrap()),
            Err(failures) => Err(failures.into_attempts()),
        });
    }
}
