//! The front end for [`tokio`](https://tokio.rs).
//!
//! ```no_run
//! use anysocks::tokio::Socks5Stream;
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80").await?;
//! stream.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n").await?;
//! # let mut page = String::new();
//! stream.read_to_string(&mut page).await?;
//! # Ok(()) }
//! ```
//!
//! Connecting needs a runtime with I/O and time switched on; without one, tokio panics, as it does for its own sockets.

mod io;
#[cfg(feature = "quinn")]
pub(crate) mod peers;
#[cfg(not(feature = "quinn"))]
#[path = "no_peers.rs"]
mod peers;
mod udp;

use crate::error::{Error, ErrorKind};
use crate::protocol::address::Address;
use crate::protocol::any_version::AnyVersion;
use crate::protocol::conversation::Conversation;
use crate::protocol::driver::{Transport, poll_converse};
use crate::protocol::target::Target;
use crate::protocol::version::{V4, V5, Version, begin_bind, begin_connect};
use crate::proxy::SocketOptions;
use crate::reactor::{self, Converses, Hook, Reactor, functions, within};
use crate::route::connector;
use crate::route::listener::SocksListener;
use crate::route::wrap::{Plain, Wrapped};
use crate::runtime::dial::Failures;
use crate::runtime::{Deadline, Ends, Runtime};
use crate::stream::SocksStream;
use crate::stream::handshake::Handshake;
use crate::udp::SocksUdpSocket;
use ::tokio::io::{AsyncRead, AsyncWrite};
use ::tokio::net::TcpStream;
use ::tokio::time;
use socket2::{SockAddr, SockRef};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Tokio, as the front end of a [`SocksStream`].
#[derive(Clone, Copy, Debug)]
pub struct Tokio;

/// A stream through a SOCKS5 proxy.
pub type Socks5Stream<S = TcpStream> = SocksStream<S, V5, Tokio>;

/// A stream through a SOCKS4 or SOCKS4a proxy.
pub type Socks4Stream<S = TcpStream> = SocksStream<S, V4, Tokio>;

/// A stream through a proxy of whatever version.
pub type AnyStream<S = TcpStream> = SocksStream<S, AnyVersion, Tokio>;

/// A proxy of whatever version that listens for a peer.
pub type AnyListener<S = TcpStream> = SocksListener<S, AnyVersion, Tokio>;

/// What reaches targets through a proxy, a chain of them, or none.
pub type Connector<W = Plain> = connector::Connector<Tokio, W>;

/// A [`Connector`] that [wraps](Connector::wrapped) the streams that it dials.
pub type WrappedConnector<S> = Connector<Wrapped<Hook<TcpStream, S>>>;

/// A UDP socket whose datagrams go by way of a SOCKS5 proxy.
pub type Socks5UdpSocket = SocksUdpSocket<Tokio>;

/// A SOCKS5 proxy that listens for a peer.
pub type Socks5Listener<S = TcpStream> = SocksListener<S, V5, Tokio>;

/// A SOCKS4 proxy that listens for a peer.
pub type Socks4Listener<S = TcpStream> = SocksListener<S, V4, Tokio>;

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version> SocksStream<S, V, Tokio> {
    #[doc = include_str!("../docs/handshake.md")]
    pub fn handshake<'a>(
        stream: S,
        auth: &'a V::Auth,
        target: impl TryInto<Target<'a>, Error: Into<Error>>,
    ) -> impl Future<Output = Result<Self, Error>> {
        let mut handshake = Handshake::new(stream, begin_connect::<V>(auth, target));
        poll_fn(move |cx| {
            handshake.poll(|stream, conversation| poll_converse(cx, &mut Polled(stream), conversation))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version> SocksListener<S, V, Tokio> {
    #[doc = include_str!("../docs/bind_handshake.md")]
    pub async fn handshake<'a>(
        mut stream: S,
        auth: &'a V::Auth,
        expected_peer: impl TryInto<Target<'a>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        let mut conversation = begin_bind::<V>(auth, expected_peer)?;
        let first = converse(&mut stream, &mut conversation).await?;
        Ok(Self::new(stream, first, None))
    }

    #[doc = include_str!("../docs/accept.md")]
    ///
    /// Cancel-safe: what came of the second reply is kept in the listener.
    pub async fn accept(&mut self) -> Result<(SocksStream<S, V, Tokio>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let reply = request.watch(converse(stream, second)).await;
        self.accepted(reply)
    }

    #[doc = include_str!("../docs/accept_within.md")]
    pub async fn accept_within(
        &mut self,
        limit: Duration,
    ) -> Result<(SocksStream<S, V, Tokio>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let reply = request.watch(reactor::within_limit::<Tokio, _>(limit, converse(stream, second))).await;
        self.accepted(reply)
    }
}

functions!(Tokio, TcpStream);

#[doc = include_str!("../docs/converse.md")]
pub async fn converse<S, C>(stream: &mut S, conversation: &mut C) -> Result<C::Outcome, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    poll_fn(|cx| poll_converse(cx, &mut Polled(stream), conversation)).await
}

/// A stream with tokio's traits.
struct Polled<'s, S>(&'s mut S);

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for Polled<'_, S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<std::io::Result<usize>> {
        io::poll_read(self.0, cx, buf)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, bytes)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }
}

impl Runtime for Tokio {
    type Stream = TcpStream;

    /// A test may have paused or advanced it.
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
            None => Err(Error::new(conversation.stage(), ErrorKind::TimedOut)),
        }
    }

    fn ends(stream: &TcpStream) -> std::io::Result<Ends> {
        Ok(Ends { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Converses<S> for Tokio {
    async fn converse_over<C: Conversation + Send + Sync>(
        stream: &mut S,
        conversation: &mut C,
    ) -> Result<C::Outcome, Error> {
        converse(stream, conversation).await
    }

    fn poll_read(stream: &mut S, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<std::io::Result<usize>> {
        io::poll_read(stream, cx, buf)
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

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_os = "linux")]
    use crate::reactor::left;
    use crate::runtime::hanging;
    use crate::runtime::racing::races;
    use std::sync::mpsc::channel;
    use std::thread;

    /// Time that none of these tests takes.
    const PATIENCE: Duration = Duration::from_secs(20);

    async fn advance(by: Duration) {
        time::pause();
        time::advance(by).await;
        time::resume();
    }

    fn races_on_a_clock_ahead_by<const SECONDS: u64>() {
        races(|addrs, options, deadline| {
            let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                advance(Duration::from_secs(SECONDS)).await;
                let deadline = deadline.map(|at| Tokio::now() + at.duration_since(Instant::now()));
                match reactor::race::<Tokio>(&addrs, options, deadline).await {
                    Ok(socket) => Ok(socket.peer_addr().unwrap()),
                    Err(failures) => Err(failures.into_attempts()),
                }
            })
        });
    }

    #[test]
    fn races_as_rfc_8305_says() {
        races_on_a_clock_ahead_by::<0>();
    }

    #[test]
    fn races_by_the_clock_of_the_runtime() {
        races_on_a_clock_ahead_by::<60>();
    }

    #[test]
    fn lookups_that_hang_are_bounded() {
        let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(hanging::thousand::<Tokio>(hanging::lookups(), Duration::from_millis(100)));
    }

    #[test]
    fn lookups_that_hang_hold_up_nothing_of_the_runtime() {
        let lookups = hanging::lookups();
        let mut builder = ::tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
        for n in 0..100 {
            runtime.spawn(async move { lookups.addresses::<Tokio>(&format!("{n}.test"), 80, None).await });
        }
        runtime.block_on(async {
            let are_many = async {
                while !lookups.are_many() {
                    time::sleep(Duration::from_millis(1)).await;
                }
            };
            time::timeout(PATIENCE, are_many).await.unwrap();
            let work = ::tokio::task::spawn_blocking(|| "done");
            assert_eq!(time::timeout(PATIENCE, work).await.unwrap().unwrap(), "done");
        });
        let (report, dropped) = channel();
        thread::spawn(move || {
            drop(runtime);
            report.send(()).unwrap();
        });
        dropped.recv_timeout(PATIENCE).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn datagrams_that_are_left_before_a_task_waits() {
        let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(left::before_a_task_waits::<Tokio>());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn datagrams_that_are_left_after_many_were_dropped() {
        let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(left::after_many_were_dropped::<Tokio>());
    }
}
