//! Smol's stream over async-io, which has the sockets and timers.

use super::Smol;
use crate::error::Error;
use crate::futures::{FuturesIo, sealed};
use crate::protocol::command::Command;
use crate::protocol::pause::Clock;
use crate::protocol::socks5::Auth;
use crate::reactor::async_io::{AsyncIoFrontEnd, clock, poll_io};
use crate::route::prepare::prepare_auth;
use crate::runtime::{ControlIo, Ends};
use async_io::Async;
use async_net::TcpStream;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

impl FuturesIo for Smol {
    const CLOCK: Option<Clock> = Some(clock);

    async fn prepare(auth: Auth, command: Command) -> Result<Auth, Error> {
        prepare_auth::<Self>(auth, command, None).await
    }
}

impl sealed::Sealed for Smol {}

impl AsyncIoFrontEnd for Smol {
    type Stream = TcpStream;

    type Shared = Arc<Async<std::net::TcpStream>>;

    fn share(stream: TcpStream) -> Self::Shared {
        stream.into()
    }

    fn poll_io(shared: &Self::Shared, cx: &mut Context<'_>, io: ControlIo<'_>) -> Poll<io::Result<usize>> {
        poll_io(&mut &**shared, cx, io)
    }

    fn ends(stream: &TcpStream) -> io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }

    fn adopt(socket: Async<std::net::TcpStream>) -> io::Result<TcpStream> {
        Ok(socket.into())
    }
}
