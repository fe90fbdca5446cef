//! The target of a request: a host and a port.

mod conversions;
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

pub(crate) use syntax::split_port;

use crate::error::Error;
use crate::error::invalid::Invalid;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;

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
    ///
    /// The port of a URL is its own, and other targets of SOCKS5a have port 0, whatever `port` is.
    #[must_use]
    pub fn new(host: Host<'a>, port: u16) -> Self {
        let port = match &host {
            Host::Ip(_) | Host::Domain(_) => port,
            Host::Url(url) => url.port(),
            Host::Unix(_) | Host::AbstractUnix(_) | Host::Pool(_) => 0,
        };
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

    /// Returns the target as a request of RFC 1928 carries it: this one, or the host and the port
    /// of a URL with a fallback.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NeedsSocks5a`].
    pub(crate) fn into_standard(self) -> Result<Self, Error> {
        match &self.host {
            Host::Ip(_) | Host::Domain(_) => Ok(self),
            Host::Url(url) if url.has_fallback() => match self.host.on_network() {
                Some(host) => Ok(Self::new(host.into_owned(), url.port())),
                None => Err(Invalid::NeedsSocks5a.into()),
            },
            Host::Url(_) | Host::Unix(_) | Host::AbstractUnix(_) | Host::Pool(_) => {
                Err(Invalid::NeedsSocks5a.into())
            }
        }
    }

    /// Returns the target as a datagram carries it.
    ///
    /// # Errors
    ///
    /// - [`Invalid::TargetOfDatagram`].
    pub(crate) fn of_datagram(self) -> Result<Self, Error> {
        self.into_standard().map_err(|_| Invalid::TargetOfDatagram.into())
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

    /// Returns the IP address of the target or of its URL, or `None` for a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self.host.on_network()? {
            Host::Ip(ip) => Some(ip),
            _ => None,
        }
    }

    /// Returns the name of the target or of its URL, as the caller wrote it, or `None` for an IP
    /// address.
    ///
    /// It may contain upper-case letters or end with a dot.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        match &self.host {
            Host::Domain(name) => Some(name.as_str()),
            Host::Url(url) => url.domain(),
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

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(_) | Host::Domain(_) => write!(f, "{}:{}", self.host, self.port),
            // A URL contains its port, and the others have none.
            host => host.fmt(f),
        }
    }
}
