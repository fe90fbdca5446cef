//! The endpoint of a proxy.

use super::zone;
use crate::error::Error;
use crate::error::escape::Escaped;
use crate::error::invalid::Invalid;
use crate::error::pasted::Expected;
use crate::protocol::target::{Domain, Host, split_port};
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The conventional port of SOCKS (RFC 1928 §3).
pub(super) const DEFAULT_PORT: u16 = 1080;

/// The address at which a proxy listens: an IP address or a name, with a port, several addresses,
/// or a Unix-domain socket.
///
/// It converts from:
///
/// - text: `"host:port"`, or `"host"` for port 1080. White space around it is ignored;
/// - a host and a port: `("host", port)`;
/// - the address types of the standard library;
/// - several addresses: `&[SocketAddr]`, `[SocketAddr; N]`, `Vec<SocketAddr>`;
/// - a path, of a Unix-domain socket.
///
/// An IPv6 address may have a zone: the number of an interface (`[fe80::1%2]:1080`) or, on Linux,
/// its name (`[fe80::1%eth0]:1080`). The conversion looks the name of an interface up.
///
/// # Errors
///
/// The conversions from text, and from a host in text and a port, fail with
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid):
///
/// - [`NotAPort`](crate::Invalid::NotAPort): the port is not a number from 0 to 65535.
/// - [`NameEmpty`](crate::Invalid::NameEmpty), [`NameTooLong`](crate::Invalid::NameTooLong),
///   [`NameCharacter`](crate::Invalid::NameCharacter),
///   [`NameNotAscii`](crate::Invalid::NameNotAscii): the host is not a [`Domain`].
/// - [`NotIpv6`](crate::Invalid::NotIpv6): the text in brackets is not an IPv6 address.
/// - [`Unbracketed`](crate::Invalid::Unbracketed): an IPv6 address with a port or a zone has no
///   brackets.
/// - [`NoInterface`](crate::Invalid::NoInterface), [`ZoneName`](crate::Invalid::ZoneName): the
///   zone is not a number, and not the name of an interface.
/// - [`UrlAsEndpoint`](crate::Invalid::UrlAsEndpoint),
///   [`UserInEndpoint`](crate::Invalid::UserInEndpoint),
///   [`HttpProxy`](crate::Invalid::HttpProxy), [`PathAsEndpoint`](crate::Invalid::PathAsEndpoint),
///   [`Quoted`](crate::Invalid::Quoted), [`Assignment`](crate::Invalid::Assignment),
///   [`List`](crate::Invalid::List), [`Tail`](crate::Invalid::Tail): the text is recognized as
///   something else.
/// - [`NoAddress`](crate::Invalid::NoAddress): the list of addresses is empty.
///
/// The message quotes a text unless it may contain a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// An IP address and a port. An IPv6 address may have a scope id.
    Addr(SocketAddr),
    /// Several addresses of one proxy, at least one. Each connection dials them in parallel, like
    /// the addresses of a name (RFC 8305).
    ///
    /// There is no URL for it.
    Addrs(Box<[SocketAddr]>),
    /// A name and a port. Each connection resolves the name.
    ///
    /// A name with the text of an IP address has no URL, because a URL would mean the address.
    Name(Domain<'static>, u16),
    /// The path of a Unix-domain socket.
    ///
    /// A relative path has no URL. On Linux, a path that begins with a NUL is the name of an
    /// abstract socket. For any other path with a NUL, connecting fails with
    /// [`PathNul`](crate::Invalid::PathNul).
    Unix(PathBuf),
}

impl TryFrom<&str> for Endpoint {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        Self::from_text(text).map_err(|error| error.explained(text, Expected::Endpoint))
    }
}

impl Endpoint {
    /// Parses `host:port` or `host`.
    pub(super) fn from_text(text: &str) -> Result<Self, Error> {
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
            // No text is one of these.
            Host::Unix(_) | Host::AbstractUnix(_) | Host::Url(_) | Host::Pool(_) => {
                return Err(Invalid::NeedsSocks5a.into());
            }
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

/// Implements `From` for each type that converts to a `SocketAddr`.
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

impl TryFrom<Vec<SocketAddr>> for Endpoint {
    type Error = Error;

    fn try_from(addrs: Vec<SocketAddr>) -> Result<Self, Error> {
        match &*addrs {
            [] => Err(Invalid::NoAddress.into()),
            [addr] => Ok(Self::Addr(*addr)),
            _ => Ok(Self::Addrs(addrs.into())),
        }
    }
}

impl TryFrom<&[SocketAddr]> for Endpoint {
    type Error = Error;

    fn try_from(addrs: &[SocketAddr]) -> Result<Self, Error> {
        addrs.to_vec().try_into()
    }
}

impl<const N: usize> TryFrom<[SocketAddr; N]> for Endpoint {
    type Error = Error;

    fn try_from(addrs: [SocketAddr; N]) -> Result<Self, Error> {
        addrs.to_vec().try_into()
    }
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
            Self::Addrs(addrs) => {
                for (n, addr) in addrs.iter().enumerate() {
                    write!(f, "{}{addr}", if n == 0 { "" } else { " or " })?;
                }
                Ok(())
            }
            Self::Name(name, port) => write!(f, "{}:{port}", name.as_str()),
            Self::Unix(path) => Escaped(path.display()).fmt(f),
        }
    }
}
