//! What a proxy speaks, and what it is told.

use crate::socks4::UserId;
use crate::socks5::Auth;

/// Which SOCKS a proxy speaks, and what the client identifies itself with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Protocol {
    /// SOCKS4 and SOCKS4a.
    V4(UserId),
    /// SOCKS5.
    V5(Auth),
}

/// Who resolves the target's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolve {
    /// The proxy: names of targets, and names that the proxy itself sends, are never resolved on
    /// this machine.
    #[default]
    ByProxy,
    /// This machine. Each address that the name has is tried until the proxy accepts one.
    Locally,
}
