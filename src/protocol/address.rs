//! What a proxy answers: the address that it bound.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// BND.ADDR and BND.PORT of a reply, as the proxy sent them (RFC 1928 §6; SOCKS4's DSTIP and DSTPORT).
///
/// Many proxies fill in `0.0.0.0:0`, and a few a name, which may be empty or no text at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A name and a port.
    Name(Name, u16),
}

/// A name that a proxy sent: 0 to 255 bytes, of any value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Vec<u8>);

impl Address {
    /// The IP address and port, if it is not a name.
    #[must_use]
    pub const fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(addr) => Some(*addr),
            Self::Name(..) => None,
        }
    }

    /// The IP address, if it is not a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.socket_addr().map(|addr| addr.ip())
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Ip(addr) => addr.port(),
            Self::Name(_, port) => *port,
        }
    }

    /// Replaces an unspecified IP address by that of the proxy which sent it. Returns `None` if
    /// this is another address.
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
    /// The bytes, as they were sent.
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
    /// Whatever is not printable ASCII is escaped: the name comes from outside and may go to a terminal.
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
