//! BND.ADDR and BND.PORT of a reply.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// BND.ADDR and BND.PORT of a reply, as the proxy sent them (RFC 1928 §6).
///
/// In SOCKS4, these are DSTIP and DSTPORT of the reply. Many proxies reply `0.0.0.0:0`. A few
/// reply a name, which may be empty or not text at all.
///
/// `Display` writes `address:port`, and escapes the bytes of a name that are not printable ASCII.
#[doc(alias = "TargetAddr")]
#[doc(alias = "AddrKind")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A name and a port.
    Name(Name, u16),
}

/// A name in a proxy's reply: 0 to 255 bytes of any value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Vec<u8>);

impl Address {
    /// Returns the IP address and the port, or `None` for a name.
    ///
    /// A few proxies reply a name, and some of these reply an IP address as the text of a name.
    /// This crate resolves neither, because a lookup on this machine could reveal the target.
    /// Where an address is needed:
    ///
    /// - Parse the name, which may be an IP address:
    ///
    ///   ```
    ///   use anysocks::Address;
    ///   use std::net::SocketAddr;
    ///
    ///   fn addr(bound: &Address) -> Option<SocketAddr> {
    ///       let Address::Name(name, port) = bound else { return bound.socket_addr() };
    ///       let text = std::str::from_utf8(name.as_bytes()).ok()?;
    ///       Some(SocketAddr::new(text.parse().ok()?, *port))
    ///   }
    ///   ```
    ///
    /// - After BIND, send the peer the name itself, if the protocol has a form for it (`Display`
    ///   writes it), or resolve it through the proxy with `resolve` of a front end.
    /// - For a log, use `Display`.
    #[must_use]
    pub const fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(addr) => Some(*addr),
            Self::Name(..) => None,
        }
    }

    /// Returns the IP address, or `None` for a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.socket_addr().map(|addr| addr.ip())
    }

    /// Returns the port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Ip(addr) => addr.port(),
            Self::Name(_, port) => *port,
        }
    }

    /// Replaces an unspecified IP address by the proxy's own.
    ///
    /// Returns `None` if this is another address, or if the proxy's address is not known.
    pub(crate) fn at_host(&self, proxy: Option<IpAddr>) -> Option<Self> {
        match (self, proxy) {
            (Self::Ip(addr), Some(proxy)) if addr.ip().to_canonical().is_unspecified() => {
                Some(Self::Ip(SocketAddr::new(proxy.to_canonical(), addr.port())))
            }
            _ => None,
        }
    }
}

impl Name {
    /// Returns the bytes, as the proxy sent them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self::Ip(addr)
    }
}

impl From<Vec<u8>> for Name {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Name {
    /// Escapes all bytes that are not printable ASCII.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(addr) => addr.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}
