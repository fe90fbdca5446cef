//! async-std's stream over async-io, which has the sockets and timers.

use super::AsyncStd;
use crate::futures::{FuturesIo, sealed};
use crate::reactor::async_io::AsyncIoFrontEnd;
use crate::runtime::Ends;
use async_io::Async;
use async_std::net::TcpStream;
use futures_io::AsyncRead;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

impl FuturesIo for AsyncStd {}
impl sealed::Sealed for AsyncStd {}

impl AsyncIoFrontEnd for AsyncStd {
    type Stream = TcpStream;

    type Shared = TcpStream;

    fn share(stream: TcpStream) -> TcpStream {
        stream
    }

    fn poll_read(mut shared: &TcpStream, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut shared).poll_read(cx, buf)
    }

    fn ends(stream: &TcpStream) -> io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }

    fn adopt(socket: Async<std::net::TcpStream>) -> io::Result<TcpStream> {
        socket.into_inner().map(TcpStream::from)
    }
}
