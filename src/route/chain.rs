//! A chain of proxies.

use super::hops::Hops;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::error::pasted::has_bare_comma;
use crate::proxy::{Dialling, Endpoint, Proxy};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A chain of proxies: the client reaches each one through the one before it.
///
/// Use it when the proxy that can reach the target is itself reachable only through another proxy.
/// A [`Connector`](crate::Connector) takes a chain wherever it takes a proxy.
///
/// ```
/// use anysocks::{Chain, Proxy};
/// use std::time::Duration;
///
/// let chain: Chain = "socks5h://127.0.0.1:1080, socks4a://me@inner.example:1080".parse()?;
/// let chain = Chain::from(Proxy::socks5("127.0.0.1:1080")?)
///     .then(Proxy::socks5("inner.example:1080")?.password("user", "p@ss")?)?
///     .timeout(Duration::from_secs(20));
/// assert_eq!(chain.to_string(), "socks5h://127.0.0.1:1080, socks5h://user@inner.example:1080");
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// Every proxy keeps its own version, credentials, timeout and [`Resolve`](crate::Resolve):
/// `Resolve::ByProxy` sends the name of the next proxy to this one, and `Resolve::Locally`
/// resolves it on this machine. Options of the socket apply to the first proxy only, because there
/// is one TCP connection: to the first proxy, with the handshakes of all proxies over it. The
/// stream therefore has the type and the cost of a stream through one proxy. UDP ASSOCIATE makes
/// one such connection for each proxy.
///
/// A [`Method`](crate::protocol::Method) may negotiate an encapsulation at any proxy, and at
/// several of them. Each one covers all later bytes: the handshakes with the later proxies, and the
/// tunnel. The frames of a later proxy are inside of those of an earlier one.
///
/// # Limits
///
/// - Only the first proxy can be at a Unix-domain socket or behind TLS ([`then`](Self::then)).
/// - UDP ASSOCIATE needs SOCKS5 proxies that allow datagrams to each other's relays
///   ([`Connector::associate`](crate::Connector::associate)).
///
/// # Errors
///
/// Connecting through a chain has the errors of connecting through one proxy. [`Error::hop`] is the
/// number of the proxy that failed.
#[doc(alias = "hop")]
#[doc(alias = "tunnel")]
#[derive(Clone, Debug)]
pub struct Chain {
    /// Never empty.
    hops: Vec<Proxy>,
    timeout: Option<Duration>,
}

impl Chain {
    /// Adds a proxy at the end: it is reached through the present last one.
    ///
    /// # Errors
    ///
    /// - [`Invalid::UnixBehindAProxy`]: the proxy is at a Unix-domain socket, which no other proxy
    ///   can reach.
    /// - [`Invalid::TlsBehindAProxy`]: the proxy is behind TLS. Only the stream to the first proxy
    ///   can be wrapped.
    pub fn then(mut self, proxy: Proxy) -> Result<Self, Error> {
        match proxy.endpoint() {
            Endpoint::Unix(_) => Err(Invalid::UnixBehindAProxy.into()),
            _ if proxy.is_behind_tls() => Err(Invalid::TlsBehindAProxy.into()),
            Endpoint::Addr(_) | Endpoint::Addrs(_) | Endpoint::Name(..) => {
                self.hops.push(proxy);
                Ok(self)
            }
        }
    }

    /// Sets the time that connecting through the whole chain may take. The default, `None`, is the
    /// sum of the proxies' timeouts.
    ///
    /// The timeout of each proxy applies too. It begins with dialling for the first proxy, and
    /// with the handshake for each later one.
    ///
    /// The addresses of a name that this machine [resolves](crate::Resolve::Locally) for a proxy
    /// share the time that this proxy has left.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Returns the proxies in the order in which they are reached. There is at least one.
    #[must_use]
    pub fn hops(&self) -> &[Proxy] {
        &self.hops
    }

    /// Returns the time that connecting through the chain may take, or `None` without a limit.
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        let sum =
            || self.hops.iter().try_fold(Duration::ZERO, |sum, hop| Some(sum.saturating_add(hop.limit()?)));
        self.timeout.or_else(sum)
    }

    /// Changes how each proxy is dialled.
    pub(super) fn dial_with(self, change: impl Fn(&mut Dialling)) -> Self {
        let hops = self.hops.into_iter().map(|hop| hop.dial_with(&change)).collect();
        Self { hops, ..self }
    }

    /// Returns the proxy that gets the request for the target.
    pub(crate) fn last(&self) -> &Proxy {
        &self.hops[self.hops.len() - 1]
    }
}

impl From<Proxy> for Chain {
    fn from(proxy: Proxy) -> Self {
        Self { hops: vec![proxy], timeout: None }
    }
}

impl From<&Proxy> for Chain {
    fn from(proxy: &Proxy) -> Self {
        proxy.clone().into()
    }
}

impl FromStr for Chain {
    type Err = Error;

    /// Parses URLs that are separated by commas. A comma in a password is written `%2C`.
    ///
    /// # Errors
    ///
    /// With several URLs, the error has the [number](Error::hop) of the wrong one.
    ///
    /// - Those of parsing a [`Proxy`].
    /// - [`Invalid::NotEncoded`]: a user name or a password contains a comma.
    /// - Those of [`then`](Self::then).
    fn from_str(urls: &str) -> Result<Self, Error> {
        let count = urls.split(',').count();
        let mut proxies = urls.split(',').enumerate().map(|(n, url)| {
            let proxy = url.trim().parse::<Proxy>();
            // A part of the list may be a part of a password, up to an `@` in another one.
            let unquoted = |error: Error| if urls.contains('@') { error.unquoted() } else { error };
            (n + 1, proxy.map_err(|error| unquoted(error).of_hop(n + 1, count)))
        });
        if has_bare_comma(urls) {
            return Err(Invalid::NotEncoded.into());
        }
        let (_, first) = proxies.next().unwrap_or_else(|| (1, Err(Invalid::SchemeMissing.into())));
        proxies.try_fold(first?.into(), |chain: Self, (number, proxy)| {
            chain.then(proxy?).map_err(|error| error.of_hop(number, count))
        })
    }
}

impl TryFrom<&String> for Chain {
    type Error = Error;

    fn try_from(urls: &String) -> Result<Self, Error> {
        urls.parse()
    }
}

impl TryFrom<String> for Chain {
    type Error = Error;

    fn try_from(urls: String) -> Result<Self, Error> {
        urls.parse()
    }
}

impl TryFrom<&str> for Chain {
    type Error = Error;

    fn try_from(urls: &str) -> Result<Self, Error> {
        urls.parse()
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hops(&self.hops).fmt(f)
    }
}
