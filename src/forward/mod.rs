//! A SOCKS5 endpoint on this machine that connects through a [`Connector`]: for programs and
//! libraries that take a proxy's URL, but no connection.
//!
//! reqwest is one. Through a forwarder it gets chains, Unix-domain sockets, METHODs and everything
//! else that a connector can do.
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
mod serve;
mod shared;
mod tunnel;

pub use builder::Builder;

use crate::tokio::Connector;
use shared::{Shared, USER};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// A SOCKS5 server on the loopback interface, for CONNECT and UDP ASSOCIATE. It runs until it is
/// dropped.
///
/// It runs in tasks of the runtime in which it was started. Dropping it ends them, and resets the
/// connections through it.
///
/// # Authentication
///
/// Every local process can reach the loopback interface, so clients must authenticate with the
/// user name `anysocks` and a password of 256 random bits. Both are part of [`url`](Self::url). At
/// most 64 clients may be authenticating at a time, for up to 5 seconds each; one more disconnects
/// the oldest. Silent connections therefore keep no client out, but a process that connects again
/// and again, faster than a client authenticates, can.
///
/// # Connections
///
/// [`Builder::connections`] sets how many are served at a time; the default is 256. Up to 256
/// further clients wait for one of those to end. Another one is refused with a general failure
/// (X'01'). A client that authenticates or waits takes one socket, a connection two, an
/// association four, and more while several addresses of a proxy are tried.
///
/// A direction of a connection takes a buffer of 64 KiB while it passes bytes, and none while it
/// waits for them. 256 connections that all pass bytes both ways take 32 MiB.
///
/// # Clients that close early
///
/// A client that closes its connection, or its sending direction, before it is answered is
/// dropped, and the attempt to connect for it is cancelled. If the client has sent bytes behind
/// its request, they hide its end; a reset is still noticed.
///
/// # Half-closed connections
///
/// Once one side has closed its sending direction, the other may still send, but the connection
/// ends when no byte has passed for one hour, or the time that [`Builder::half_closed`] sets.
/// Where a connection ends, then or otherwise, a side that has been sent all of what the other
/// side sent is closed, and keeps what is still on its way. Any other side is reset, so that a
/// part does not look whole. A proxy at a Unix-domain socket can only be closed.
///
/// # Peers that are gone
///
/// TCP keepalive is on at both sockets: the system probes a peer after 45 seconds without a
/// packet, and then every 5 seconds. When the peer answers none of the probes (9 on Linux, so
/// after 90 seconds), the connection ends. If [`Proxy::keepalive`](crate::Proxy::keepalive) is
/// set, the socket to that proxy keeps its own times. In a chain, keepalive finds out about the
/// first proxy only. A Unix-domain socket has no keepalive.
///
/// A client that has closed its socket looks like one that has only closed its sending direction,
/// until its system forgets the connection: after 60 seconds on Linux
/// (`net.ipv4.tcp_fin_timeout`). The next probe is then answered with a reset, which ends the
/// connection. Windows does not report that reset, so there the limit for half-closed connections
/// applies.
///
/// # Datagrams
///
/// They carry no password. From a client that declares the port that it sends them from, as with
/// [`Options::source`](crate::udp::Options::source), datagrams from that port alone are accepted.
/// From one that declares none, as most do, the first datagram that is well-formed, whole, and
/// from the client's IP address tells the port. A local process that finds the relay's port and is
/// faster has its datagrams sent through the proxy, and gets the answers in the client's place.
/// Fragments are dropped. So are datagrams to names that are resolved locally, if 16 lookups are
/// under way or a lookup takes more than 10 seconds.
///
/// Only a connector with one proxy can associate. Clients of one that connects directly,
/// [by a rule](Connector::by_rule) or through several proxies are refused.
///
/// # reqwest
///
/// Version 0.13 takes the URL of a SOCKS proxy only with its feature `socks` and one of those for TLS.
#[doc(alias = "reqwest")]
pub struct Forwarder {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

impl Forwarder {
    /// Starts a forwarder with the default options, on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Those of [`Builder::start`].
    ///
    /// # Panics
    ///
    /// As [`Builder::start`].
    pub async fn start(connector: Connector) -> io::Result<Self> {
        Self::builder(connector).start().await
    }

    /// Returns the options of a forwarder that connects through this connector.
    pub fn builder(connector: Connector) -> Builder {
        Builder::new(connector)
    }

    /// Returns the address on which it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns its URL, with user name and password. The URL is a secret, in plain text that is
    /// not wiped.
    #[must_use]
    pub fn url(&self) -> String {
        format!("socks5h://{USER}:{}@{}", *self.shared.password, self.addr)
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        // The connections are tasks in a set that this task owns.
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
