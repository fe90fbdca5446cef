//! The name of the proxy's service.

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::Host;
use std::borrow::Cow;
use std::fmt;

/// The name of the proxy's service, for which the client gets a ticket.
///
/// It converts from text: with a `/`, the text is a principal; otherwise it is host-based.
///
/// ```
/// use anysocks::gssapi::Service;
///
/// assert_eq!(Service::from("rcmd"), Service::HostBased("rcmd".into()));
/// assert_eq!(Service::from("socks@gw.example"), Service::HostBased("socks@gw.example".into()));
/// let principal = "rcmd/gw.example@EXAMPLE.COM";
/// assert_eq!(Service::from(principal), Service::Principal(principal.into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// A host-based name (RFC 2743 §4.1): `rcmd@gw.example`, or `rcmd` alone for the service at
    /// the proxy's host.
    HostBased(Box<str>),
    /// A principal of Kerberos: `rcmd/gw.example@EXAMPLE.COM`.
    Principal(Box<str>),
}

impl Service {
    /// Returns the name with the proxy's host, if it is without one.
    pub(super) fn at(&self, host: Option<&Host<'_>>) -> Result<Cow<'_, Self>, Error> {
        match (self, host) {
            (Self::HostBased(name), Some(Host::Domain(host))) if !name.contains('@') => {
                let host = host.as_str();
                let host = host.strip_suffix('.').unwrap_or(host);
                Ok(Cow::Owned(Self::HostBased(format!("{name}@{host}").into())))
            }
            (Self::HostBased(name), _) if !name.contains('@') => Err(Invalid::ServiceHost.into()),
            _ => Ok(Cow::Borrowed(self)),
        }
    }

    /// Returns the text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::HostBased(name) | Self::Principal(name) => name,
        }
    }
}

impl Default for Service {
    /// Returns `rcmd` at the proxy's host.
    fn default() -> Self {
        Self::HostBased("rcmd".into())
    }
}

impl From<&str> for Service {
    fn from(name: &str) -> Self {
        if name.contains('/') { Self::Principal(name.into()) } else { Self::HostBased(name.into()) }
    }
}

impl From<String> for Service {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
