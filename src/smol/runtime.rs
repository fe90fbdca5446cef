//! Smol's stream over async-io, which has the sockets and timers.

use super::Smol;
use crate::futures::{FuturesIo, sealed};
use crate::reactor::async_io::AsyncIoFrontEnd;
use crate::runtime::Ends;
use async_io::Async;
use async_net::TcpStream;
use futures_io::AsyncRead;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

impl FuturesIo for Smol {}
impl sealed::Sealed for Smol {}

impl AsyncIoFrontEnd for Smol {
    type Stream = TcpStream;

    type Shared = Arc<Async<std::net::TcpStream>>;

    fn share(stream: TcpStream) -> Self::Shared {
        stream.into()
    }

    fn poll_read(shared: &Self::Shared, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &**shared).poll_read(cx, buf)
    }

    fn ends(stream: &TcpStream) -> io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }

    fn adopt(socket: Async<std::net::TcpStream>) -> io::Result<TcpStream> {
        Ok(socket.into())
    }
}
