//! What a forwarder bounds.

use super::keepalive::Keepalive;
use std::time::Duration;

/// Numbers of connections, and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Connections that are served at a time.
    pub(super) connections: usize,
    /// Clients that may wait for a place among them.
    pub(super) waiting: usize,
    /// Clients that may be authenticating at a time: every local process can connect.
    pub(super) unauthenticated: usize,
    /// The time in which a client must have authenticated and sent its request.
    pub(super) handshake: Duration,
    /// How long a half-closed tunnel may pass no bytes. An answer may take that long, so this
    /// can't find clients that are gone: keepalive does.
    pub(super) half_closed: Duration,
    pub(super) keepalive: Keepalive,
}

impl Default for Limits {
    /// With two sockets for each connection, all stay below the 1024 descriptors that many systems
    /// give a process; associations have four.
    fn default() -> Self {
        Self {
            connections: 256,
            waiting: 256,
            unauthenticated: 64,
            handshake: Duration::from_secs(5),
            half_closed: Duration::from_secs(60 * 60),
            keepalive: Keepalive::default(),
        }
    }
}
