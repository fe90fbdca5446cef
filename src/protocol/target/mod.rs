//! The target of a request: a host and a port.

mod host;
mod into_target;
mod pool_id;
pub(crate) mod syntax;
mod unix_name;
mod url;

pub use host::{Domain, Host};
pub use into_target::IntoTarget;
pub use pool_id::PoolId;
pub use unix_name::UnixName;
pub use url::TargetUrl;

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::error::pasted::Expected;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::Path;
use std::str::FromStr;

/// The target of a request: a host and a port.
///
/// A target converts from:
///
/// - text: `"example.com:443"`, `"[::1]:80"`. White space around it is ignored;
/// - a host and a port: `("example.com", 443)`, `("::1", 80)`;
/// - the address types of the standard library.
///
/// An IP address in a text is sent as an address, never as a name. A conversion resolves nothing.
///
/// ```
/// use anysocks::Target;
///
/// let target = Target::try_from("example.com:443")?;
/// assert_eq!(target.port(), 443);
/// assert!(Target::try_from(("::1", 80))?.ip().is_some());
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// With a METHOD of SOCKS5a, [`unix`](Self::unix), [`abstract_unix`](Self::abstract_unix) and
/// [`url`](Self::url) are targets too.
///
/// # Errors
///
/// The conversions fail with [`ErrorKind::Invalid`](crate::ErrorKind::Invalid):
///
/// - [`PortMissing`](crate::Invalid::PortMissing), [`NotAPort`](crate::Invalid::NotAPort): the
///   text has no port, or not a number from 0 to 65535.
/// - [`NameEmpty`](crate::Invalid::NameEmpty), [`NameTooLong`](crate::Invalid::NameTooLong),
///   [`NameCharacter`](crate::Invalid::NameCharacter),
///   [`NameNotAscii`](crate::Invalid::NameNotAscii): the host is not a [`Domain`].
/// - [`NotIpv6`](crate::Invalid::NotIpv6), [`Unbracketed`](crate::Invalid::Unbracketed): the
///   brackets contain no IPv6 address, or an IPv6 address with a port has no brackets.
/// - [`Zone`](crate::Invalid::Zone): the host is an IPv6 address with a zone, which has no meaning
///   at the proxy.
/// - [`UrlAsTarget`](crate::Invalid::UrlAsTarget), [`UserInTarget`](crate::Invalid::UserInTarget),
///   [`PathAsTarget`](crate::Invalid::PathAsTarget), [`Quoted`](crate::Invalid::Quoted),
///   [`Assignment`](crate::Invalid::Assignment), [`List`](crate::Invalid::List),
///   [`Tail`](crate::Invalid::Tail): the text is recognized as something else.
///
/// The message quotes the text unless it may contain a secret.
#[doc(alias = "TargetAddr")]
#[doc(alias = "AddrKind")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target<'a> {
    host: Host<'a>,
    port: u16,
}

impl<'a> Target<'a> {
    /// Creates a target. Port 0 is sent as it is.
    #[must_use]
    pub const fn new(host: Host<'a>, port: u16) -> Self {
        Self { host, port }
    }

    /// Creates the target for a Unix-domain socket at the proxy, by its path. For SOCKS5a.
    ///
    /// # Errors
    ///
    /// - Those of [`UnixName::new`].
    pub fn unix(path: impl AsRef<Path>) -> Result<Self, Error> {
        UnixName::new(path.as_ref().as_os_str().as_encoded_bytes()).map(|name| Self::new(Host::Unix(name), 0))
    }

    /// Creates the target for a Unix-domain socket at the proxy, by its abstract name, without the
    /// NUL in front of it. For SOCKS5a.
    ///
    /// # Errors
    ///
    /// - Those of [`UnixName::new`].
    pub fn abstract_unix(name: impl AsRef<[u8]>) -> Result<Self, Error> {
        UnixName::new(name).map(|name| Self::new(Host::AbstractUnix(name), 0))
    }

    /// Creates a target from a URL. For SOCKS5a.
    ///
    /// [`TargetUrl::with_fallback`] adds a fallback to host and port.
    ///
    /// # Errors
    ///
    /// - Those of [`TargetUrl::new`].
    pub fn url(url: impl AsRef<str>) -> Result<Self, Error> {
        TargetUrl::new(url).map(Self::from)
    }

    /// Returns the target as a request of RFC 1928 carries it: this one, or the host and the port of
    /// a URL with a fallback.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NeedsSocks5a`].
    pub(crate) fn into_standard(self) -> Result<Self, Error> {
        match &self.host {
            Host::Ip(_) | Host::Domain(_) => Ok(self),
            Host::Url(url) => url.fallback().ok_or_else(|| Invalid::NeedsSocks5a.into()),
            Host::Unix(_) | Host::AbstractUnix(_) | Host::Pool(_) => Err(Invalid::NeedsSocks5a.into()),
        }
    }

    /// Returns the host.
    #[must_use]
    pub const fn host(&self) -> &Host<'a> {
        &self.host
    }

    pub(crate) fn into_host(self) -> Host<'a> {
        self.host
    }

    /// Returns the port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the IP address, or `None` for a name. Of a URL, it is that of its host.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self.host.on_network()? {
            Host::Ip(ip) => Some(*ip),
            _ => None,
        }
    }

    /// Returns the name as the caller wrote it, or `None` for an IP address. Of a URL, it is that of
    /// its host.
    ///
    /// It may contain upper-case letters or end with a dot.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        match self.host.on_network()? {
            Host::Domain(name) => Some(name.as_str()),
            _ => None,
        }
    }

    /// Converts to a target that borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Target<'static> {
        Target { host: self.host.into_owned(), port: self.port }
    }

    /// Returns the same target, borrowed from this one.
    #[must_use]
    pub fn borrowed(&self) -> Target<'_> {
        Target { host: self.host.borrowed(), port: self.port }
    }
}

/// Splits `host:port`. The port is `None` if there is no colon before one.
pub(crate) fn split_port(text: &str) -> Result<(&str, Option<u16>), Error> {
    let last = text.bytes().rposition(|byte| matches!(byte, b':' | b']'));
    let (host, port) = match last.and_then(|last| text.split_at_checked(last)) {
        Some((host, rest)) if rest.starts_with(':') => (host, &rest[1..]),
        _ => return Ok((text, None)),
    };
    if host.contains(':') && [host, text].iter().any(|bare| bare.parse::<Ipv6Addr>().is_ok()) {
        return Err(Invalid::Unbracketed.into());
    }
    // `u16::from_str` accepts a sign, which no port has.
    match port.parse() {
        Ok(number) if !port.starts_with('+') => Ok((host, Some(number))),
        _ => Err(Invalid::NotAPort.into()),
    }
}

impl<'a> TryFrom<&'a str> for Target<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        let text = text.trim();
        let target = split_port(text).and_then(|split| match split {
            (host, Some(port)) => (host, port).try_into(),
            (_, None) => Err(Invalid::PortMissing.into()),
        });
        target.map_err(|error| error.explained(text, Expected::Target))
    }
}

impl<'a> TryFrom<&'a String> for Target<'a> {
    type Error = Error;

    fn try_from(text: &'a String) -> Result<Self, Error> {
        text.as_str().try_into()
    }
}

impl TryFrom<String> for Target<'_> {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl FromStr for Target<'_> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(Target::try_from(text)?.into_owned())
    }
}

impl<'a> TryFrom<(&'a str, u16)> for Target<'a> {
    type Error = Error;

    fn try_from((host, port): (&'a str, u16)) -> Result<Self, Error> {
        Ok(Self::new(host.try_into()?, port))
    }
}

impl TryFrom<(String, u16)> for Target<'_> {
    type Error = Error;

    fn try_from((host, port): (String, u16)) -> Result<Self, Error> {
        Ok(Self::new(host.try_into()?, port))
    }
}

impl<'a> TryFrom<(&'a String, u16)> for Target<'a> {
    type Error = Error;

    fn try_from((host, port): (&'a String, u16)) -> Result<Self, Error> {
        (host.as_str(), port).try_into()
    }
}

impl<'a> From<(Host<'a>, u16)> for Target<'a> {
    fn from((host, port): (Host<'a>, u16)) -> Self {
        Self::new(host, port)
    }
}

impl<'a> From<(Domain<'a>, u16)> for Target<'a> {
    fn from((name, port): (Domain<'a>, u16)) -> Self {
        Self::new(Host::Domain(name), port)
    }
}

impl From<TargetUrl> for Target<'_> {
    fn from(url: TargetUrl) -> Self {
        let port = url.port();
        Self::new(Host::Url(url), port)
    }
}

impl From<PoolId> for Target<'_> {
    fn from(id: PoolId) -> Self {
        Self::new(Host::Pool(id), 0)
    }
}

impl From<(IpAddr, u16)> for Target<'_> {
    fn from((ip, port): (IpAddr, u16)) -> Self {
        Self::new(Host::Ip(ip), port)
    }
}

impl From<(Ipv4Addr, u16)> for Target<'_> {
    fn from((ip, port): (Ipv4Addr, u16)) -> Self {
        (IpAddr::V4(ip), port).into()
    }
}

impl From<(Ipv6Addr, u16)> for Target<'_> {
    fn from((ip, port): (Ipv6Addr, u16)) -> Self {
        (IpAddr::V6(ip), port).into()
    }
}

impl From<SocketAddrV4> for Target<'_> {
    fn from(addr: SocketAddrV4) -> Self {
        (*addr.ip(), addr.port()).into()
    }
}

impl TryFrom<SocketAddrV6> for Target<'_> {
    type Error = Error;

    fn try_from(addr: SocketAddrV6) -> Result<Self, Error> {
        match addr.scope_id() {
            0 => Ok((*addr.ip(), addr.port()).into()),
            _ => Err(Invalid::Zone.into()),
        }
    }
}

impl TryFrom<&SocketAddr> for Target<'_> {
    type Error = Error;

    fn try_from(addr: &SocketAddr) -> Result<Self, Error> {
        (*addr).try_into()
    }
}

impl TryFrom<SocketAddr> for Target<'_> {
    type Error = Error;

    fn try_from(addr: SocketAddr) -> Result<Self, Error> {
        match addr {
            SocketAddr::V4(addr) => Ok(addr.into()),
            SocketAddr::V6(addr) => addr.try_into(),
        }
    }
}

impl<'a> From<&'a Target<'_>> for Target<'a> {
    fn from(target: &'a Target<'_>) -> Self {
        target.borrowed()
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(_) | Host::Domain(_) => write!(f, "{}:{}", self.host, self.port),
            // A URL contains its port, and the others have none.
            host => host.fmt(f),
        }
    }
}
