//! What may stand for a proxy where one is connected to.

use crate::error::Error;
use crate::protocol::version::Version;
use crate::proxy::{Endpoint, Proxy};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What `connect` and `dial` take for a proxy: a [`Proxy`], a URL, or just where it is (`"host:port"`, `("host", port)`, a socket address,
/// the path of a Unix-domain socket), which then speaks the version that is being connected with, without authentication.
pub trait IntoProxy<'a> {
    /// The proxy, of version `V` where the value itself does not say.
    ///
    /// # Errors
    ///
    /// The text is no proxy's.
    fn into_proxy<V: Version>(self) -> Result<Cow<'a, Proxy>, Error>;
}

impl<'a> IntoProxy<'a> for &'a Proxy {
    fn into_proxy<V: Version>(self) -> Result<Cow<'a, Proxy>, Error> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a> IntoProxy<'a> for &'a Arc<Proxy> {
    fn into_proxy<V: Version>(self) -> Result<Cow<'a, Proxy>, Error> {
        Ok(Cow::Borrowed(self))
    }
}

impl IntoProxy<'static> for Proxy {
    fn into_proxy<V: Version>(self) -> Result<Cow<'static, Proxy>, Error> {
        Ok(Cow::Owned(self))
    }
}

impl IntoProxy<'static> for &str {
    fn into_proxy<V: Version>(self) -> Result<Cow<'static, Proxy>, Error> {
        if self.contains("://") {
            return self.parse().map(Cow::Owned);
        }
        located::<V>(self)
    }
}

impl IntoProxy<'static> for &String {
    fn into_proxy<V: Version>(self) -> Result<Cow<'static, Proxy>, Error> {
        self.as_str().into_proxy::<V>()
    }
}

impl IntoProxy<'static> for String {
    fn into_proxy<V: Version>(self) -> Result<Cow<'static, Proxy>, Error> {
        self.as_str().into_proxy::<V>()
    }
}

fn located<V: Version>(at: impl TryInto<Endpoint, Error: Into<Error>>) -> Result<Cow<'static, Proxy>, Error> {
    at.try_into().map(|endpoint| Cow::Owned(Proxy::speaking::<V>(endpoint))).map_err(Into::into)
}

/// Says of each type that it tells where a proxy is, and no more.
macro_rules! located {
    ($($at:ty),+ $(,)?) => {$(
        impl IntoProxy<'static> for $at {
            fn into_proxy<V: Version>(self) -> Result<Cow<'static, Proxy>, Error> {
                located::<V>(self)
            }
        }
    )+};
}

located! {
    Endpoint,
    SocketAddr, SocketAddrV4, SocketAddrV6,
    (&str, u16), (String, u16), (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16),
    &Path, PathBuf,
}
