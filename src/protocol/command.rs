//! The commands of SOCKS.

use crate::protocol::target::Host;
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
    /// `KEEP_ALIVE` of SOCKS5a: verifies that the proxy answers. The target of the request is not
    /// sent.
    KeepAlive = 4,
    /// `DNS_RESOLVE` of SOCKS5a: an address of a name. The port of the target is not sent.
    DnsResolve = 5,
    /// `POOL_NEW` of SOCKS5a: a connection to the target in the proxy's pool. BND.ADDR of the
    /// reply is a name, whose bytes make a [`PoolId`](crate::PoolId).
    PoolNew = 6,
    /// `POOL_GET` of SOCKS5a: a connection out of the proxy's pool. Its target is a
    /// [`Host::Pool`](crate::Host::Pool).
    PoolGet = 7,
    /// `UDP_ASSOCIATE_EXT` of SOCKS5a: a relay for datagrams.
    UdpAssociateExt = 8,
    /// RESOLVE, an extension of Tor: an address of a name.
    Resolve = 0xF0,
    /// `RESOLVE_PTR`, an extension of Tor: the name of an address.
    ResolvePtr = 0xF1,
}

impl Command {
    /// Returns the name in the specification.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Bind => "BIND",
            Self::UdpAssociate => "UDP ASSOCIATE",
            Self::KeepAlive => "KEEP_ALIVE",
            Self::DnsResolve => "DNS_RESOLVE",
            Self::PoolNew => "POOL_NEW",
            Self::PoolGet => "POOL_GET",
            Self::UdpAssociateExt => "UDP_ASSOCIATE_EXT",
            Self::Resolve => "RESOLVE",
            Self::ResolvePtr => "RESOLVE_PTR",
        }
    }

    /// Returns whether the reply is the answer, and no tunnel follows.
    pub(crate) const fn is_lookup(self) -> bool {
        matches!(self, Self::Resolve | Self::ResolvePtr | Self::DnsResolve)
    }

    /// Returns whether the request is for a relay of datagrams.
    pub(crate) const fn is_association(self) -> bool {
        matches!(self, Self::UdpAssociate | Self::UdpAssociateExt)
    }

    /// Returns whether only a METHOD of SOCKS5a allows the command.
    pub(crate) const fn needs_socks5a(self) -> bool {
        matches!(
            self,
            Self::KeepAlive | Self::DnsResolve | Self::PoolNew | Self::PoolGet | Self::UdpAssociateExt
        )
    }

    /// Returns whether a request with the command can have this host.
    pub(crate) const fn takes(self, host: &Host<'_>) -> bool {
        match (self, host) {
            (Self::KeepAlive, _) | (Self::PoolGet, Host::Pool(_)) => true,
            (Self::PoolGet, _) | (_, Host::Pool(_)) => false,
            (Self::DnsResolve, host) => matches!(host, Host::Domain(_)),
            (Self::Resolve | Self::ResolvePtr, host) => !host.needs_socks5a(),
            _ => true,
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
