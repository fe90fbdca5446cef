//! What a proxy is asked for: a host and a port.

mod host;
pub(crate) mod syntax;

pub use host::{Domain, Host};

use crate::error::Error;
use crate::error::invalid::Invalid;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::str::FromStr;

/// A host and a port, as a proxy can be asked for them.
///
/// Made from text (`"example.com:443"`, `"[::1]:80"`), from host and port (`("example.com", 443)`, `("::1", 80)`), and from the
/// address types of the standard library. A literal address in a text is sent as an address, never as a name. What no SOCKS message
/// can carry is refused here, and nothing is resolved.
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
/// # Errors
///
/// The conversions refuse a missing port, a name that [`Domain`] refuses, and an IPv6 address with a zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target<'a> {
    host: Host<'a>,
    port: u16,
}

impl<'a> Target<'a> {
    /// A host and a port. Port 0 is sent as it is.
    #[must_use]
    pub const fn new(host: Host<'a>, port: u16) -> Self {
        Self { host, port }
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> &Host<'a> {
        &self.host
    }

    pub(crate) fn into_host(self) -> Host<'a> {
        self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The address, if the host is one.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ip(ip) => Some(ip),
            Host::Domain(_) => None,
        }
    }

    /// The name, if the host is one.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        match &self.host {
            Host::Ip(_) => None,
            Host::Domain(name) => Some(name.as_str()),
        }
    }

    /// The same target, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Target<'static> {
        Target { host: self.host.into_owned(), port: self.port }
    }

    /// The same target, borrowing from this one.
    #[must_use]
    pub fn borrowed(&self) -> Target<'_> {
        Target { host: self.host.borrowed(), port: self.port }
    }
}

/// Cuts `host:port` in two; the port is `None` where there is no colon for it.
pub(crate) fn split_port(text: &str) -> Result<(&str, Option<u16>), Error> {
    let last = text.bytes().rposition(|byte| matches!(byte, b':' | b']'));
    let (host, port) = match last.and_then(|last| text.split_at_checked(last)) {
        Some((host, rest)) if rest.starts_with(':') => (host, &rest[1..]),
        _ => return Ok((text, None)),
    };
    if host.contains(':') && [host, text].iter().any(|bare| bare.parse::<Ipv6Addr>().is_ok()) {
        return Err(Invalid::Unbracketed.into());
    }
    // `u16::from_str` takes a sign, which no port has.
    match port.parse() {
        Ok(number) if !port.starts_with('+') => Ok((host, Some(number))),
        _ => Err(Invalid::NotAPort.into()),
    }
}

impl<'a> TryFrom<&'a str> for Target<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        match split_port(text)? {
            (host, Some(port)) => (host, port).try_into(),
            (_, None) => Err(Invalid::PortMissing.into()),
        }
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
        write!(f, "{}:{}", self.host, self.port)
    }
}
