//! Arguments that calls accept as a target.

use super::{Domain, Host, Target};
use crate::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// A [`Target`], or a value that converts to one, as an argument of `connect`, `bind` and
/// `send_to`.
///
/// | argument | meaning |
/// |---|---|
/// | `"host:port"`: `&str`, `&String`, `String` | a host and a port |
/// | `("host", port)`, of the same types | a host and a port |
/// | `(Host, u16)`, `(Domain, u16)`, `(IpAddr, u16)`, ... | a host and a port |
/// | `SocketAddr`, `SocketAddrV4`, `SocketAddrV6` | an address |
/// | [`Target`], `&Target` | a target |
/// | `&http::Uri`, with the feature `hyper` | its host, and its port or that of its scheme |
///
/// A library that connects for its callers needs no other bound:
///
/// ```no_run
/// use anysocks::blocking::{AnyStream, Connector};
/// use anysocks::{Error, IntoTarget, Proxy};
///
/// fn open<'t>(target: impl IntoTarget<'t>, proxy: Option<&Proxy>) -> Result<AnyStream, Error> {
///     proxy.map_or_else(Connector::direct, Connector::new).connect(target)
/// }
///
/// let stream = open(("example.com", 80), None)?;
/// # Ok::<(), Error>(())
/// ```
///
/// A type of another crate can implement it:
///
/// ```
/// use anysocks::{Error, IntoTarget, Target};
///
/// struct Server {
///     host: String,
///     port: u16,
/// }
///
/// impl<'t> IntoTarget<'t> for &'t Server {
///     fn into_target(self) -> Result<Target<'t>, Error> {
///         (&self.host, self.port).into_target()
///     }
/// }
/// ```
///
/// A number is no target:
///
/// ```compile_fail,E0277
/// anysocks::blocking::Socks5Stream::connect("127.0.0.1:1080", 443);
/// ```
#[doc(alias = "IntoTargetAddr")]
#[doc(alias = "ToTargetAddr")]
#[doc(alias = "ToSocketAddrs")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a target",
    label = "not a target",
    note = "targets are \"host:port\", `(\"host\", port)`, `SocketAddr`, `Target`, and references to these texts"
)]
pub trait IntoTarget<'a> {
    /// Returns the target.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Invalid`](crate::ErrorKind::Invalid): the errors of the conversion to a
    ///   [`Target`].
    fn into_target(self) -> Result<Target<'a>, Error>;
}

/// Implements `IntoTarget` for types that convert to a `Target`.
macro_rules! targets {
    ($($argument:ty),+ $(,)?) => {$(
        impl<'a> IntoTarget<'a> for $argument {
            fn into_target(self) -> Result<Target<'a>, Error> {
                self.try_into().map_err(Error::from)
            }
        }
    )+};
}

targets! {
    Target<'a>, &'a Target<'_>,
    &'a str, &'a String, String,
    (&'a str, u16), (&'a String, u16), (String, u16),
    (Host<'a>, u16), (Domain<'a>, u16),
    (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16),
    SocketAddr, &SocketAddr, SocketAddrV4, SocketAddrV6,
}
