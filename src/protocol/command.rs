//! The commands of SOCKS.

use std::fmt;

/// The command of a request: CMD of RFC 1928 §4, with its number. CD of SOCKS4 has the same numbers
/// for CONNECT and BIND.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// CONNECT: a connection to the target.
    Connect = 1,
    /// BIND: a port on the proxy, for one connection from a peer.
    Bind = 2,
    /// UDP ASSOCIATE: a relay for datagrams.
    UdpAssociate = 3,
    /// RESOLVE, an extension of Tor: an address of a name.
    Resolve = 0xF0,
    /// `RESOLVE_PTR`, an extension of Tor: the name of an address.
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
