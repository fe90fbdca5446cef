//! How names are looked up on this machine.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

/// The address families that lookups on this machine use, for
/// [`Proxy::family`](crate::Proxy::family).
#[doc(alias = "ipv4")]
#[doc(alias = "ipv6")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// All addresses, in the resolver's order.
    #[default]
    Any,
    /// IPv4 addresses only.
    Ipv4Only,
    /// IPv6 addresses only.
    Ipv6Only,
    /// All addresses, beginning with IPv4.
    Ipv4First,
    /// All addresses, beginning with IPv6.
    Ipv6First,
}

impl Family {
    /// Returns the addresses of this family, in its order.
    pub(crate) fn apply<A>(self, addrs: Vec<A>, ip: impl Fn(&A) -> IpAddr) -> Vec<A> {
        let (mut first, mut second) = match self {
            Self::Any => return addrs,
            Self::Ipv4Only | Self::Ipv4First => addrs.into_iter().partition(|addr| ip(addr).is_ipv4()),
            Self::Ipv6Only | Self::Ipv6First => {
                addrs.into_iter().partition::<Vec<_>, _>(|addr| ip(addr).is_ipv6())
            }
        };
        if matches!(self, Self::Ipv4First | Self::Ipv6First) {
            first.append(&mut second);
        }
        first
    }

    /// Returns the name of the only family.
    pub(crate) const fn only(self) -> Option<&'static str> {
        match self {
            Self::Ipv4Only => Some("IPv4"),
            Self::Ipv6Only => Some("IPv6"),
            Self::Any | Self::Ipv4First | Self::Ipv6First => None,
        }
    }
}

/// A resolver of names for lookups on this machine, in place of the system's, for
/// [`Proxy::resolver`](crate::Proxy::resolver).
///
/// Implement it for DNS over HTTPS, a cache, a table of hosts, or a test.
///
/// ```
/// use anysocks::{Proxy, Resolve, Resolver, Resolving};
/// use std::collections::HashMap;
/// use std::future::ready;
/// use std::io;
/// use std::net::{IpAddr, Ipv4Addr};
///
/// struct Hosts(HashMap<String, Vec<IpAddr>>);
///
/// impl Resolver for Hosts {
///     fn resolve<'r>(&'r self, name: &'r str) -> Resolving<'r> {
///         let found = self.0.get(&name.to_ascii_lowercase()).cloned();
///         Box::pin(ready(found.ok_or_else(|| io::ErrorKind::NotFound.into())))
///     }
/// }
///
/// let hosts = Hosts([("db.example".to_owned(), vec![Ipv4Addr::LOCALHOST.into()])].into());
/// let proxy = Proxy::socks5("127.0.0.1:1080")?.resolve(Resolve::Locally).resolver(hosts);
/// # Ok::<(), anysocks::Error>(())
/// ```
pub trait Resolver: Send + Sync {
    /// Resolves a name to its addresses.
    ///
    /// The name is as the caller wrote it: it may contain upper-case letters or end with a dot. It
    /// is never the text of an [`IpAddr`], but may be another form that the system's resolver takes
    /// for an address, such as `127.1`. It is never below `.onion`.
    ///
    /// The future is polled where the connection is: on the blocking front end by the calling
    /// thread, on the others in the task. A resolver that needs a runtime's reactor, such as
    /// tokio's, works in tasks of that runtime only.
    ///
    /// The deadline of the connection cancels the lookup: the future is dropped. Calls are not
    /// shared between connections. The future must not block, except on the blocking front end,
    /// where it delays only its own caller, but is not cancelled while it blocks.
    ///
    /// # Errors
    ///
    /// The connection fails with [`ErrorKind::Unresolved`](crate::ErrorKind::Unresolved), which
    /// has the error as its source. An empty list counts as an error.
    fn resolve<'r>(&'r self, name: &'r str) -> Resolving<'r>;
}

/// The future of [`Resolver::resolve`].
pub type Resolving<'r> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'r>>;

/// How names are looked up on this machine. `None` is the default, which most proxies have.
#[derive(Clone)]
pub(crate) struct Lookup(Option<Arc<Settings>>);

#[derive(Clone, Default)]
struct Settings {
    family: Family,
    resolver: Option<Arc<dyn Resolver>>,
}

impl Lookup {
    pub(crate) const DEFAULT: Self = Self(None);

    pub(crate) fn family(&self) -> Family {
        self.0.as_ref().map(|settings| settings.family).unwrap_or_default()
    }

    pub(crate) fn resolver(&self) -> Option<&dyn Resolver> {
        self.0.as_ref()?.resolver.as_deref()
    }

    pub(crate) fn set_family(&mut self, family: Family) {
        self.settings().family = family;
    }

    pub(crate) fn set_resolver(&mut self, resolver: Arc<dyn Resolver>) {
        self.settings().resolver = Some(resolver);
    }

    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resolver = if self.resolver().is_some() { "the caller's" } else { "the system's" };
        f.debug_struct("Lookup").field("family", &self.family()).field("resolver", &resolver).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_each_family() {
        let addrs = ["192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"].map(|ip| ip.parse().unwrap());
        for (family, expected) in [
            (Family::Any, &[0, 1, 2, 3][..]),
            (Family::Ipv4Only, &[0, 2]),
            (Family::Ipv6Only, &[1, 3]),
            (Family::Ipv4First, &[0, 2, 1, 3]),
            (Family::Ipv6First, &[1, 3, 0, 2]),
        ] {
            let expected: Vec<IpAddr> = expected.iter().map(|index| addrs[*index]).collect();
            assert_eq!(family.apply(addrs.to_vec(), |ip| *ip), expected, "{family:?}");
        }
    }
}
