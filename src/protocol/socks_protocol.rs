//! The SOCKS version of a proxy, with the authentication.

use super::socks4::UserId;
use super::socks5::Auth;

/// The SOCKS version of a proxy, with the authentication of the client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SocksProtocol {
    /// SOCKS4 or SOCKS4a, with a user id.
    V4(UserId),
    /// SOCKS5, with the METHODs to offer.
    V5(Auth),
}

impl SocksProtocol {
    /// Returns whether a custom METHOD is offered.
    pub(crate) fn has_custom_method(&self) -> bool {
        match self {
            Self::V4(_) => false,
            Self::V5(auth) => auth.has_custom_method(),
        }
    }
}
