//! async-std's stream over async-io, which has the sockets and timers.

use super::AsyncStd;
use crate::error::Error;
use crate::futures::{FuturesIo, sealed};
use crate::protocol::command::Command;
use crate::protocol::pause::Clock;
use crate::protocol::socks5::Auth;
use crate::reactor::async_io::{AsyncIoFrontEnd, clock, poll_io};
use crate::route::prepare::prepare_auth;
use crate::runtime::{ControlIo, Ends};
use async_io::Async;
use async_std::net::TcpStream;
use std::io;
use std::task::{Context, Poll};

impl FuturesIo for AsyncStd {
    const CLOCK: Option<Clock> = Some(clock);

    async fn prepare(auth: Auth, command: Command) -> Result<Auth, Error> {
        prepare_auth::<Self>(auth, command, None).await
    }
}

impl sealed::Sealed for AsyncStd {}

impl AsyncIoFrontEnd for AsyncStd {
    type Stream = TcpStream;

    type Shared = TcpStream;

    fn share(stream: TcpStream) -> TcpStream {
        stream
    }

    fn poll_io(mut shared: &TcpStream, cx: &mut Context<'_>, io: ControlIo<'_>) -> Poll<io::Result<usize>> {
        poll_io(&mut shared, cx, io)
    }

    fn ends(stream: &TcpStream) -> io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }

    fn adopt(socket: Async<std::net::TcpStream>) -> io::Result<TcpStream> {
        socket.into_inner().map(TcpStream::from)
    }
}
