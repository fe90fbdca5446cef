//! Options of the sockets to a proxy, or to the target of a direct connection.

use super::Hook;
use std::net::SocketAddr;
use std::time::Duration;

/// Options of the sockets to a proxy, or to the target of a direct connection. They do not apply to
/// Unix-domain sockets.
#[derive(Clone, Debug)]
pub struct SocketOptions {
    pub(crate) nodelay: bool,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) local_addr: Option<SocketAddr>,
    pub(crate) interface: Option<Box<str>>,
    pub(crate) mark: Option<u32>,
    pub(crate) hook: Option<Hook>,
}

impl SocketOptions {
    pub(crate) const DEFAULT: Self =
        Self { nodelay: true, keepalive: None, local_addr: None, interface: None, mark: None, hook: None };
}
