//! What determines how a connection is dialled, to a proxy or directly.

use super::{Lookup, SocketOptions};
use std::time::Duration;

pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// What determines how a connection is dialled, to a proxy or directly.
#[derive(Clone, Debug)]
pub(crate) struct Dialling {
    pub(crate) timeout: Option<Duration>,
    pub(crate) socket: SocketOptions,
    pub(crate) lookup: Lookup,
}

impl Dialling {
    pub(crate) const DEFAULT: Self =
        Self { timeout: Some(DEFAULT_TIMEOUT), socket: SocketOptions::DEFAULT, lookup: Lookup::DEFAULT };
}
