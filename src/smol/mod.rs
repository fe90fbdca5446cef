//! The front end for [smol](https://docs.rs/smol), whose `smol::net` is [async-net](::async_net).
//!
//! ```no_run
//! use anysocks::smol::Socks5Stream;
//! # use smol::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # smol::block_on(async {
//! let mut stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80").await?;
//! stream.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n").await?;
//! # let mut page = String::new();
//! stream.read_to_string(&mut page).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(()) });
//! ```

use crate::futures::{FuturesIo, sealed};
use crate::protocol::any_version::AnyVersion;
use crate::protocol::version::{V4, V5};
use crate::reactor::async_io::OverAsyncIo;
use crate::reactor::{Hook, functions};
use crate::route::connector;
use crate::route::listener::SocksListener;
use crate::route::wrap::{Plain, Wrapped};
use crate::runtime::Ends;
use crate::stream::SocksStream;
use crate::stream::split::Split;
use crate::udp::SocksUdpSocket;
use ::async_io::Async;
use ::async_net::TcpStream;
use futures_io::AsyncRead;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use crate::futures::converse;

/// Smol, as the front end of a [`SocksStream`].
#[derive(Clone, Copy, Debug)]
pub struct Smol;

impl FuturesIo for Smol {}
impl sealed::Sealed for Smol {}

/// A stream through a SOCKS5 proxy.
pub type Socks5Stream<S = TcpStream> = SocksStream<S, V5, Smol>;

/// A stream through a SOCKS4 or SOCKS4a proxy.
pub type Socks4Stream<S = TcpStream> = SocksStream<S, V4, Smol>;

/// A stream through a proxy of whatever version.
pub type AnyStream<S = TcpStream> = SocksStream<S, AnyVersion, Smol>;

/// A proxy of whatever version that listens for a peer.
pub type AnyListener<S = TcpStream> = SocksListener<S, AnyVersion, Smol>;

/// What reaches targets through a proxy, a chain of them, or none.
pub type Connector<W = Plain> = connector::Connector<Smol, W>;

/// A [`Connector`] that [wraps](Connector::wrapped) the streams that it dials.
pub type WrappedConnector<S> = Connector<Wrapped<Hook<TcpStream, S>>>;

/// A UDP socket whose datagrams go by way of a SOCKS5 proxy.
pub type Socks5UdpSocket = SocksUdpSocket<Smol>;

/// A SOCKS5 proxy that listens for a peer.
pub type Socks5Listener<S = TcpStream> = SocksListener<S, V5, Smol>;

/// A SOCKS4 proxy that listens for a peer.
pub type Socks4Listener<S = TcpStream> = SocksListener<S, V4, Smol>;

functions!(Smol, TcpStream);

impl OverAsyncIo for Smol {
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

impl Split for TcpStream {
    type Read = Self;
    type Write = Self;

    fn split(self) -> io::Result<(Self, Self)> {
        Ok((self.clone(), self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_os = "linux")]
    use crate::reactor::left;
    use crate::reactor::race;
    use crate::runtime::hanging;
    use crate::runtime::racing::races;
    use std::time::Duration;

    #[test]
    fn races_as_rfc_8305_says() {
        races(|addrs, options, deadline| {
            match ::async_io::block_on(race::<Smol>(&addrs, options, deadline)) {
                Ok(socket) => Ok(socket.peer_addr().unwrap()),
                Err(failures) => Err(failures.into_attempts()),
            }
        });
    }

    #[test]
    fn lookups_that_hang_are_bounded() {
        let thousand = hanging::thousand::<Smol>(hanging::lookups(), Duration::from_millis(100));
        ::async_io::block_on(thousand);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn datagrams_that_are_left_before_a_task_waits() {
        ::async_io::block_on(left::before_a_task_waits::<Smol>());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn datagrams_that_are_left_after_many_were_dropped() {
        ::async_io::block_on(left::after_many_were_dropped::<Smol>());
    }
}
