//! Which SOCKS a proxy speaks.

use super::socks4::UserId;
use super::socks5::Auth;

/// Which SOCKS a proxy speaks, and what the client identifies itself with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ProxyProtocol {
    /// SOCKS4 and SOCKS4a.
    V4(UserId),
    /// SOCKS5.
    V5(Auth),
}
