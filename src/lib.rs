//! *Any SOCKS, any runtime, any stream*: a client for SOCKS4, SOCKS4a and SOCKS5 proxies.
//!
//! ```no_run
//! use anysocks::blocking::Socks5Stream; // or tokio, smol, async_std: the names are the same in each
//! use std::io::Write;
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80")?;
//! stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
//! # Ok(()) }
//! ```
//!
//! # Front ends
//!
//! | module | its streams have the traits of | dials | feature |
//! |---|---|---|---|
//! | [`blocking`] | `std::io` | yes | |
//! | `tokio` | `tokio::io` | yes | `tokio` (default) |
//! | `smol` | `futures_io` | yes | `smol` |
//! | `async_std` | `futures_io` | yes | `async-std` |
//! | `futures` | `futures_io` | no: over a stream that you bring | `futures-io` |
//!
//! Each has `Socks5Stream` and `Socks4Stream`, with `connect` (dial a [`Proxy`], then ask it for a [`Target`]) and `handshake` (ask over
//! a stream that is there already: TLS, a Unix-domain socket, a tunnel through another proxy); `Socks5Listener` and `Socks4Listener`, for a
//! connection from the other side (BIND); `Socks5UdpSocket`, for datagrams (UDP ASSOCIATE; [`udp`] has what they look like); `dial`, to reach
//! the proxy and say nothing yet; and `converse`, to hold a [`Conversation`](protocol::Conversation). The feature `quinn` makes QUIC endpoints of associations;
//! `tracing` adds a span for each connection and an event for each message.
//!
//! # A proxy as a value
//!
//! [`Proxy`] says where the proxy is, which version it speaks, what the client identifies itself with, who resolves names, how long it may
//! all take. It is made in code, or from a URL:
//!
//! ```
//! use anysocks::Proxy;
//! use std::time::Duration;
//!
//! let proxy = Proxy::socks5("proxy.example:1080")?.password("user", "p@ss")?.timeout(Duration::from_secs(10));
//! let proxy: Proxy = "socks5h://user:p%40ss@proxy.example:1080".parse()?;
//! let proxy: Proxy = "socks5h+unix:///run/tor/socks".parse()?;
//! # Ok::<(), anysocks::Error>(())
//! ```
//!
//! # A way to everybody
//!
//! A [`Connector`] goes through a proxy, a [`Chain`] of them, what the environment says, or a rule, and its streams are of one type whatever
//! version is spoken. Each front end names its own. With the feature `hyper` it is what hyper's clients and tonic take; `forward` has an
//! endpoint for clients that take only a proxy.
//!
//! # Recipes
//!
//! | for | take |
//! |---|---|
//! | Tor | `"socks5h://127.0.0.1:9050"`, or `"socks5h+unix:///run/tor/socks"`; [`Proxy::isolated`] for circuits of one's own; [`blocking::resolve`] and its like for addresses; [`connect_with_early_data`](SocksStream::connect_with_early_data) to save a round trip |
//! | `ssh -D 1080 host` | `"socks5h://127.0.0.1:1080"` |
//! | Dante in a company | [`Proxy::password`] |
//! | reqwest | `forward::Forwarder`, whose URL it takes as that of its proxy |
//! | ureq | a [`handshake`](SocksStream::handshake) over what ureq has dialled: `examples/clients/src/bin/ureq.rs` |
//! | hyper, tonic | `tokio::Connector` as it is, with the feature `hyper` |
//! | tungstenite, and whatever else takes a stream | the stream |
//! | QUIC, HTTP/3 | `quinn::endpoint` |
//! | FTP | streams for passive mode, a [`SocksListener`] for active mode |
//!
//! The README has the code for each.
//!
//! # What can be counted on
//!
//! * Not a byte behind the handshake is read: what the target says first is there for the first read of the tunnel, and
//!   [`into_inner`](SocksStream::into_inner) loses nothing.
//! * A name goes to the proxy, or to local DNS where that was asked for ([`Resolve`]), never to the other because of its form.
//! * An `.onion` name, of a target or of a proxy, is never looked up on this machine (RFC 7686).
//! * Lookups on this machine take at most 32 threads of the process, whatever the resolver does.
//! * Nothing that a proxy sends makes the client panic, allocate without bound, or wait beyond the deadline.
//! * Passwords are wiped when they are dropped, and stand in no error, `Debug` or trace.
//! * An [`Error`] says which [`Stage`] failed, and keeps the proxy's code as it was sent.
//!
//! # Without I/O
//!
//! A handshake is a [`Conversation`](protocol::Conversation): it says what to write and how much to read, and does neither. The front ends drive it with
//! nothing but its public methods, and so can you: over mio, `io_uring`, or a simulated network.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Of the crate alone: a test or an example may well end with a panic.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

pub mod blocking;
mod error;
pub mod protocol;
mod proxy;
mod route;
mod runtime;
mod stream;
pub mod udp;

#[cfg(feature = "async-std")]
pub mod async_std;
#[cfg(feature = "forward")]
pub mod forward;
#[cfg(feature = "futures-io")]
pub mod futures;
#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(feature = "quinn")]
pub mod quinn;
#[cfg(any(feature = "tokio", feature = "smol", feature = "async-std"))]
mod reactor;
#[cfg(feature = "smol")]
pub mod smol;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "trace/off.rs"]
mod trace;

pub use error::invalid::Invalid;
pub use error::{Attempt, Error, ErrorKind, Stage};
pub use protocol::address::{Address, Name};
pub use protocol::any_version::AnyVersion;
pub use protocol::proxy_protocol::ProxyProtocol;
pub use protocol::reply::Reply;
pub use protocol::socks4::UserId;
pub use protocol::socks5::{Auth, Credentials};
pub use protocol::target::{Domain, Host, Target};
pub use protocol::version::{V4, V5, Version};
pub use proxy::into_proxy::IntoProxy;
pub use proxy::{Endpoint, Proxy, Resolve};
pub use route::connector::Connector;
pub use route::listener::SocksListener;
pub use route::wrap::{Plain, Wrapped};
pub use route::{Chain, Choice, NoProxy};
pub use stream::SocksStream;
pub use stream::split::Split;
