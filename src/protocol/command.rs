//! What a client asks a proxy to do.

use std::fmt;

/// CMD of RFC 1928 §4; SOCKS4's CD has the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Connect = 1,
    Bind = 2,
    UdpAssociate = 3,
    /// Tor: the addresses of a name.
    Resolve = 0xF0,
    /// Tor: the name of an address.
    ResolvePtr = 0xF1,
}

impl Command {
    /// Whether it is answered, and no tunnel comes of it.
    pub(crate) const fn is_lookup(self) -> bool {
        matches!(self, Self::Resolve | Self::ResolvePtr)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "CONNECT",
            Self::Bind => "BIND",
            Self::UdpAssociate => "UDP ASSOCIATE",
            Self::Resolve => "RESOLVE",
            Self::ResolvePtr => "RESOLVE_PTR",
        })
    }
}
