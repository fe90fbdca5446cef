//! The changes of how proxies are dialled, which a connector's settings are.

use super::chain::Chain;
use super::upstreams::Upstreams;
use crate::proxy::Dialling;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A change of how each proxy is dialled.
pub(super) type Change = Arc<dyn Fn(&mut Dialling) + Send + Sync>;

/// The changes of all proxies of a connector.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    dialling: Vec<Change>,
    timeout: Timeout,
}

#[derive(Clone, Copy, Debug, Default)]
enum Timeout {
    #[default]
    Kept,
    Of(Option<Duration>),
}

impl Changes {
    pub(super) fn push(&mut self, change: Change) {
        self.dialling.push(change);
    }

    pub(super) fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = Timeout::Of(timeout);
        self.push(Arc::new(move |dialling| dialling.timeout = timeout));
    }

    pub(super) fn of_chain(&self, chain: Chain) -> Chain {
        if self.dialling.is_empty() {
            return chain;
        }
        let chain = chain.dial_with(|dialling| self.dialling.iter().for_each(|change| change(dialling)));
        match self.timeout {
            Timeout::Kept => chain,
            Timeout::Of(timeout) => chain.timeout(timeout),
        }
    }

    pub(super) fn of_upstreams(&self, upstreams: Upstreams) -> Upstreams {
        if self.dialling.is_empty() {
            return upstreams;
        }
        let upstreams = upstreams.map(|chain| self.of_chain(chain));
        match self.timeout {
            Timeout::Kept => upstreams,
            Timeout::Of(timeout) => upstreams.timeout(timeout),
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::proxy::Family;
    use crate::route::proxies::{Proxies, Route};
    use crate::route::{Chain, Upstreams};
    use std::sync::Arc;
    use std::time::Duration;

    const LIMIT: Duration = Duration::from_secs(7);

    fn chain() -> Chain {
        let chain: Chain = "socks5h://a.example, socks4a://b.example".parse().unwrap();
        chain.timeout(Duration::from_secs(600))
    }

    fn changed(proxies: Proxies) -> Route {
        let route = Route::from(proxies).with_timeout(Some(LIMIT));
        route.dial_with(Arc::new(|dialling| dialling.lookup.set_family(Family::Ipv6Only)))
    }

    fn assert_changed(chain: &Chain) {
        assert_eq!(chain.limit(), Some(LIMIT));
        for hop in chain.hops() {
            assert_eq!((hop.limit(), hop.dialling().lookup.family()), (Some(LIMIT), Family::Ipv6Only));
        }
    }

    #[test]
    fn all_known_proxies_are_changed_at_once() {
        let upstreams = || Upstreams::new([chain()]).unwrap().timeout(Duration::from_secs(900));
        for proxies in [
            Proxies::None,
            Proxies::Chain(chain()),
            Proxies::AnyOf(upstreams()),
            Proxies::ByScheme { https: Some(chain()), http: Some(chain()) },
        ] {
            let route = changed(proxies);
            assert_eq!((route.direct.timeout, route.direct.lookup.family()), (Some(LIMIT), Family::Ipv6Only));
            match &route.proxies {
                Proxies::Chain(chain) => assert_changed(chain),
                Proxies::AnyOf(upstreams) => {
                    assert_eq!(upstreams.limit(), Some(LIMIT));
                    upstreams.chains().iter().for_each(assert_changed);
                }
                Proxies::ByScheme { https, http } => {
                    [https, http].into_iter().flatten().for_each(assert_changed);
                }
                Proxies::None | Proxies::Rule(_) => {}
            }
        }
    }

    #[test]
    fn without_a_limit_there_is_none() {
        let route = changed(Proxies::AnyOf(Upstreams::from(chain()))).with_timeout(None);
        let Proxies::AnyOf(upstreams) = &route.proxies else { panic!("{route:?}") };
        assert_eq!(
            (upstreams.limit(), upstreams.chains()[0].limit(), route.direct.timeout),
            (None, None, None)
        );
    }
}
