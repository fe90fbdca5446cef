//! What all connections of a forwarder share.

use super::limits::Limits;
use crate::proxy::random::random_token;
use crate::tokio::Connector;
use std::io;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The user name of every forwarder. Clients show it in their errors and logs, so it is no part of
/// the secret.
pub(super) const USER: &str = "anysocks";

/// The connector, the limits and the password.
pub(super) struct Shared {
    pub(super) connector: Connector,
    pub(super) limits: Limits,
    pub(super) password: Zeroizing<String>,
    /// For clients that are served.
    pub(super) places: Semaphore,
    /// For clients that wait for a place.
    pub(super) waiting: Semaphore,
}

impl Shared {
    pub(super) fn new(connector: Connector, limits: Limits) -> io::Result<Self> {
        let places = Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS));
        let waiting = Semaphore::new(limits.waiting);
        Ok(Self { connector, limits, password: random_token::<32>()?, places, waiting })
    }

    /// Whether these are the user name and the password. Takes as long wherever a difference is.
    pub(super) fn authenticates(&self, user: &[u8], password: &[u8]) -> bool {
        let differs = |own: &str, received: &[u8]| {
            let pairs = own.bytes().zip(received);
            pairs.fold(usize::from(own.len() != received.len()), |bits, (a, b)| bits | usize::from(a ^ b))
        };
        differs(USER, user) | differs(&self.password, password) == 0
    }
}
