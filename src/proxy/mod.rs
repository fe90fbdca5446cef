//! A proxy as a value: its endpoint, its SOCKS version, its authentication and its options.

// Before the others, so that rustdoc lists the constructors first.
mod constructors;

mod authentication;
mod dialling;
mod endpoint;
#[cfg(any(unix, windows))]
mod hook;
#[cfg(not(any(unix, windows)))]
#[path = "no_hook.rs"]
mod hook;
pub(crate) mod into_proxy;
mod lookup;
mod options;
mod query;
mod query_settings;
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub(crate) mod random;
mod resolve;
mod socket;
mod socket_setters;
pub(crate) mod udp_options;
mod url;
mod zone;

#[cfg(test)]
pub(crate) use dialling::DEFAULT_TIMEOUT;
pub(crate) use dialling::Dialling;
pub use endpoint::Endpoint;
pub(crate) use hook::Hook;
pub(crate) use lookup::Lookup;
pub use lookup::{Family, Resolver, Resolving};
pub use resolve::Resolve;
pub(crate) use socket::SocketOptions;

use crate::protocol::socks_protocol::SocksProtocol;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A proxy server and how to reach it: endpoint, SOCKS version, authentication and options.
///
/// A `Proxy` is a plain value. It opens no connection, and one value serves any number of
/// connections. The `connect`, `bind`, `associate` and `dial` of each front end take a `&Proxy`; a
/// [`Connector`](crate::Connector) or a [`Chain`](crate::Chain) is made of one or more. Where only
/// the endpoint matters, a [text or an address](crate::IntoProxy) can stand for the proxy.
///
/// # In code
///
/// ```
/// use anysocks::Proxy;
/// use std::time::Duration;
///
/// let proxy = Proxy::socks5("proxy.example:1080")?
///     .password("user", "p@ss")?
///     .timeout(Duration::from_secs(10));
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// The defaults:
///
/// | option | default |
/// |---|---|
/// | authentication | none |
/// | [`resolve`](Self::resolve) | the proxy resolves the names of targets |
/// | [`timeout`](Self::timeout) | 30 seconds for dialling and handshake together |
/// | [`nodelay`](Self::nodelay) | on |
/// | [`keepalive`](Self::keepalive) | off |
/// | [`local_addr`](Self::local_addr), [`interface`](Self::interface) | chosen by the system |
/// | [`mark`](Self::mark), [`socket`](Self::socket) | none |
/// | [`family`](Self::family), [`resolver`](Self::resolver) | all families, the system's resolver |
/// | [`udp`](Self::udp) | [`Options::new()`](crate::udp::Options::new) |
/// | [`behind_tls`](Self::behind_tls) | off |
///
/// A clone shares the settings, and costs no allocation. A change of one does not affect the
/// other.
///
/// # In a URL
///
/// ```
/// use anysocks::Proxy;
///
/// let proxy: Proxy = "socks5h://user:p%40ss@proxy.example".parse()?;
/// assert_eq!(proxy.to_string(), "socks5h://user@proxy.example:1080");
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// The form is `scheme://[user[:password]@]host[:port]`, or
/// `scheme+unix://[user[:password]@]/path` for a Unix-domain socket. The default port is 1080.
/// User, password and path are percent-decoded to bytes. White space around a URL is ignored.
/// `Display` writes the URL without the password. Options may follow, as `?name=value&name=value`.
///
/// | scheme | protocol | the target's name is resolved by |
/// |---|---|---|
/// | `socks4` | SOCKS4 | this machine |
/// | `socks4a` | SOCKS4a | the proxy |
/// | `socks5` | SOCKS5 | this machine |
/// | `socks5h`, `socks` | SOCKS5 | the proxy |
/// | any of these with `+tls` | the same, [behind TLS](Self::behind_tls) | as without `+tls` |
/// | `socks5s` | `socks5h+tls` | the proxy |
///
/// | part of a URL | meaning |
/// |---|---|
/// | `user@`, `user:@` | a user name and an empty password |
/// | `:@` | no credentials |
/// | `[fe80::1%25eth0]`, `[fe80::1%252]` | an IPv6 address with a zone (RFC 6874): the name or the number of an interface |
/// | `[fe80::1%eth0]`, `[fe80::1%2]` | the same, if the zone does not begin with `25` |
/// | `socks5h+unix://%00name` | an abstract Unix-domain socket of Linux |
///
/// On Linux, parsing looks the name of an interface up. On other systems, a zone must be a number.
///
/// | option | meaning |
/// |---|---|
/// | `auth=gssapi` | [GSS-API](Self::gssapi) with the mechanism of the feature `gssapi`, and no user name |
/// | `level=confidentiality`, `level=integrity` | with `auth=gssapi`: the protection. The default is `confidentiality` |
/// | `service=NAME` | with `auth=gssapi`: the [service](crate::gssapi::Service), percent-decoded. The default is `rcmd` at the proxy's host |
/// | `timeout=SECONDS`, `timeout=none` | [`timeout`](Self::timeout), such as `0.5` or `20` |
/// | `keepalive=SECONDS`, `keepalive=none` | [`keepalive`](Self::keepalive) |
/// | `nodelay=on`, `nodelay=off` | [`nodelay`](Self::nodelay) |
/// | `local=ADDRESS` | [`local_addr`](Self::local_addr): an IP address, with or without a port |
/// | `interface=NAME` | [`interface`](Self::interface), percent-decoded |
/// | `mark=NUMBER` | [`mark`](Self::mark), decimal or with `0x` |
/// | `family=ipv4`, `ipv6`, `ipv4-first`, `ipv6-first` | [`family`](Self::family) |
/// | `relay=told`, `proxy`, `as-is` | [`udp`](Self::udp): the [`Relay`](crate::udp::Relay) |
///
/// A URL can't hold custom METHODs, GSS-API with another mechanism or without protection, flow
/// information of an IPv6 address, functions, or other options of associations. `Display` writes
/// the options of the authentication only.
///
/// # Errors
///
/// Parsing fails with [`ErrorKind::Invalid`](crate::ErrorKind::Invalid):
///
/// - [`SchemeMissing`](crate::Invalid::SchemeMissing), [`Scheme`](crate::Invalid::Scheme): the
///   text does not begin with a scheme of SOCKS.
/// - [`UrlTail`](crate::Invalid::UrlTail): something other than options follows host and port.
/// - [`UrlOption`](crate::Invalid::UrlOption), [`UrlValue`](crate::Invalid::UrlValue): an option is
///   unknown, has a wrong value, is given twice, or does not fit the rest.
/// - [`FeatureMissing`](crate::Invalid::FeatureMissing): an option needs a feature of this crate.
/// - [`ServiceHost`](crate::Invalid::ServiceHost): `auth=gssapi` needs `service`, because the proxy
///   has no host name.
/// - [`NotEncoded`](crate::Invalid::NotEncoded): the user name or the password contains `#`, `/` or
///   `?`.
/// - [`HttpProxy`](crate::Invalid::HttpProxy), [`CurlUnixPath`](crate::Invalid::CurlUnixPath),
///   [`PathAsEndpoint`](crate::Invalid::PathAsEndpoint), [`Quoted`](crate::Invalid::Quoted),
///   [`Assignment`](crate::Invalid::Assignment), [`List`](crate::Invalid::List): the text is
///   recognized as something else.
/// - [`UnixPath`](crate::Invalid::UnixPath): the URL of a Unix-domain socket has no usable path.
/// - [`PasswordOverSocks4`](crate::Invalid::PasswordOverSocks4): a SOCKS4 URL has a password.
/// - The mistakes of [`Endpoint`], [`Credentials::new`](crate::Credentials::new) and
///   [`UserId::new`](crate::UserId::new).
#[derive(Clone)]
pub struct Proxy(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    endpoint: Endpoint,
    protocol: SocksProtocol,
    resolve: Resolve,
    dialling: Dialling,
    udp: udp_options::Options,
    tls: bool,
    /// The options in the URL that describe the authentication.
    query: Option<Box<str>>,
}

/// # Accessors
impl Proxy {
    /// Returns the endpoint at which the proxy listens.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// Returns the SOCKS version of the proxy, with the authentication.
    #[must_use]
    pub fn protocol(&self) -> &SocksProtocol {
        &self.0.protocol
    }

    /// Returns where the names of targets are resolved, as set by [`resolve`](Self::resolve).
    #[must_use]
    pub fn resolves(&self) -> Resolve {
        self.0.resolve
    }

    /// Returns the time limit, as set by [`timeout`](Self::timeout).
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        self.0.dialling.timeout
    }

    /// Returns whether the proxy is [behind TLS](Self::behind_tls).
    #[must_use]
    pub fn is_behind_tls(&self) -> bool {
        self.0.tls
    }

    pub(crate) fn udp_options(&self) -> &udp_options::Options {
        &self.0.udp
    }

    pub(crate) fn dialling(&self) -> &Dialling {
        &self.0.dialling
    }

    pub(crate) fn dial_with(self, change: impl FnOnce(&mut Dialling)) -> Self {
        self.set(|settings| change(&mut settings.dialling))
    }

    /// Changes the settings of this proxy, and not those of its clones.
    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { endpoint, protocol, resolve, dialling, udp, tls, query } = &*self.0;
        let Dialling { timeout, socket, lookup } = dialling;
        f.debug_struct("Proxy")
            .field("endpoint", endpoint)
            .field("protocol", protocol)
            .field("resolve", resolve)
            .field("timeout", timeout)
            .field("socket", socket)
            .field("lookup", lookup)
            .field("udp", udp)
            .field("tls", tls)
            .field("query", query)
            .finish()
    }
}
