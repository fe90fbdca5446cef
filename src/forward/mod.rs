//! A SOCKS5 endpoint on this machine that goes on through a [`Connector`]: for programs and libraries that can be told of a proxy, but not be
//! given a connection.
//!
//! reqwest is one: it takes the URL of a SOCKS proxy, and so gets chains, Unix-domain sockets, METHODs and whatever else a connector can do.
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
mod code;
mod datagrams;
mod handshake;
mod limits;
mod serve;
mod tunnel;

use crate::tokio::Connector;
use limits::Limits;
use serve::Shared;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// A SOCKS5 server on the loopback interface, for CONNECT and UDP ASSOCIATE, as long as it is not dropped.
///
/// It lives in tasks of the runtime that it was started in. When it is dropped, they end, and the connections through it are reset.
///
/// # Who is let in
///
/// Everybody on a machine can reach its loopback interface, so it wants a user name and a password, which are random and stand in
/// [`url`](Self::url). 64 strangers at once may be saying who they are, for up to 5 seconds; when one more comes, the oldest of them is hung up on.
/// Silent ones keep nobody out so; who comes over and over, faster than a client can say who it is, may.
///
/// # How many are served
///
/// As many at once as [`start_for`](Self::start_for) says. Up to 256 clients wait until one of those has ended; who comes then is refused, with a
/// general failure (X'01'). Strangers and those who wait have one socket each, connections two, associations four, and more for the moment in which
/// several addresses of a proxy are tried.
///
/// # Clients that go
///
/// Who closes its connection, or its side of it, while it waits is given up at once, and so is the dialling for it; but not who has sent something
/// early, whose end can't be seen yet. In a tunnel, who has gone can't be told from who has only said all: once one side has ended, the other may go
/// on, but when it is silent for 60 seconds, the tunnel ends. Who has been sent all of what the other side said keeps what is still on its way, however slowly it reads;
/// the other is reset, as is who was on the other side of a reset, so that half a page does not look whole. A proxy at a Unix-domain socket can only be told of an end.
///
/// # Datagrams
///
/// They carry no password. From a client that declares the port that it sends them from, as with [`Options::source`](crate::udp::Options::source),
/// those alone are taken. From one that declares none, as most do, the first datagram that is well-formed, whole, and from the client's IP address
/// tells the port: a stranger on this machine who finds the relay's port, and is faster, has its datagrams sent through the proxy, hears the
/// answers, and the client is not heard. Fragments are dropped, and so are datagrams to more than 16 names that are looked up here at once, or for
/// more than 10 seconds.
///
/// Only a connector with one proxy can associate; clients of one that goes directly, [by a rule](Connector::by_rule) or through several proxies are
/// refused.
///
/// # reqwest
///
/// Version 0.13 takes the URL of a SOCKS proxy only with its feature `socks` and one of those for TLS.
pub struct Forwarder {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

impl Forwarder {
    /// Starts to listen, at a free port, for up to 256 connections at once, associations included.
    ///
    /// # Errors
    ///
    /// The system gives no port, or no random bytes.
    pub async fn start(connector: Connector) -> io::Result<Self> {
        Self::start_within(connector, Limits::default()).await
    }

    /// As [`start`](Self::start), for up to so many connections at once; there is always a place for one. Who comes when there are as many waits.
    ///
    /// # Errors
    ///
    /// Those of `start`.
    pub async fn start_for(connector: Connector, connections: usize) -> io::Result<Self> {
        Self::start_within(connector, Limits { connections, ..Limits::default() }).await
    }

    async fn start_within(connector: Connector, limits: Limits) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::new(connector, limits)?);
        let accepting = tokio::spawn(accept::accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { addr, shared, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its URL, with user name and password in it: a secret, in plain text that nobody wipes.
    #[must_use]
    pub fn url(&self) -> String {
        format!("socks5h://{}:{}@{}", *self.shared.user, *self.shared.password, self.addr)
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
