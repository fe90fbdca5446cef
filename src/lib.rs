//! *Any SOCKS, any runtime, any stream*: a client for SOCKS4, SOCKS4a and SOCKS5 proxies.
//!
//! anysocks connects to targets through a proxy (CONNECT), accepts connections on a proxy (BIND),
//! and sends datagrams through a proxy (UDP ASSOCIATE). It has front ends for tokio, smol,
//! async-std, any stream of futures-io, and blocking std, with the same names in each.
//!
//! # Install
//!
//! ```sh
//! cargo add anysocks                          # tokio; also: cargo add tokio --features full
//! cargo add anysocks --features smol          # more front ends: see "Features"
//! cargo add anysocks --no-default-features    # blocking std only
//! ```
//!
//! # The shortest program
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use anysocks::tokio::Socks5Stream;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80").await?;
//!     stream.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n").await?;
//!     let mut page = Vec::new();
//!     stream.read_to_end(&mut page).await?;
//!     println!("{}", String::from_utf8_lossy(&page));
//!     Ok(())
//! }
//! ```
//!
//! The call dials the proxy and completes the handshake, within 30 seconds by default
//! ([`Proxy::timeout`]).
//!
//! # Front ends
//!
//! | module | feature | call | inner stream |
//! |---|---|---|---|
//! | [`tokio`] | [`tokio` (default)](#features) | [`tokio::Socks5Stream::connect(proxy, target).await?`] | [`tokio::net::TcpStream`] |
//! | [`smol`] | [`smol`](#features) | [`smol::Socks5Stream::connect(proxy, target).await?`] | [`smol::net::TcpStream`] |
//! | [`async_std`] | [`async-std`](#features) | [`async_std::Socks5Stream::connect(proxy, target).await?`] | [`async_std::net::TcpStream`] |
//! | [`blocking`] | none | [`blocking::Socks5Stream::connect(proxy, target)?`] | [`std::net::TcpStream`] |
//! | [`futures`] | [`futures-io`](#features) | [`futures::Socks5Stream::handshake(stream, &auth, target).await?`] | any stream of [futures-io] |
//!
//! # Which type do I need?
//!
//! | to | use |
//! |---|---|
//! | connect to a target through a proxy | [`Socks5Stream::connect`], or the same of [`Socks4Stream`] |
//! | connect over a stream that already leads to the proxy, such as TLS | [`Socks5Stream::handshake`] |
//! | accept a connection from a peer, on the proxy (BIND) | [`Socks5Listener`], [`Socks4Listener`] |
//! | send and receive datagrams (UDP ASSOCIATE) | [`Socks5UdpSocket`]; [`udp`] has their format and options |
//! | use a chain of proxies, the environment's proxy, a rule, or TLS to the proxy | [`Connector`], whose streams are [`AnyStream`]s |
//! | give a proxy URL to a library that takes no stream | [`Forwarder`] |
//! | use a proxy from hyper or tonic | [`Connector`], which implements the traits of [`hyper`] |
//! | use QUIC | [`quinn::endpoint`] |
//! | resolve a name through Tor | [`resolve`] |
//! | check that a proxy can be reached and accepts the client | [`check`], [`Connector::check`] |
//! | find out what a proxy can do | [`Probe`] |
//! | connect to the proxy only, or drive the protocol yourself | [`dial`], [`converse`], [`protocol`] |
//! | authenticate by GSS-API, such as Kerberos | [`Proxy::gssapi`], [`gssapi`] |
//! | authenticate by SOCKS5a, or obfuscate the traffic to the proxy | [`socks5a`] |
//! | make several requests on one connection to a proxy of SOCKS5a | [`SocksClient`] |
//! | authenticate by a custom METHOD | [`Auth::prepared_method`], [Writing a METHOD](protocol::Method#writing-a-method) |
//!
//! These names link to the tokio front end. The other front ends have the same names.
//!
//! A [`Proxy`] is where the proxy is, its version, authentication, timeout and options. A
//! [`Target`] is a name or an IP address, with a port. An [`Error`] has the [`Stage`] that failed
//! and the [`ErrorKind`], which includes the proxy's own [`Reply`] code.
//!
//! # Recipes
//!
//! **A proxy as a value**, from code or from a URL:
//!
//! ```
//! use anysocks::Proxy;
//! use std::time::Duration;
//!
//! let proxy = Proxy::socks5("proxy.example:1080")?
//!     .password("user", "p@ss")?
//!     .timeout(Duration::from_secs(10));
//! let proxy: Proxy = "socks5h://user:p%40ss@proxy.example:1080".parse()?;
//! let proxy: Proxy = "socks5h+unix:///run/tor/socks".parse()?;
//! # Ok::<(), anysocks::Error>(())
//! ```
//!
//! **Tor** resolves names, those of onion services included. [`Proxy::isolated`] separates
//! circuits. [`Socks5Stream::connect_with_early_data`] saves a round trip.
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use anysocks::{Proxy, tokio::{Socks5Stream, resolve}};
//!
//! # async fn example() -> Result<(), anysocks::Error> {
//! let tor = Proxy::socks5("127.0.0.1:9050")?.isolated("session 1")?;
//! let onion = Socks5Stream::connect(&tor, "example.onion:80").await?;
//! let ip = resolve(&tor, "example.com").await?;
//! let request = b"GET / HTTP/1.0\r\n\r\n";
//! let stream = Socks5Stream::connect_with_early_data(&tor, "example.com:80", request).await?;
//! # Ok(()) }
//! ```
//!
//! **`ssh -D 1080 user@host`** is a SOCKS5 proxy on port 1080. That host resolves the names.
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! # use anysocks::tokio::Socks5Stream;
//! # async fn example() -> Result<(), anysocks::Error> {
//! let stream = Socks5Stream::connect("socks5h://127.0.0.1:1080", "intranet.example:80").await?;
//! # Ok(()) }
//! ```
//!
//! **A company's proxy**, such as Dante, often requires a password ([`Proxy::password`]):
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! # use anysocks::{Proxy, tokio::Socks5Stream};
//! # async fn example() -> Result<(), anysocks::Error> {
//! let proxy = Proxy::socks5("proxy.example:1080")?.password("user", "secret")?;
//! let stream = Socks5Stream::connect(&proxy, "example.com:443").await?;
//! # Ok(()) }
//! ```
//!
//! **A chain, the environment, or a rule** is a [`Connector`]. [`Chain`] and [`NoProxy`] have the
//! details.
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use anysocks::{Chain, Error, tokio::Connector};
//!
//! # async fn example() -> Result<(), Error> {
//! let chain: Chain = "socks5h://127.0.0.1:1080, socks4a://inner.example:1080".parse()?;
//! let chained = Connector::new(chain);
//! let from_env = Connector::from_env()?; // ALL_PROXY, https_proxy, NO_PROXY, ...
//! let by_rule = Connector::by_rule(|target| -> Result<Option<Chain>, Error> {
//!     match target.domain() {
//!         Some(name) if name.ends_with(".onion") => Ok(Some("socks5h://127.0.0.1:9050".parse()?)),
//!         _ => Ok(None), // a direct connection
//!     }
//! });
//! let stream = by_rule.connect("example.com:443").await?;
//! # Ok(()) }
//! ```
//!
//! **Several proxies**, of which any may carry a connection, are [`Upstreams`], for
//! [`Connector::any_of`].
//!
//! **A proxy behind TLS** (`socks5h+tls://`) is a [`Connector`] with [`Connector::wrapped`].
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! # use anysocks::{Proxy, tokio::Connector};
//! # use tokio::net::TcpStream;
//! # async fn tls(stream: TcpStream) -> std::io::Result<TcpStream> { Ok(stream) }
//! # async fn example() -> Result<(), anysocks::Error> {
//! let proxy: Proxy = "socks5h+tls://proxy.example:1080".parse()?;
//! // `tls` is an async function that completes the TLS handshake, with tokio-rustls for example.
//! let connector = Connector::new(proxy).wrapped(|stream, _proxy| tls(stream));
//! let stream = connector.connect("example.com:443").await?;
//! # Ok(()) }
//! ```
//!
//! **reqwest** takes the URL of a proxy. A [`Forwarder`] is a local SOCKS5 proxy in front of a
//! [`Connector`].
//!
#![cfg_attr(feature = "forward", doc = "```no_run")]
#![cfg_attr(not(feature = "forward"), doc = "```ignore")]
//! use anysocks::{Chain, forward::Forwarder, tokio::Connector};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let chain: Chain = "socks5h://127.0.0.1:1080, socks4a://inner.example:1080".parse()?;
//! // The forwarder runs until it is dropped.
//! let forwarder = Forwarder::start(Connector::new(chain)).await?;
//! let url = forwarder.url(); // for reqwest::Proxy::all(url)
//! # Ok(()) }
//! ```
//!
//! **ureq** and other blocking clients that dial the proxy themselves need only the handshake:
//!
//! ```no_run
//! use anysocks::{Auth, blocking::Socks5Stream};
//! use std::net::TcpStream;
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let dialled = TcpStream::connect("127.0.0.1:1080")?;
//! let stream = Socks5Stream::handshake(dialled, &Auth::none(), "example.com:443")?;
//! # Ok(()) }
//! ```
//!
//! **hyper**, hyper-rustls, hyper-tls and tonic take a [`Connector`], with the feature [`hyper`]:
//!
#![cfg_attr(feature = "hyper", doc = "```no_run")]
#![cfg_attr(not(feature = "hyper"), doc = "```ignore")]
//! use anysocks::{Proxy, tokio::Connector};
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//!
//! # fn example() -> Result<(), anysocks::Error> {
//! let proxy: Proxy = "socks5h://127.0.0.1:1080".parse()?;
//! let client: Client<Connector, String> =
//!     Client::builder(TokioExecutor::new()).build(Connector::new(proxy));
//! # Ok(()) }
//! ```
//!
//! **tokio-rustls** (TLS to the target), tungstenite, tokio-postgres, redis, russh, suppaftp,
//! lettre and others take a stream:
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! # use anysocks::tokio::Socks5Stream;
//! # async fn example() -> Result<(), anysocks::Error> {
//! let stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80").await?;
//! // tokio_tungstenite::client_async("ws://example.com/", stream).await?
//! // tokio_rustls::TlsConnector::from(config).connect(server_name, stream).await?
//! # Ok(()) }
//! ```
//!
//! **QUIC and HTTP/3** use UDP ASSOCIATE, with [`quinn::endpoint`]:
//!
#![cfg_attr(feature = "quinn", doc = "```no_run")]
#![cfg_attr(not(feature = "quinn"), doc = "```ignore")]
//! # async fn example(config: quinn::ClientConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let mut endpoint = anysocks::quinn::endpoint("socks5h://127.0.0.1:1080").await?;
//! endpoint.set_default_client_config(config);
//! let connection = endpoint.connect("192.0.2.7:443".parse()?, "example.com")?.await?;
//! # Ok(()) }
//! ```
//!
//! **FTP** in passive mode uses two streams. In active mode the server connects back (BIND):
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use anysocks::tokio::Socks5Listener;
//!
//! # async fn example() -> Result<(), anysocks::Error> {
//! let mut listener = Socks5Listener::bind("127.0.0.1:1080", "198.51.100.7:0").await?;
//! println!("send to the server: {}", listener.bound_addr()); // as PORT or EPRT
//! let (stream, server) = listener.accept().await?;
//! # Ok(()) }
//! ```
//!
//! **Datagrams**, of DNS for example:
//!
#![cfg_attr(feature = "tokio", doc = "```no_run")]
#![cfg_attr(not(feature = "tokio"), doc = "```ignore")]
//! use anysocks::tokio::Socks5UdpSocket;
//!
//! # async fn example(query: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let socket = Socks5UdpSocket::associate("127.0.0.1:1080").await?;
//! socket.send_to(query, "dns.example:53").await?;
//! let mut buf = [0; 1500];
//! let (n, source) = socket.recv_from(&mut buf).await?;
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! | feature | default | enables |
//! |---|---|---|
//! | `tokio` | yes | [`tokio`] |
//! | `smol` | | [`smol`] |
//! | `async-std` | | [`async_std`]. async-std is discontinued; prefer [`smol`]. |
//! | `futures-io` | | [`futures`] |
//! | `forward` | | [`forward`]: a local SOCKS5 proxy for clients that take only a proxy's URL |
//! | `hyper` | | [`hyper`]: a [`Connector`] is a [`tower_service::Service<Uri>`] |
//! | `quinn` | | [`quinn`]: QUIC through UDP ASSOCIATE, with the cryptography of [`ring`]; needs a C compiler |
//! | `probe` | | [`probe`]: what a proxy can do, as values and as a table |
//! | `gssapi` | | `kerberos::Kerberos` of [`gssapi`], by the system's library, which is loaded at run time |
//! | `socks5a` | | [`socks5a`]: METHODs of an experimental extension of SOCKS5. The variants of it in [`Host`], [`ErrorKind`] and `Command` exist in all builds |
//! | `tracing` | | a span for each connection, an event for each message and each failure; sizes, never contents |
//!
//! Features add items and change none, so all of them can be enabled together. [`blocking`] needs
//! no feature.
//!
//! The minimum supported Rust version is 1.85. The crate contains no unsafe code.
//!
//! # Platforms
//!
//! The crate supports Unix and Windows. Proxies behind a Unix-domain socket require Unix, and
//! segmentation offload of datagrams requires Linux.
//!
//! It compiles for targets without sockets, such as WebAssembly, with `default-features = false`
//! and the feature `futures-io` if wanted. They have [`protocol`], [`futures`], [`gssapi`],
//! [`Proxy`], [`NoProxy`], and the datagram format of [`udp`]. They lack [`blocking`] and
//! [`probe`], `kerberos`, [`Connector`], [`Chain`], [`Upstreams`], [`SocksClient`], the sockets of
//! [`udp`], and [`Proxy::socket`].
//!
//! `wasm32-unknown-unknown` also lacks [`Proxy::isolated_randomly`] and [`socks5a`], because it has
//! no source of random bytes. Its `Instant::now` panics, so [`udp::Reassembler`] is of no use
//! there, and spans of `tracing` have no duration.
//!
//! # Guarantees
//!
//! - **No bytes are lost.** A handshake reads nothing beyond the proxy's reply, and
//!   [`into_inner`](SocksStream::into_inner) returns the stream with the target's first byte next.
//! - **Nothing is sent in plain by mistake.** If a METHOD has negotiated an encapsulation,
//!   `into_inner` fails and returns the stream.
//! - **Names go where the caller sends them.** The proxy resolves a name, or this machine does if
//!   that was requested ([`Resolve`]). This machine never looks up an `.onion` name (RFC 7686).
//! - **Work is bounded.** No message of a proxy causes a panic, an unbounded allocation, or a
//!   wait beyond the deadline. Lookups on this machine and preparations of METHODs use at most 32
//!   threads of the process.
//! - **Secrets stay secret.** Passwords are wiped when they are dropped. No error, [`Debug`] output
//!   or trace contains them.
//!
//! # Without I/O
//!
//! A handshake is a [`Conversation`](protocol::Conversation). It returns the bytes to write and
//! the number of bytes to read, and does no I/O. [`protocol`] shows how to write a driver, for
//! mio or `io_uring` for example. [`protocol::Method`] shows how to write a METHOD.
//!
//! [`tokio::net::TcpStream`]: https://docs.rs/tokio/latest/tokio/net/struct.TcpStream.html
//! [`smol::net::TcpStream`]: https://docs.rs/smol/latest/smol/net/struct.TcpStream.html
//! [`async_std::net::TcpStream`]: https://docs.rs/async-std/latest/async_std/net/struct.TcpStream.html
//! [futures-io]: https://docs.rs/futures-io
//! [`tower_service::Service<Uri>`]: https://docs.rs/tower-service/latest/tower_service/trait.Service.html
//! [`ring`]: https://docs.rs/ring
//! [`blocking::Socks5Stream::connect(proxy, target)?`]: crate::blocking::Socks5Stream::connect
#![cfg_attr(feature = "tokio", doc = include_str!("docs/links/tokio.md"))]
#![cfg_attr(not(feature = "tokio"), doc = include_str!("docs/links/no_tokio.md"))]
#![cfg_attr(feature = "smol", doc = include_str!("docs/links/smol.md"))]
#![cfg_attr(not(feature = "smol"), doc = include_str!("docs/links/no_smol.md"))]
#![cfg_attr(feature = "async-std", doc = include_str!("docs/links/async_std.md"))]
#![cfg_attr(not(feature = "async-std"), doc = include_str!("docs/links/no_async_std.md"))]
#![cfg_attr(feature = "futures-io", doc = include_str!("docs/links/futures.md"))]
#![cfg_attr(not(feature = "futures-io"), doc = include_str!("docs/links/no_futures.md"))]
#![cfg_attr(feature = "forward", doc = include_str!("docs/links/forward.md"))]
#![cfg_attr(not(feature = "forward"), doc = include_str!("docs/links/no_forward.md"))]
#![cfg_attr(feature = "hyper", doc = include_str!("docs/links/hyper.md"))]
#![cfg_attr(not(feature = "hyper"), doc = include_str!("docs/links/no_hyper.md"))]
#![cfg_attr(feature = "quinn", doc = include_str!("docs/links/quinn.md"))]
#![cfg_attr(not(feature = "quinn"), doc = include_str!("docs/links/no_quinn.md"))]
#![cfg_attr(feature = "probe", doc = include_str!("docs/links/probe.md"))]
#![cfg_attr(not(feature = "probe"), doc = include_str!("docs/links/no_probe.md"))]
#![cfg_attr(feature = "socks5a", doc = include_str!("docs/links/socks5a.md"))]
#![cfg_attr(not(feature = "socks5a"), doc = include_str!("docs/links/no_socks5a.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(any(unix, windows)),
    allow(dead_code, unreachable_pub, unused_imports, reason = "the code for sockets uses them")
)]
// For the crate only: tests and examples may panic.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod error;
pub mod gssapi;
pub mod protocol;
mod proxy;
mod stream;

#[cfg(any(unix, windows))]
pub mod blocking;
#[cfg(any(unix, windows))]
mod route;
#[cfg(any(unix, windows))]
mod runtime;
#[cfg(any(unix, windows))]
pub mod udp;

// On targets without sockets.
#[cfg(not(any(unix, windows)))]
#[path = "route/no_sockets.rs"]
mod route;
#[cfg(not(any(unix, windows)))]
#[path = "udp/without_io.rs"]
pub mod udp;

#[cfg(feature = "async-std")]
pub mod async_std;
#[cfg(feature = "forward")]
pub mod forward;
#[cfg(feature = "futures-io")]
pub mod futures;
#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(all(feature = "probe", any(unix, windows)))]
pub mod probe;
#[cfg(feature = "quinn")]
pub mod quinn;
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
mod reactor;
#[cfg(feature = "smol")]
pub mod smol;
#[cfg(all(feature = "socks5a", not(all(target_family = "wasm", target_os = "unknown"))))]
pub mod socks5a;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "trace/off.rs"]
mod trace;

pub use error::invalid::Invalid;
pub use error::{Attempt, Error, ErrorKind, RefusalDetails, Stage};
pub use protocol::address::{Address, Name};
pub use protocol::any_version::AnyVersion;
pub use protocol::reply::Reply;
pub use protocol::socks_protocol::SocksProtocol;
pub use protocol::socks4::UserId;
pub use protocol::socks5::{Auth, Credentials};
pub use protocol::target::{Domain, Host, IntoTarget, PoolId, Target, TargetUrl, UnixName};
pub use protocol::version::{V4, V5, Version};
pub use proxy::into_proxy::IntoProxy;
pub use proxy::{Endpoint, Family, Proxy, Resolve, Resolver, Resolving};
pub use route::NoProxy;
#[cfg(any(unix, windows))]
pub use route::client::SocksClient;
#[cfg(any(unix, windows))]
pub use route::connector::Connector;
pub use route::listener::SocksListener;
#[cfg(any(unix, windows))]
pub use route::wrap::{Plain, Wrapped};
#[cfg(any(unix, windows))]
pub use route::{Chain, Choice, Health, Upstreams};
#[cfg(any(unix, windows))]
pub use socket2;
pub use stream::SocksStream;
pub use stream::encapsulated::Encapsulated;
pub use stream::split::Split;
