//! The limits of a forwarder.

use super::keepalive::Keepalive;
use std::time::Duration;

/// The numbers of connections and the timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// The most connections that are served at a time.
    pub(super) connections: usize,
    /// The most authenticated clients that may wait for one of these to end.
    pub(super) queued: usize,
    /// The most clients that may be authenticating at a time: every local process can connect.
    pub(super) unauthenticated: usize,
    /// The timeout of authentication and request.
    pub(super) handshake: Duration,
    /// The idle timeout of half-closed tunnels. A response may take this long, so keepalive must
    /// detect lost clients.
    pub(super) half_closed: Duration,
    pub(super) keepalive: Keepalive,
}

impl Default for Limits {
    /// Returns limits that stay below 1024 descriptors, the limit of many systems, with two
    /// sockets for each connection. Associations have four.
    fn default() -> Self {
        Self {
            connections: 256,
            queued: 256,
            unauthenticated: 64,
            handshake: Duration::from_secs(5),
            half_closed: Duration::from_secs(60 * 60),
            keepalive: Keepalive::default(),
        }
    }
}
