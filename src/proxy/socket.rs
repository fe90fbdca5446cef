//! Options of the sockets to a proxy, or to the target of a direct connection.

use super::Hook;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Options of the sockets to a proxy, or to the target of a direct connection. They do not apply to
/// Unix-domain sockets.
#[derive(Clone, Debug)]
pub struct SocketOptions {
    pub(crate) nodelay: bool,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) local_addr: Option<SocketAddr>,
    /// In memory of their own, because few proxies have one.
    rare: Option<Arc<RareOptions>>,
}

/// The options that few proxies have.
#[derive(Clone, Debug, Default)]
pub(crate) struct RareOptions {
    pub(crate) interface: Option<Box<str>>,
    pub(crate) mark: Option<u32>,
    pub(crate) hook: Option<Hook>,
}

impl SocketOptions {
    pub(crate) const DEFAULT: Self = Self { nodelay: true, keepalive: None, local_addr: None, rare: None };

    pub(crate) fn rare(&self) -> Option<&RareOptions> {
        self.rare.as_deref()
    }

    pub(crate) fn rare_mut(&mut self) -> &mut RareOptions {
        Arc::make_mut(self.rare.get_or_insert_default())
    }
}
