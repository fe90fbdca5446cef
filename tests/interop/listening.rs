//! A proxy that listens for a peer, the same for all front ends.

use std::time::Duration;

use anysocks::{Address, Error};

use crate::tunnel::Opened;

/// A listener of some front end.
pub(crate) trait Listening {
    /// `bound_addr`.
    fn bound(&self) -> &Address;

    /// `accept_within`, or `accept` without a limit. A blocking listener over TLS has only the
    /// latter.
    fn take(&mut self, limit: Option<Duration>) -> Result<(Opened, Address), Error>;
}
