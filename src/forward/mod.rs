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

mod datagrams;
mod handshake;
mod serve;

use crate::random::random_token;
use crate::tokio::Connector;
use serve::Shared;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

/// As many connections at once, if nothing else is said.
const CONNECTIONS: usize = 256;

/// A SOCKS5 server on the loopback interface, for CONNECT and UDP ASSOCIATE, as long as it is not dropped.
///
/// Everybody on a machine can reach its loopback interface, so it wants a user name and a password, which are random and stand in
/// [`url`](Self::url). Datagrams carry no password: a client that declares the port that it sends them from is the only one to be heard there; from a
/// client that declares none, as most do, the first who sends is taken for it.
///
/// It lives in tasks of the runtime that it was started in; when it is dropped, they end, and the connections through it with them.
pub struct Forwarder {
    addr: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

impl Forwarder {
    /// Starts to listen, at a free port, for up to 256 connections at once.
    ///
    /// # Errors
    ///
    /// The system gives no port, or no random bytes.
    pub async fn start(connector: Connector) -> io::Result<Self> {
        Self::start_for(connector, CONNECTIONS).await
    }

    /// As [`start`](Self::start), for up to so many connections at once, associations included. Who comes when there are as many waits.
    ///
    /// # Errors
    ///
    /// Those of `start`.
    pub async fn start_for(connector: Connector, connections: usize) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let places = Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS));
        let (user, password) = (random_token()?, random_token()?);
        let shared = Arc::new(Shared { connector, user, password, places });
        let accepting = tokio::spawn(serve::accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { addr, shared, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its URL, with user name and password in it: a secret.
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
