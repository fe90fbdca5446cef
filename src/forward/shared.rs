//! The state that all connections of a forwarder share.

use super::limits::Limits;
use crate::error::Error;
use crate::proxy::random::random_token;
use crate::route::connector::Connector;
use crate::tokio::Tokio;
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// The user name of every forwarder. It is not secret, because clients print it in errors and
/// logs.
pub(super) const USER: &str = "anysocks";

type Function = dyn Fn(&Error) + Send + Sync;

/// The caller's function for errors.
#[derive(Clone, Default)]
pub(super) struct OnError(Option<Arc<Function>>);

impl OnError {
    pub(super) fn new(function: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(function)))
    }

    pub(super) fn call(&self, error: &Error) {
        if let Some(function) = &self.0 {
            function(error);
        }
    }
}

impl fmt::Debug for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Some(..)" } else { "None" })
    }
}

/// The connector, the limits, the password and the permits.
pub(super) struct Shared<W> {
    pub(super) connector: Connector<Tokio, W>,
    pub(super) limits: Limits,
    pub(super) on_error: OnError,
    /// `None` if clients do not authenticate.
    pub(super) password: Option<Arc<Zeroizing<String>>>,
    /// The permits of clients that are served.
    pub(super) connections: Semaphore,
    /// The permits of clients that wait for one of these.
    pub(super) queue: Semaphore,
}

impl<W> Shared<W> {
    pub(super) fn new(
        connector: Connector<Tokio, W>,
        limits: Limits,
        on_error: OnError,
        authenticates: bool,
    ) -> io::Result<Self> {
        let connections = Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS));
        let queue = Semaphore::new(limits.queued);
        let password = if authenticates { Some(Arc::new(random_token::<32>()?)) } else { None };
        Ok(Self { connector, limits, on_error, password, connections, queue })
    }
}

/// Returns whether user name and password are right, in constant time.
pub(super) fn is_right(expected: &str, user: &[u8], password: &[u8]) -> bool {
    let differs = |expected: &str, received: &[u8]| {
        let pairs = expected.bytes().zip(received);
        pairs.fold(usize::from(expected.len() != received.len()), |bits, (a, b)| bits | usize::from(a ^ b))
    };
    differs(USER, user) | differs(expected, password) == 0
}
