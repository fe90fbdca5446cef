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
//!
//! After the handshake, reads and writes have no timeout. The inner stream sets one:
//! `stream.get_ref().set_read_timeout(..)`.

pub(crate) mod block_on;
mod call_limit;
mod client;
mod connector;
mod control;
mod dialled;
mod handshake;
mod io;
#[cfg(target_os = "linux")]
mod notify;
#[cfg(not(target_os = "linux"))]
#[path = "no_notify.rs"]
mod notify;
mod one_proxy;
mod race;
mod runtime;
mod timeout;
mod udp;
pub(crate) mod wait;
pub(crate) mod watchdog;
mod wrap;

#[cfg(test)]
pub(crate) use block_on::block_on;
pub(crate) use dialled::Dialled;
pub use handshake::converse;
pub use one_proxy::{check, dial, resolve, resolve_ptr};

use crate::protocol::any_version::AnyVersion;
use crate::protocol::version::{V4, V5};
use crate::route::listener::SocksListener;
use crate::route::wrap::{Plain, Wrapped};
use crate::stream::SocksStream;
use crate::udp::SocksUdpSocket;
use std::net::TcpStream;

/// Identifies the blocking front end in the types of this crate, such as [`Socks5Stream`].
#[derive(Clone, Copy, Debug)]
pub struct Blocking;

/// A stream to a target through a SOCKS5 proxy.
///
/// ```no_run
/// use anysocks::blocking::Socks5Stream;
///
/// # fn example() -> Result<(), anysocks::Error> {
/// let stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:443")?;
/// println!("the proxy's address is {}", stream.bound_addr());
/// # Ok(()) }
/// ```
///
/// [`connect`](crate::SocksStream::connect) dials the proxy.
/// [`handshake`](crate::SocksStream::handshake) uses a stream that is already connected.
///
/// In the headings below, `S` is the inner stream, `V` is [`V5`], and `F` is [`Blocking`].
pub type Socks5Stream<S = TcpStream> = SocksStream<S, V5, Blocking>;

/// A stream to a target through a SOCKS4 or SOCKS4a proxy.
///
/// A target that is a name is sent as SOCKS4a sends it, unless this machine resolves it
/// ([`Resolve`](crate::Resolve)).
///
/// ```no_run
/// use anysocks::blocking::Socks4Stream;
///
/// # fn example() -> Result<(), anysocks::Error> {
/// let stream = Socks4Stream::connect("127.0.0.1:1080", "example.com:443")?;
/// println!("the proxy's address is {}", stream.bound_addr());
/// # Ok(()) }
/// ```
///
/// In the headings below, `S` is the inner stream, `V` is [`V4`], and `F` is [`Blocking`].
pub type Socks4Stream<S = TcpStream> = SocksStream<S, V4, Blocking>;

/// A stream to a target, for any version of SOCKS. It is the stream of a [`Connector`].
///
/// ```no_run
/// use anysocks::blocking::{AnyStream, Connector};
///
/// # fn example() -> Result<(), anysocks::Error> {
/// let connector = Connector::from_env()?;
/// let stream: AnyStream = connector.connect("example.com:443")?;
/// # Ok(()) }
/// ```
///
/// In the headings below, `S` is the inner stream, `V` is [`AnyVersion`], and `F` is
/// [`Blocking`].
pub type AnyStream<S = TcpStream> = SocksStream<S, AnyVersion, Blocking>;

/// A SOCKS5 proxy that listens for one connection from a peer (BIND).
///
/// ```no_run
/// use anysocks::blocking::Socks5Listener;
///
/// # fn example() -> Result<(), anysocks::Error> {
/// let mut listener = Socks5Listener::bind("127.0.0.1:1080", "198.51.100.7:0")?;
/// println!("the peer has to connect to {}", listener.bound_addr());
/// let (stream, peer) = listener.accept()?;
/// # Ok(()) }
/// ```
///
/// In the headings below, `S` is the inner stream, `V` is [`V5`], and `F` is [`Blocking`].
pub type Socks5Listener<S = TcpStream> = SocksListener<S, V5, Blocking>;

/// A SOCKS4 proxy that listens for one connection from a peer (BIND).
///
/// ```no_run
/// use anysocks::blocking::Socks4Listener;
///
/// # fn example() -> Result<(), anysocks::Error> {
/// let mut listener = Socks4Listener::bind("127.0.0.1:1080", "198.51.100.7:0")?;
/// println!("the peer has to connect to {}", listener.bound_addr());
/// let (stream, peer) = listener.accept()?;
/// # Ok(()) }
/// ```
///
/// In the headings below, `S` is the inner stream, `V` is [`V4`], and `F` is [`Blocking`].
pub type Socks4Listener<S = TcpStream> = SocksListener<S, V4, Blocking>;

/// A proxy of any version that listens for one connection, from a [`Connector`].
///
/// ```no_run
/// use anysocks::blocking::{AnyListener, Connector};
///
/// # fn example() -> Result<(), anysocks::Error> {
/// let connector = Connector::from_env()?;
/// let mut listener: AnyListener = connector.bind("198.51.100.7:0")?;
/// let (stream, peer) = listener.accept()?;
/// # Ok(()) }
/// ```
///
/// In the headings below, `S` is the inner stream, `V` is [`AnyVersion`], and `F` is
/// [`Blocking`].
pub type AnyListener<S = TcpStream> = SocksListener<S, AnyVersion, Blocking>;

/// Connects to targets through a proxy, a chain of proxies, or directly.
///
/// ```no_run
/// use anysocks::{Chain, blocking::Connector};
///
/// # fn example() -> Result<(), anysocks::Error> {
/// let chain: Chain = "socks5h://127.0.0.1:1080, socks4a://inner.example:1080".parse()?;
/// let connector = Connector::new(chain);
/// let stream = connector.connect("example.com:443")?;
/// # Ok(()) }
/// ```
///
/// It keeps no pool: each call opens a new connection.
///
/// In the headings below, `F` is [`Blocking`]. `W` is [`Plain`], or wraps dialled streams:
/// [`WrappedConnector`].
#[doc(alias("pool", "SocksV5", "SocksV4", "Matcher"))]
pub type Connector<W = Plain> = crate::Connector<Blocking, W>;

/// A [`Connector`] that [wraps](crate::Connector::wrapped) the streams that it dials.
///
/// ```no_run
/// use anysocks::{Proxy, blocking::{Connector, WrappedConnector}};
/// # use std::net::TcpStream;
/// # type TlsStream = TcpStream;
/// # fn tls(stream: TcpStream) -> std::io::Result<TlsStream> { Ok(stream) }
///
/// # fn example() -> Result<(), anysocks::Error> {
/// let proxy: Proxy = "socks5h+tls://proxy.example:1080".parse()?;
/// // `tls` completes the TLS handshake over the dialled stream.
/// let connector: WrappedConnector<TlsStream> =
///     Connector::new(proxy).wrapped(|stream, _proxy| tls(stream));
/// let stream = connector.connect("example.com:443")?;
/// # Ok(()) }
/// ```
///
/// In the headings below, `F` is [`Blocking`], and `W` is `Wrapped<..>`. `S` is the wrapping
/// stream, which the headings call `W::Stream`.
#[doc(alias("tls", "ssl"))]
pub type WrappedConnector<S> = Connector<Wrapped<wrap::Hook<S>>>;

/// A connection to a SOCKS5 proxy for several requests: those of SOCKS5a, and one CONNECT.
///
/// ```no_run
/// use anysocks::{Proxy, blocking::Socks5Client};
///
/// # fn example(proxy: &Proxy) -> Result<(), anysocks::Error> {
/// let mut client = Socks5Client::open(proxy)?;
/// println!("{}", client.resolve("db.example")?);
/// let id = client.pool_new("db.example:5432")?;
/// let stream = client.pool_get(&id)?;
/// # Ok(()) }
/// ```
///
/// In the headings below, `F` is [`Blocking`]. `W` is [`Plain`], or wraps dialled streams.
#[doc(alias("pool", "keepalive"))]
pub type Socks5Client<W = Plain> = crate::SocksClient<Blocking, W>;

/// A UDP socket that sends and receives through a SOCKS5 proxy (UDP ASSOCIATE).
///
/// ```no_run
/// use anysocks::blocking::Socks5UdpSocket;
/// use std::time::Duration;
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let socket = Socks5UdpSocket::associate("127.0.0.1:1080")?;
/// socket.set_read_timeout(Some(Duration::from_secs(5)))?;
/// socket.send_to(b"query", "dns.example:53")?;
/// let mut buf = [0; 1500];
/// let (n, source) = socket.recv_from(&mut buf)?;
/// println!("{n} bytes from {source}");
/// # Ok(()) }
/// ```
///
/// The calls return [`std::io::Error`]. For the kinds of this crate, its `get_ref` is an
/// [`Error`](crate::Error).
///
/// In the headings below, `F` is [`Blocking`].
#[doc(alias("associate", "SocksDatagram", "Socks5Datagram", "use_socket"))]
pub type Socks5UdpSocket = SocksUdpSocket<Blocking>;
