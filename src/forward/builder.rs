//! The options of a forwarder.

use super::Forwarder;
use super::accept::accept;
use super::limits::Limits;
use super::outbound::Outbound;
use super::shared::{OnError, Shared};
use crate::error::Error;
use crate::route::wrap::Plain;
use crate::tokio::Connector;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// The options of a [`Forwarder`], from [`Forwarder::builder`].
///
/// ```no_run
/// use anysocks::forward::Forwarder;
/// use anysocks::tokio::Connector;
/// use std::time::Duration;
///
/// # async fn example(connector: Connector) -> std::io::Result<()> {
/// let forwarder = Forwarder::builder(connector)
///     .connections(1000)
///     .half_closed(Duration::from_secs(10 * 60))
///     .start()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a forwarder runs once it is started"]
pub struct Builder<W = Plain> {
    pub(super) connector: Connector<W>,
    pub(super) limits: Limits,
    pub(super) on_error: OnError,
    pub(super) addr: SocketAddr,
    pub(super) authenticates: bool,
}

impl<W> Builder<W> {
    pub(super) fn new(connector: Connector<W>) -> Self {
        let (limits, on_error) = (Limits::default(), OnError::default());
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { connector, limits, on_error, addr, authenticates: true }
    }

    /// Sets the address and port at which the forwarder listens. The default is a free port of
    /// 127.0.0.1.
    ///
    /// Port 0 is a free port. SOCKS5 sends passwords in plain text, so an address of another
    /// interface is for a trusted network.
    pub const fn listen(mut self, addr: SocketAddr) -> Self {
        self.addr = addr;
        self
    }

    /// Accepts clients **without a password**, for programs that have none for SOCKS5, such as
    /// browsers.
    ///
    /// Every process and every user of this machine can then use the proxies of the connector.
    /// [`start`](Self::start) fails if the forwarder would listen at another address than a
    /// loopback one.
    pub const fn without_password(mut self) -> Self {
        self.authenticates = false;
        self
    }

    /// Sets the most concurrent connections, associations included. The default is 256. Zero
    /// counts as one.
    ///
    /// A connection needs two descriptors and up to 128 KiB of buffers, an association four
    /// descriptors and 128 KiB.
    pub const fn connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections;
        self
    }

    /// Sets the idle timeout of half-closed connections. The default is one hour, as in Envoy's
    /// TCP proxy.
    ///
    /// A connection is half-closed once one side has closed its sending direction. The timeout
    /// applies from then on, and restarts with each byte that is forwarded. After it, the
    /// connection ends as described at [Half-closed
    /// connections](Forwarder#half-closed-connections). Connections that neither side has closed
    /// have no timeout.
    ///
    /// - [`Duration::MAX`], like any duration of more than 30 years, disables the timeout. TCP
    ///   keepalive still detects lost peers.
    /// - [`Duration::ZERO`] forbids half-closed connections: when one side closes, the connection
    ///   ends, and data that the other side has not yet sent are lost.
    pub const fn half_closed(mut self, limit: Duration) -> Self {
        self.limits.half_closed = limit;
        self
    }

    /// Sets a function that receives the error of each connection that fails.
    ///
    /// The client receives only a reply code ([errors](Forwarder#errors)). The function is called
    /// before that, once for each CONNECT and each UDP ASSOCIATE that fails. It runs on a task of
    /// the runtime, so it must not block.
    ///
    /// ```no_run
    /// use anysocks::forward::Forwarder;
    /// use anysocks::tokio::Connector;
    ///
    /// # async fn example(connector: Connector) -> std::io::Result<()> {
    /// let forwarder = Forwarder::builder(connector)
    ///     .on_error(|error| eprintln!("{error:#}"))
    ///     .start()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// Clients that can't authenticate, and tunnels that end with an I/O error, are not reported.
    pub fn on_error(mut self, on_error: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = OnError::new(on_error);
        self
    }
}

impl<W: Outbound> Builder<W> {
    /// Starts the forwarder.
    ///
    /// # Errors
    ///
    /// - [`io::ErrorKind::InvalidInput`]: clients need no password, and the address is not a
    ///   loopback one.
    /// - An error of the system: the port can't be bound.
    /// - [`io::ErrorKind::Other`], or an error of the system: there are no random bytes for the
    ///   password.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime, or if its I/O or time driver is disabled.
    pub async fn start(self) -> io::Result<Forwarder> {
        if !self.authenticates && !self.addr.ip().is_loopback() {
            let text = "a forwarder without a password must listen on a loopback address";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let listener = TcpListener::bind(self.addr).await?;
        let addr = listener.local_addr()?;
        let shared = Shared::new(self.connector, self.limits, self.on_error, self.authenticates)?;
        let password = shared.password.clone();
        let accepting = tokio::spawn(accept(listener, Arc::new(shared))).abort_handle();
        Ok(Forwarder { addr, password, accepting })
    }
}
