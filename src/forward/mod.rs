//! A local SOCKS5 server that connects through a [`Connector`].
//!
//! Use it for programs and libraries that accept the URL of a proxy, but no custom connection,
//! such as reqwest or curl. Through a [`Forwarder`], they can use everything that a connector
//! supports: chains, Unix-domain sockets, custom METHODs and rules.
//!
//! A program that accepts a stream needs no forwarder: pass it the connector's stream. hyper and
//! tonic accept the connector itself (`anysocks::hyper`).
//!
//! ```no_run
//! use anysocks::{Chain, forward::Forwarder, tokio::Connector};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let chain: Chain = "socks5h://127.0.0.1:1080,socks5h://inner.example:1080".parse()?;
//! let forwarder = Forwarder::start(Connector::new(chain)).await?;
//! println!("{}", forwarder.addr());
//! let url_with_a_secret = forwarder.url();
//! # Ok(()) }
//! ```

mod accept;
mod builder;
mod code;
mod datagrams;
mod handshake;
mod keepalive;
mod limits;
mod outbound;
mod serve;
mod shared;
mod tunnel;

pub use builder::Builder;

use crate::tokio::Connector;
use outbound::Outbound;
use shared::USER;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::AbortHandle;
use zeroize::Zeroizing;

/// A local SOCKS5 server for CONNECT and UDP ASSOCIATE. It runs until it is dropped.
///
/// Pass its [`url`](Self::url) to a program or library that accepts a proxy's URL. The forwarder
/// connects to each requested target through its [`Connector`].
///
/// ```no_run
/// use anysocks::{Chain, forward::Forwarder, tokio::Connector};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let chain: Chain = "socks5h://127.0.0.1:1080, socks5h://inner.example:1080".parse()?;
/// let forwarder = Forwarder::start(Connector::new(chain)).await?;
/// let mut curl = std::process::Command::new("curl")
///     .env("ALL_PROXY", forwarder.url())
///     .arg("https://example.com/")
///     .spawn()?;
/// let status = tokio::task::spawn_blocking(move || curl.wait()).await??;
/// # Ok(()) }
/// ```
///
/// Its tasks run on the runtime on which it was started. Dropping the forwarder cancels them and
/// resets its connections.
///
/// # Authentication
///
/// Every local process can reach the loopback interface, so clients must authenticate with the
/// user name `anysocks` and a password of 256 random bits. Both are part of [`url`](Self::url).
/// Clients without SOCKS5 passwords, such as Chrome, need a forwarder
/// [without a password](Builder::without_password).
///
/// At most 64 clients may be authenticating at a time, for up to 5 seconds each; one more
/// disconnects the oldest. Silent connections therefore block no client. A process can block
/// clients if it connects repeatedly, faster than a client authenticates.
///
/// # Connections
///
/// [`Builder::connections`] sets the most concurrent connections; the default is 256. Up to 256
/// further clients wait for one of those to end. Another one is refused with a general failure
/// (X'01').
///
/// A client that authenticates or waits needs one socket, and a connection two. An association
/// needs four, and one more for each further proxy of a chain. More are needed while the forwarder
/// tries several addresses of a proxy. Each direction of a connection has a buffer of 64 KiB while
/// it forwards bytes, and none while it is idle. 256 connections that forward bytes both ways need
/// 32 MiB.
///
/// # Clients that close early
///
/// If a client closes its connection or its sending direction before it has received the reply,
/// the forwarder drops the client and cancels its connection attempt. Bytes that the client has
/// sent after its request hide the close, but not a reset.
///
/// # Half-closed connections
///
/// Once one side has closed its sending direction, the other side may still send. The connection
/// ends if no byte is forwarded for one hour, or for the time that [`Builder::half_closed`] sets.
///
/// At the end of a connection, a side that has been sent all data of the other side is closed, and
/// receives the data in transit. Any other side is reset, so that partial data do not look
/// complete. A proxy at a Unix-domain socket and a [wrapped](Connector::wrapped) stream can only be
/// closed. Once the target has ended its direction of a wrapped stream, a reset of that stream is
/// noticed only when the client sends, or ends.
///
/// Dropping the forwarder resets the connections. A process that ends without dropping it, for
/// example by a signal, closes them instead.
///
/// # Lost peers
///
/// Both sockets have TCP keepalive: the system probes a peer after 45 seconds without a packet,
/// and then every 5 seconds. If the peer answers no probe (9 on Linux, so after 90 seconds), the
/// connection ends. If [`Proxy::keepalive`](crate::Proxy::keepalive) is set, the socket to that
/// proxy has the times set there. In a chain, keepalive detects the loss of the first proxy only.
/// A Unix-domain socket has no keepalive. A wrapped stream has it only if it is set for the
/// proxy, and not once the target has ended its direction.
///
/// A client that has closed its socket can't be distinguished from a half-closed one until its
/// system forgets the connection: after 60 seconds on Linux (`net.ipv4.tcp_fin_timeout`). The
/// system then answers the next probe with a reset, which ends the connection. Windows does not
/// report that reset, so the timeout of half-closed connections applies there.
///
/// # Datagrams
///
/// Datagrams carry no password. If a client declares its source port, as with
/// [`Options::source`](crate::udp::Options::source), only datagrams from that port are accepted.
/// If it declares none, as most clients, the first well-formed and unfragmented datagram from its
/// IP address determines the port. A local process that finds the relay's port and sends first can
/// therefore send through the proxy, and receives the answers in place of the client.
///
/// Fragments are dropped. Datagrams to names that are resolved locally are dropped if 16 lookups
/// are in progress, or if a lookup takes more than 10 seconds.
///
/// UDP ASSOCIATE needs a connector through one or more SOCKS5 proxies, as
/// [`Connector::associate`] does. The requests are refused if the connector is direct or
/// [by a rule](Connector::by_rule), or if one of the proxies speaks SOCKS4.
///
/// # Errors
///
/// A client receives a reply code, and no more. [`Builder::on_error`] sets a function that receives
/// the whole error; with the feature `tracing`, an event has it too.
///
/// | error | reply code |
/// |---|---|
/// | [`Refused`](crate::ErrorKind::Refused) by the last proxy, by SOCKS5 with a standard code or one of Tor's | the same |
/// | [`Rule`](crate::ErrorKind::Rule): a [rule](Connector::by_rule) refused the target | X'02' |
/// | a timeout, at any stage ([`Error::is_timeout`](crate::Error::is_timeout)) | X'06' |
/// | [`Unresolved`](crate::ErrorKind::Unresolved), for the target's name | X'04' |
/// | a direct connection, network or host unreachable | X'03', X'04' |
/// | a direct connection, connection refused | X'05' |
/// | a wrong password, or METHODs that a proxy refuses | X'01' |
/// | a proxy that can't be reached or resolved, that refuses the next proxy, or that breaks the protocol | X'01' |
/// | `Refused` by SOCKS4, or with an unassigned code | X'01' |
/// | UDP ASSOCIATE with a connector that has no proxy, a rule, or a SOCKS4 proxy | X'01' |
/// | more clients than may wait; no error is reported | X'01' |
/// | BIND, or an unknown command; no error is reported | X'07' |
/// | an unknown ATYP; no error is reported | X'08' |
///
/// # reqwest
///
/// reqwest 0.13 accepts the URL of a SOCKS proxy only with its feature `socks` and a feature for
/// TLS.
#[doc(alias = "reqwest")]
#[doc(alias = "server")]
#[doc(alias = "tor")]
pub struct Forwarder {
    addr: SocketAddr,
    password: Option<Arc<Zeroizing<String>>>,
    accepting: AbortHandle,
}

impl Forwarder {
    /// Starts a forwarder with the default options, on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// - Those of [`Builder::start`].
    ///
    /// # Panics
    ///
    /// Panics as [`Builder::start`] does.
    pub async fn start<W: Outbound>(connector: Connector<W>) -> io::Result<Self> {
        Self::builder(connector).start().await
    }

    /// Returns the options of a forwarder that connects through this connector.
    pub fn builder<W>(connector: Connector<W>) -> Builder<W> {
        Builder::new(connector)
    }

    /// Returns the address on which the forwarder listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the forwarder's URL, with user name and password.
    ///
    /// Its form is `socks5h://anysocks:PASSWORD@127.0.0.1:PORT`, or `socks5h://127.0.0.1:PORT`
    /// [without a password](Builder::without_password).
    ///
    /// The URL is a secret. The returned text is not wiped when it is dropped.
    #[must_use]
    pub fn url(&self) -> String {
        match &self.password {
            Some(password) => format!("socks5h://{USER}:{}@{}", ***password, self.addr),
            None => format!("socks5h://{}", self.addr),
        }
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        // This task owns the set of the connections' tasks.
        self.accepting.abort();
    }
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forwarder").field("addr", &self.addr).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
