//! The socket to a proxy.

use std::net::SocketAddr;
use std::time::Duration;

/// What is set on the socket to the proxy. Where it is a Unix-domain one, nothing is.
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
