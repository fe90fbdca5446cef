//! The commands of SOCKS.

use std::fmt;

/// CMD of RFC 1928 §4. CD of SOCKS4 has the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Connect = 1,
    Bind = 2,
    UdpAssociate = 3,
    /// Tor: an address of a name.
    Resolve = 0xF0,
    /// Tor: the name of an address.
    ResolvePtr = 0xF1,
}

impl Command {
    /// Returns whether the reply is the answer, and no tunnel follows.
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
