//! The state that all connections of a forwarder share.

use super::limits::Limits;
use crate::proxy::random::random_token;
use crate::tokio::Connector;
use std::io;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The user name of every forwarder. It is not secret, because clients print it in errors and
/// logs.
pub(super) const USER: &str = "anysocks";

/// The connector, the limits, the password and the permits.
pub(super) struct Shared {
    pub(super) connector: Connector,
    pub(super) limits: Limits,
    pub(super) password: Zeroizing<String>,
    /// The permits of clients that are served.
    pub(super) connections: Semaphore,
    /// The permits of clients that wait for one of these.
    pub(super) queue: Semaphore,
}

impl Shared {
    pub(super) fn new(connector: Connector, limits: Limits) -> io::Result<Self> {
        let connections = Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS));
        let queue = Semaphore::new(limits.queued);
        Ok(Self { connector, limits, password: random_token::<32>()?, connections, queue })
    }

    /// Returns whether user name and password are right, in constant time.
    pub(super) fn authenticates(&self, user: &[u8], password: &[u8]) -> bool {
        let differs = |expected: &str, received: &[u8]| {
            let pairs = expected.bytes().zip(received);
            pairs
                .fold(usize::from(expected.len() != received.len()), |bits, (a, b)| bits | usize::from(a ^ b))
        };
        differs(USER, user) | differs(&self.password, password) == 0
    }
}
