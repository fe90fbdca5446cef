//! The host of a target: an IP address or a name.

use super::syntax::{check, parse};
use super::{PoolId, TargetUrl, UnixName};
use crate::error::Error;
use crate::error::pasted::Expected;
use crate::protocol::address::Address;
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The host of a [`Target`](crate::Target): an IP address or a name, and in SOCKS5a a few others.
///
/// The variants of SOCKS5a exist with and without the feature `socks5a`, so that a match compiles
/// in both builds. A request carries them only after a METHOD of SOCKS5a.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host<'a> {
    /// An IP address. An IPv4-mapped IPv6 address stays one.
    Ip(IpAddr),
    /// A name.
    Domain(Domain<'a>),
    /// SOCKS5a: the path of a Unix-domain socket at the proxy.
    Unix(UnixName),
    /// SOCKS5a: the abstract name of a Unix-domain socket at the proxy.
    AbstractUnix(UnixName),
    /// SOCKS5a: a URL.
    Url(TargetUrl),
    /// SOCKS5a: a connection in the proxy's pool, for
    /// [`Command::PoolGet`](crate::protocol::Command::PoolGet).
    Pool(PoolId),
}

/// A host name that a SOCKS message can carry.
///
/// It has 1 to 255 bytes of ASCII, without controls, spaces and the separators of a URL (the
/// WHATWG's "forbidden host code points"). A trailing dot is kept.
///
/// An international name must be in its punycode form (`xn--...`). This crate does no IDNA
/// conversion; a URL parser does.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Domain<'a>(Cow<'a, str>);

impl Host<'_> {
    /// Converts to a host that borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Host<'static> {
        match self {
            Host::Ip(ip) => Host::Ip(ip),
            Host::Domain(Domain(name)) => Host::Domain(Domain(Cow::Owned(name.into_owned()))),
            Host::Unix(name) => Host::Unix(name),
            Host::AbstractUnix(name) => Host::AbstractUnix(name),
            Host::Url(url) => Host::Url(url),
            Host::Pool(id) => Host::Pool(id),
        }
    }

    /// Returns the same host, borrowed from this one.
    #[must_use]
    #[inline]
    pub fn borrowed(&self) -> Host<'_> {
        match self {
            Host::Ip(ip) => Host::Ip(*ip),
            Host::Domain(name) => Host::Domain(name.borrowed()),
            Host::Unix(name) => Host::Unix(name.clone()),
            Host::AbstractUnix(name) => Host::AbstractUnix(name.clone()),
            Host::Url(url) => Host::Url(url.clone()),
            Host::Pool(id) => Host::Pool(id.clone()),
        }
    }

    /// Returns the IP address or the name: of a URL, those of its host.
    pub(crate) fn on_network(&self) -> Option<Host<'_>> {
        match self {
            Host::Ip(_) | Host::Domain(_) => Some(self.borrowed()),
            Host::Url(url) => match url.ip() {
                Some(ip) => Some(Host::Ip(ip)),
                None => url.domain().map(|name| Host::Domain(Domain(name.into()))),
            },
            Host::Unix(_) | Host::AbstractUnix(_) | Host::Pool(_) => None,
        }
    }

    /// Returns whether only a request of SOCKS5a carries this host.
    #[inline]
    pub(crate) const fn needs_socks5a(&self) -> bool {
        !matches!(self, Host::Ip(_) | Host::Domain(_))
    }
}

impl<'a> Host<'a> {
    /// Parses the text of a name in a proxy's reply.
    ///
    /// Returns `None` for an IP address, and for bytes that are no host.
    pub(crate) fn of_name(address: &'a Address) -> Option<Self> {
        match address {
            Address::Ip(_) => None,
            Address::Name(name, _) => std::str::from_utf8(name.as_bytes()).ok()?.try_into().ok(),
        }
    }
}

impl<'a> Domain<'a> {
    /// Creates a name, if a SOCKS message can carry it.
    ///
    /// # Errors
    ///
    /// - [`NameEmpty`](crate::Invalid::NameEmpty), [`NameTooLong`](crate::Invalid::NameTooLong):
    ///   its length is not 1 to 255 bytes.
    /// - [`NameNotAscii`](crate::Invalid::NameNotAscii): it is not ASCII.
    /// - [`NameCharacter`](crate::Invalid::NameCharacter): it contains a character that no host
    ///   name has.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Result<Self, Error> {
        let name = name.into();
        match check(&name) {
            Ok(()) => Ok(Self(name)),
            Err(invalid) => Err(Error::from(invalid).explained(&name, Expected::Host)),
        }
    }

    /// Returns the same name, borrowed from this one.
    #[must_use]
    #[inline]
    pub fn borrowed(&self) -> Domain<'_> {
        Domain(Cow::Borrowed(self.as_str()))
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> TryFrom<Cow<'a, str>> for Host<'a> {
    type Error = Error;

    fn try_from(text: Cow<'a, str>) -> Result<Self, Error> {
        Ok(match parse(&text).map_err(|invalid| Error::from(invalid).explained(&text, Expected::Host))? {
            Some(ip) => Self::Ip(ip),
            None => Self::Domain(Domain(text)),
        })
    }
}

impl<'a> TryFrom<&'a str> for Host<'a> {
    type Error = Error;

    fn try_from(text: &'a str) -> Result<Self, Error> {
        Cow::Borrowed(text).try_into()
    }
}

impl<'a> TryFrom<&'a String> for Host<'a> {
    type Error = Error;

    fn try_from(text: &'a String) -> Result<Self, Error> {
        text.as_str().try_into()
    }
}

impl TryFrom<String> for Host<'_> {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Cow::<str>::Owned(text).try_into()
    }
}

impl<'a> From<Domain<'a>> for Host<'a> {
    fn from(name: Domain<'a>) -> Self {
        Self::Domain(name)
    }
}

impl From<IpAddr> for Host<'_> {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}

impl From<Ipv4Addr> for Host<'_> {
    fn from(ip: Ipv4Addr) -> Self {
        Self::Ip(ip.into())
    }
}

impl From<Ipv6Addr> for Host<'_> {
    fn from(ip: Ipv6Addr) -> Self {
        Self::Ip(ip.into())
    }
}

impl From<TargetUrl> for Host<'_> {
    fn from(url: TargetUrl) -> Self {
        Self::Url(url)
    }
}

impl From<PoolId> for Host<'_> {
    fn from(id: PoolId) -> Self {
        Self::Pool(id)
    }
}

impl fmt::Display for Host<'_> {
    /// Writes an abstract name with `@` in front of it, and of a URL scheme, host and port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Domain(name) => f.write_str(name.as_str()),
            Self::Unix(name) => name.fmt(f),
            Self::AbstractUnix(name) => write!(f, "@{name}"),
            Self::Url(url) => url.fmt(f),
            Self::Pool(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for Domain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
