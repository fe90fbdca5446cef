//! Arguments that `connect` and `dial` accept as a proxy.

use crate::error::Error;
use crate::protocol::version::Version;
use crate::proxy::{Endpoint, Proxy};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A [`Proxy`], a proxy's URL, or a proxy's endpoint, as an argument of `connect`, `bind` and
/// `dial`.
///
/// | argument | meaning |
/// |---|---|
/// | [`Proxy`], `&Proxy`, `&Arc<Proxy>` | this proxy, with its options |
/// | a text with `://` | a [URL](Proxy#in-a-url) |
/// | any other text: `"host"`, `"host:port"` | an [`Endpoint`] |
/// | `("host", port)`, a socket address, a path, an [`Endpoint`] | an endpoint |
/// | `&[SocketAddr]`, `[SocketAddr; N]`, `Vec<SocketAddr>` | one proxy at several addresses |
///
/// A proxy at an endpoint speaks the SOCKS version of the called type, such as SOCKS5 for
/// `Socks5Stream`. It has no authentication and the default options. If a [`Proxy`] or a URL is of
/// another version, the call fails with [`WrongVersion`](crate::Invalid::WrongVersion).
///
/// A number is no proxy:
///
/// ```compile_fail,E0277
/// anysocks::blocking::Socks5Stream::connect(1080, "example.com:443");
/// ```
#[doc(alias = "ToProxyAddrs")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a proxy",
    label = "not a proxy",
    note = "proxies are `&Proxy`, a URL, \"host:port\", `(\"host\", port)`, `SocketAddr`, and a path"
)]
pub trait IntoProxy<'a> {
    /// Returns the proxy. An endpoint becomes a proxy of version `V`.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the text is neither a URL nor an
    ///   endpoint.
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
        at_endpoint::<V>(self)
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

fn at_endpoint<V: Version>(
    endpoint: impl TryInto<Endpoint, Error: Into<Error>>,
) -> Result<Cow<'static, Proxy>, Error> {
    endpoint.try_into().map(|endpoint| Cow::Owned(Proxy::unauthenticated::<V>(endpoint))).map_err(Into::into)
}

/// Implements `IntoProxy` for each type that converts to an `Endpoint`.
macro_rules! endpoints {
    ($($endpoint:ty),+ $(,)?) => {$(
        impl IntoProxy<'static> for $endpoint {
            fn into_proxy<V: Version>(self) -> Result<Cow<'static, Proxy>, Error> {
                at_endpoint::<V>(self)
            }
        }
    )+};
}

endpoints! {
    Endpoint,
    SocketAddr, SocketAddrV4, SocketAddrV6,
    (&str, u16), (String, u16), (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16),
    &[SocketAddr], Vec<SocketAddr>,
    &Path, PathBuf,
}

impl<const N: usize> IntoProxy<'static> for [SocketAddr; N] {
    fn into_proxy<V: Version>(self) -> Result<Cow<'static, Proxy>, Error> {
        at_endpoint::<V>(self)
    }
}
