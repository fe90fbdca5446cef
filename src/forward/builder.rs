//! The options of a forwarder.

use super::Forwarder;
use super::accept::accept;
use super::limits::Limits;
use super::shared::Shared;
use crate::tokio::Connector;
use std::io;
use std::net::Ipv4Addr;
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
pub struct Builder {
    pub(super) connector: Connector,
    pub(super) limits: Limits,
}

impl Builder {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, limits: Limits::default() }
    }

    /// Sets how many connections, associations included, are served at a time. Default: 256. Zero
    /// counts as one.
    ///
    /// A connection takes two descriptors and up to 128 KiB of buffers, an association four
    /// descriptors and 128 KiB.
    pub const fn connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections;
        self
    }

    /// Sets how long a half-closed connection may pass no bytes. Default: one hour, as in Envoy's
    /// TCP proxy.
    ///
    /// A connection is half-closed once one side has closed its sending direction. The limit
    /// applies from then on, and starts anew with each byte that is passed. A connection that
    /// reaches it ends, as described at [Half-closed
    /// connections](Forwarder#half-closed-connections). Connections that neither side has closed
    /// have no limit.
    ///
    /// * [`Duration::MAX`], like any duration of more than 30 years, is no limit. TCP keepalive
    ///   still finds peers that are gone.
    /// * [`Duration::ZERO`] forbids half-closed connections: when one side closes, the connection
    ///   ends, and what the other side has not yet sent is lost.
    pub const fn half_closed(mut self, limit: Duration) -> Self {
        self.limits.half_closed = limit;
        self
    }

    /// Starts the forwarder on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// - The error of the system, if it gives no port.
    /// - [`io::ErrorKind::Other`], or the error of the system, if it gives no random bytes for the
    ///   password.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime whose I/O and time drivers are enabled.
    pub async fn start(self) -> io::Result<Forwarder> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::new(self.connector, self.limits)?);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Forwarder { addr, shared, accepting })
    }
}
