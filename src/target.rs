//! What a proxy is asked for: a host and a port.

use crate::error::Error;
use crate::invalid::Invalid;
use std::borrow::Cow;
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

/// The host of a [`Target`]: an address, or a name for the proxy to resolve.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host<'a> {
    /// An address. An IPv4-mapped IPv6 address stays one.
    Ip(IpAddr),
    /// A name.
    Domain(Domain<'a>),
}

/// A name that a SOCKS message can carry: 1 to 255 bytes of ASCII without controls, spaces and the characters that separate the
/// parts of a URL (the WHATWG's "forbidden host code points").
///
/// A trailing dot is kept. An international name must come in its punycode form: IDNA tables would be by far the largest
/// part of this crate, and who has a URL parser has them already.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Domain<'a>(Cow<'a, str>);

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
        let host = match &self.host {
            Host::Ip(ip) => Host::Ip(*ip),
            Host::Domain(name) => Host::Domain(name.borrowed()),
        };
        Target { host, port: self.port }
    }
}

impl Host<'_> {
    /// The same host, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Host<'static> {
        match self {
            Host::Ip(ip) => Host::Ip(ip),
            Host::Domain(Domain(name)) => Host::Domain(Domain(Cow::Owned(name.into_owned()))),
        }
    }
}

impl<'a> Domain<'a> {
    /// A name, if SOCKS can carry it.
    ///
    /// # Errors
    ///
    /// It is empty, longer than 255 bytes, not ASCII, or holds a character that no host name has.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Result<Self, Error> {
        let name = name.into();
        check(&name)?;
        Ok(Self(name))
    }

    /// The same name, borrowing from this one.
    #[must_use]
    pub fn borrowed(&self) -> Domain<'_> {
        Domain(Cow::Borrowed(self.as_str()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a name may hold this byte.
static ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0x21;
    while byte < 0x7F {
        allowed[byte as usize] =
            !matches!(byte, b'#' | b'%' | b'/' | b':' | b'<' | b'>' | b'?' | b'@' | b'['..=b'^' | b'|');
        byte += 1;
    }
    allowed
};

/// What is wrong with a name, if anything is.
fn check(name: &str) -> Result<(), Invalid> {
    if name.is_empty() {
        return Err(Invalid::NameEmpty);
    }
    if name.len() > 255 {
        return Err(Invalid::NameTooLong(name.len()));
    }
    match name.bytes().find(|byte| !ALLOWED[usize::from(*byte)]) {
        None => Ok(()),
        Some(_) if !name.is_ascii() => Err(Invalid::NameNotAscii),
        Some(byte) => Err(Invalid::NameCharacter(char::from(byte))),
    }
}

impl<'a> TryFrom<Cow<'a, str>> for Host<'a> {
    type Error = Error;

    fn try_from(text: Cow<'a, str>) -> Result<Self, Error> {
        if let Err(no_name) = check(&text) {
            // An IPv6 address holds what no name may.
            return match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
                Some(inside) => ipv6(inside)?.map(Self::Ip).ok_or_else(|| Invalid::NotIpv6.into()),
                None => ipv6(&text)?.map(Self::Ip).ok_or_else(|| no_name.into()),
            };
        }
        if text.ends_with(|last: char| last.is_ascii_digit()) {
            if let Ok(ip) = text.parse() {
                return Ok(Self::Ip(IpAddr::V4(ip)));
            }
        }
        Ok(Self::Domain(Domain(text)))
    }
}

fn ipv6(text: &str) -> Result<Option<IpAddr>, Error> {
    let (ip, zone) = text.split_once('%').map_or((text, None), |(ip, zone)| (ip, Some(zone)));
    match (ip.parse().map(IpAddr::V6), zone) {
        (Ok(_), Some(_)) => Err(Invalid::Zone.into()),
        (ip, None) => Ok(ip.ok()),
        (Err(_), Some(_)) => Ok(None),
    }
}

impl<'a> TryFrom<&'a str> for Host<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        Cow::Borrowed(text).try_into()
    }
}

/// Cuts `host:port` in two; the port is `None` where there is no colon for it.
pub(crate) fn split_port(text: &str) -> Result<(&str, Option<u16>), Error> {
    let (host, port) = match (text.rfind(':'), text.rfind(']')) {
        (Some(colon), bracket) if bracket.is_none_or(|bracket| bracket < colon) => {
            (&text[..colon], &text[colon + 1..])
        }
        _ => return Ok((text, None)),
    };
    if [host, text].iter().any(|bare| bare.parse::<Ipv6Addr>().is_ok()) {
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
        Ok(Self::new(Cow::<str>::Owned(host).try_into()?, port))
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

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Domain(name) => f.write_str(name.as_str()),
        }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Domain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
