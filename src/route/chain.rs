//! Proxies, one behind the other.

use super::hops::Hops;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::proxy::{Endpoint, Proxy};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Proxies, each of which is reached through the one before it. Each has its own version and credentials, resolves the name of the next or has
/// it looked up here, and has its own time limit; there may be one over all of them. Options of the socket count at the first, which has the only
/// one.
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
/// The stream that comes of it is the one to the first proxy, however many there are: each handshake is held over it in its turn.
#[derive(Clone, Debug)]
pub struct Chain {
    /// One at the least.
    hops: Vec<Proxy>,
    timeout: Option<Duration>,
}

impl Chain {
    /// The same, with one more proxy behind the last.
    ///
    /// # Errors
    ///
    /// The proxy is a Unix-domain socket, which no other proxy could reach, or behind TLS: only the stream to the first one is wrapped.
    pub fn then(mut self, proxy: Proxy) -> Result<Self, Error> {
        match proxy.endpoint() {
            Endpoint::Unix(_) => Err(Invalid::UnixBehindAProxy.into()),
            _ if proxy.is_behind_tls() => Err(Invalid::TlsBehindAProxy.into()),
            Endpoint::Addr(_) | Endpoint::Name(..) => {
                self.hops.push(proxy);
                Ok(self)
            }
        }
    }

    /// The time that all of it together may take, whatever has to be tried; `None`, and if this is not called, as much as the proxies' own limits
    /// together. Each proxy keeps its own besides, which begins with its turn.
    ///
    /// The addresses of a name that this machine [resolves](crate::Resolve::Locally) for a proxy
    /// share the time that this proxy has left.
    #[must_use]
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// The proxies, in the order in which they are reached: one at the least.
    #[must_use]
    pub fn hops(&self) -> &[Proxy] {
        &self.hops
    }

    /// The time that all of it together may take; `None` where there is no limit.
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        let own =
            || self.hops.iter().try_fold(Duration::ZERO, |sum, hop| Some(sum.saturating_add(hop.limit()?)));
        self.timeout.or_else(own)
    }

    /// The one that is asked for the target.
    pub(crate) fn last(&self) -> &Proxy {
        &self.hops[self.hops.len() - 1]
    }

    /// The proxy, if it is the only one.
    pub(crate) fn only(&self) -> Option<&Proxy> {
        match &*self.hops {
            [proxy] => Some(proxy),
            _ => None,
        }
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

    /// Reads URLs with commas between them. A comma in a password is written `%2C`. Where one of several is wrong, the error has its
    /// [number](Error::hop).
    fn from_str(urls: &str) -> Result<Self, Error> {
        let of = urls.split(',').count();
        let mut proxies = urls.split(',').enumerate().map(|(n, url)| {
            let proxy = url.trim().parse::<Proxy>();
            (n + 1, proxy.map_err(|error| error.of_hop(n + 1, of)))
        });
        let (_, first) = proxies.next().unwrap_or_else(|| (1, Err(Invalid::SchemeMissing.into())));
        proxies.try_fold(first?.into(), |chain: Self, (number, proxy)| {
            chain.then(proxy?).map_err(|error| error.of_hop(number, of))
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
