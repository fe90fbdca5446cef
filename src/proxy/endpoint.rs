//! Where a proxy listens.

use super::zone;
use crate::error::Error;
use crate::error::escape::Escaped;
use crate::error::invalid::Invalid;
use crate::protocol::target::{Domain, Host, split_port};
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The port that SOCKS is conventionally located on (RFC 1928 §3).
pub(super) const DEFAULT_PORT: u16 = 1080;

/// Where a proxy listens.
///
/// A text is `host:port`, or `host` for port 1080; a path is one of a Unix-domain socket. An IPv6
/// address may have a zone, which is the number of an interface (`[fe80::1%2]:1080`) or, on Linux,
/// its name (`[fe80::1%eth0]:1080`). A name is looked up when the text is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// An address. An IPv6 one may have a scope id.
    Addr(SocketAddr),
    /// A name, which is resolved when a connection is made, and a port. A name that is the text of
    /// an address has no URL, because a URL with it means the address.
    Name(Domain<'static>, u16),
    /// A Unix-domain socket. A relative path can be connected to, but has no URL. A path that
    /// begins with a NUL is the name of an abstract socket, on Linux. Any other path that holds a
    /// NUL is refused when a connection is made ([`PathNul`](crate::Invalid::PathNul)).
    Unix(PathBuf),
}

impl TryFrom<&str> for Endpoint {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        if zone::split(text).is_some() {
            return Err(Invalid::Unbracketed.into());
        }
        let (host, port) = split_port(text)?;
        (host, port.unwrap_or(DEFAULT_PORT)).try_into()
    }
}

impl TryFrom<&String> for Endpoint {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        text.as_str().try_into()
    }
}

impl TryFrom<String> for Endpoint {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.as_str().try_into()
    }
}

impl TryFrom<(&str, u16)> for Endpoint {
    type Error = Error;

    fn try_from((host, port): (&str, u16)) -> Result<Self, Error> {
        if let Some(addr) = zone::address(host, port)? {
            return Ok(addr.into());
        }
        Ok(match Host::try_from(Cow::Borrowed(host))?.into_owned() {
            Host::Ip(ip) => Self::Addr((ip, port).into()),
            Host::Domain(name) => Self::Name(name, port),
        })
    }
}

impl TryFrom<(String, u16)> for Endpoint {
    type Error = Error;

    fn try_from((host, port): (String, u16)) -> Result<Self, Error> {
        (&*host, port).try_into()
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.try_into()
    }
}

/// Says of each type that a socket address is made of it.
macro_rules! addresses {
    ($($addr:ty),+ $(,)?) => {$(
        impl From<$addr> for Endpoint {
            fn from(addr: $addr) -> Self {
                Self::Addr(addr.into())
            }
        }
    )+};
}

addresses! {
    SocketAddr, SocketAddrV4, SocketAddrV6,
    (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16),
}

impl From<&Path> for Endpoint {
    fn from(path: &Path) -> Self {
        Self::Unix(path.to_owned())
    }
}

impl From<PathBuf> for Endpoint {
    fn from(path: PathBuf) -> Self {
        Self::Unix(path)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addr(addr) => addr.fmt(f),
            Self::Name(name, port) => write!(f, "{}:{port}", name.as_str()),
            Self::Unix(path) => Escaped(path.display()).fmt(f),
        }
    }
}
