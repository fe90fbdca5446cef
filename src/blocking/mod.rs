//! The front end for the standard library's blocking streams.
//!
//! ```no_run
//! use anysocks::blocking::Socks5Stream;
//! use std::io::{Read, Write};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80")?;
//! stream.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n")?;
//! # let mut page = String::new();
//! stream.read_to_string(&mut page)?;
//! # Ok(()) }
//! ```

mod alarm;
#[cfg(target_os = "linux")]
mod bell;
#[cfg(not(target_os = "linux"))]
#[path = "no_bell.rs"]
mod bell;
mod connector;
mod control;
mod io;
mod park;
mod race;
mod timeout;
mod udp;
mod wait;
mod wrap;

use crate::error::{Error, Stage};
use crate::protocol::address::{Address, Name};
use crate::protocol::any_version::AnyVersion;
use crate::protocol::conversation::Conversation;
use crate::protocol::driver::{Transport, poll_converse};
use crate::protocol::target::{Host, Target};
use crate::protocol::version::{V4, V5, Version, begin_bind, begin_connect};
use crate::proxy::SocketOptions;
use crate::proxy::into_proxy::IntoProxy;
use crate::route::listener::SocksListener;
use crate::route::wrap::{Plain, Wrapped};
use crate::route::{self, lookup};
use crate::runtime::dial::Failures;
use crate::runtime::{self, Deadline, Ends, Runtime};
use crate::stream::SocksStream;
use crate::udp::SocksUdpSocket;
use socket2::SockAddr;
use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use wait::Punctual;

/// The standard library's blocking calls, as the front end of a [`SocksStream`].
#[derive(Clone, Copy, Debug)]
pub struct Blocking;

/// A stream through a SOCKS5 proxy.
pub type Socks5Stream<S = TcpStream> = SocksStream<S, V5, Blocking>;

/// A stream through a SOCKS4 or SOCKS4a proxy.
pub type Socks4Stream<S = TcpStream> = SocksStream<S, V4, Blocking>;

/// A stream through a proxy of whatever version.
pub type AnyStream<S = TcpStream> = SocksStream<S, AnyVersion, Blocking>;

/// A proxy of whatever version that listens for a peer.
pub type AnyListener<S = TcpStream> = SocksListener<S, AnyVersion, Blocking>;

/// What reaches targets through a proxy, a chain of them, or none.
pub type Connector<W = Plain> = crate::Connector<Blocking, W>;

/// A [`Connector`] that [wraps](Connector::wrapped) the streams that it dials.
pub type WrappedConnector<S> = Connector<Wrapped<wrap::Hook<S>>>;

/// A UDP socket whose datagrams go by way of a SOCKS5 proxy.
pub type Socks5UdpSocket = SocksUdpSocket<Blocking>;

/// A SOCKS5 proxy that listens for a peer.
pub type Socks5Listener<S = TcpStream> = SocksListener<S, V5, Blocking>;

/// A SOCKS4 proxy that listens for a peer.
pub type Socks4Listener<S = TcpStream> = SocksListener<S, V4, Blocking>;

impl<V: Version> SocksStream<TcpStream, V, Blocking> {
    #[doc = include_str!("../docs/connect.md")]
    pub fn connect<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        target: impl TryInto<Target<'b>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        at_once(route::connect::<Blocking, V>(proxy, target, &[]))
    }

    #[doc = include_str!("../docs/connect_with_early_data.md")]
    pub fn connect_with_early_data<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        target: impl TryInto<Target<'b>, Error: Into<Error>>,
        early_data: &[u8],
    ) -> Result<Self, Error> {
        at_once(route::connect::<Blocking, V>(proxy, target, early_data))
    }
}

impl<S: Read + Write, V: Version> SocksStream<S, V, Blocking> {
    #[doc = include_str!("../docs/handshake.md")]
    pub fn handshake<'a>(
        mut stream: S,
        auth: &'a V::Auth,
        target: impl TryInto<Target<'a>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        let mut conversation = begin_connect::<V>(auth, target)?;
        let established = converse(&mut stream, &mut conversation)?;
        Ok(Self::new(stream, established))
    }
}

impl<V: Version> SocksListener<TcpStream, V, Blocking> {
    #[doc = include_str!("../docs/bind.md")]
    pub fn bind<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        expected_peer: impl TryInto<Target<'b>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        at_once(route::bind::<Blocking, V>(proxy, expected_peer))
    }

    #[doc = include_str!("../docs/accept_within.md")]
    pub fn accept_within(
        &mut self,
        limit: Duration,
    ) -> Result<(SocksStream<TcpStream, V, Blocking>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let deadline = runtime::deadline::<Blocking>(limit);
        stream.set_nonblocking(true).map_err(|error| Error::io(Stage::SecondReply, error))?;
        let reply = request.watch_blocking(|| {
            converse(&mut Punctual::new(stream, deadline), second).map_err(wait::timed_out)
        });
        stream.set_nonblocking(false).map_err(|error| Error::io(Stage::SecondReply, error))?;
        self.accepted(reply)
    }
}

impl<S: Read + Write, V: Version> SocksListener<S, V, Blocking> {
    #[doc = include_str!("../docs/bind_handshake.md")]
    pub fn handshake<'a>(
        mut stream: S,
        auth: &'a V::Auth,
        expected_peer: impl TryInto<Target<'a>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        let mut conversation = begin_bind::<V>(auth, expected_peer)?;
        let first = converse(&mut stream, &mut conversation)?;
        Ok(Self::new(stream, first, None))
    }

    #[doc = include_str!("../docs/accept.md")]
    pub fn accept(&mut self) -> Result<(SocksStream<S, V, Blocking>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let reply = request.watch_blocking(|| converse(stream, second));
        self.accepted(reply)
    }
}

#[doc = include_str!("../docs/dial.md")]
pub fn dial<'a>(proxy: impl IntoProxy<'a>) -> Result<TcpStream, Error> {
    at_once(route::dial::<Blocking>(proxy))
}

#[doc = include_str!("../docs/resolve.md")]
pub fn resolve<'a, 'b>(
    proxy: impl IntoProxy<'a>,
    name: impl TryInto<Host<'b>, Error: Into<Error>>,
) -> Result<IpAddr, Error> {
    at_once(lookup::resolve::<Blocking>(proxy, name))
}

#[doc = include_str!("../docs/resolve_ptr.md")]
pub fn resolve_ptr<'a>(proxy: impl IntoProxy<'a>, ip: IpAddr) -> Result<Name, Error> {
    at_once(lookup::resolve_ptr::<Blocking>(proxy, ip))
}

#[doc = include_str!("../docs/converse.md")]
///
/// A [`WouldBlock`](std::io::ErrorKind::WouldBlock) of a non-blocking stream is such an I/O error: wait for the stream, and call again.
pub fn converse<S, C>(stream: &mut S, conversation: &mut C) -> Result<C::Outcome, Error>
where
    S: Read + Write,
    C: Conversation,
{
    at_once(poll_fn(|cx| poll_converse(cx, &mut Blocked(stream), conversation)))
}

/// A stream that blocks, and so is never pending.
struct Blocked<'s, S>(&'s mut S);

impl<S: Read + Write> Transport for Blocked<'_, S> {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(self.0.read(buf))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(self.0.write(bytes))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(self.0.flush())
    }
}

/// The output of a future that blocks instead of waiting, and so is ready when it is first polled.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

impl Runtime for Blocking {
    type Stream = TcpStream;

    fn now() -> Instant {
        Instant::now()
    }

    async fn within<T>(deadline: Deadline, work: impl Future<Output = T> + Send + Sync) -> Option<T> {
        park::within(deadline, work)
    }

    async fn race(
        addrs: Vec<SockAddr>,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<TcpStream, Failures> {
        race::race(&addrs, options, deadline)
    }

    async fn converse<C: Conversation + Send + Sync>(
        stream: &mut TcpStream,
        conversation: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        converse(&mut Punctual::new(stream, deadline), conversation).map_err(wait::timed_out)
    }

    fn ends(stream: &TcpStream) -> std::io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }

    /// Until then it is non-blocking, because a blocking write has no deadline.
    fn finish(stream: TcpStream) -> std::io::Result<TcpStream> {
        stream.set_nonblocking(false)?;
        Ok(stream)
    }
}
