//! Options of the socket to a proxy.

use std::net::SocketAddr;
use std::time::Duration;

/// Options of the socket to a proxy. They do not apply to Unix-domain sockets.
#[derive(Clone, Debug)]
pub struct SocketOptions {
    pub(crate) nodelay: bool,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) local_addr: Option<SocketAddr>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self { nodelay: true, keepalive: None, local_addr: None }
    }
}
