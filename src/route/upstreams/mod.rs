//! Several proxies or chains, of which any may carry a connection.

mod health;
mod text;
mod tries;

pub use health::Health;
pub(crate) use tries::Way;
pub(super) use tries::{Repeatable, try_each};

use super::chain::Chain;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::proxy::Proxy;
use health::{Pauses, State};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Several proxies or chains, of which any may carry a connection, for
/// [`Connector::any_of`](crate::Connector::any_of).
///
/// ```
/// use anysocks::blocking::Connector;
/// use anysocks::{Chain, Proxy, Upstreams};
/// use std::time::Duration;
///
/// let near: Proxy = "socks5h://near.example".parse()?;
/// let far: Chain = "socks5h://gate.example, socks5h://far.example".parse()?;
/// let upstreams = Upstreams::new([near.into(), far])?.timeout(Duration::from_secs(20));
/// let connector = Connector::any_of(upstreams.clone())?;
/// for health in upstreams.health() {
///     println!("{health}");
/// }
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// # Order
///
/// Each connection tries the upstreams in the given order, or
/// [in turn](Self::round_robin). The next one is tried if a failure
/// [is worth another proxy](Error::is_worth_another_proxy): the proxy can't be reached, does not
/// answer in time, does not follow the protocol, or refuses the client. A refusal of the target
/// ends the call. So does a failure after which the target may have received early data.
///
/// An upstream that can't carry the request is left out for this request: a SOCKS4 proxy, for an
/// IPv6 address.
///
/// # Health
///
/// An upstream that has failed is passed over for a [pause](Self::pause), which doubles with each
/// further failure. Its next success ends that. An upstream in a pause is still tried, after all
/// others have failed, so a connection never fails without a try.
///
/// Not every failure begins a pause: a reply that refuses the request, or a request without a
/// reply, may be due to the target.
///
/// Clones share this state, also after a setter. [`health`](Self::health) returns it.
///
/// # Time
///
/// All tries together may take the [timeout](Self::timeout). A try may take the remaining time
/// divided by the number of remaining upstreams, but at least 2 seconds, and never more than the
/// timeout of its own proxy or [chain](Chain::timeout).
///
/// # Errors
///
/// The error of a call is that of its last try. [`Error::earlier_tries`] returns those before it.
#[doc(alias = "failover")]
#[doc(alias = "fallback")]
#[doc(alias = "load balancing")]
#[doc(alias = "pool")]
#[derive(Clone)]
pub struct Upstreams(Arc<Inner>);

struct Inner {
    /// Never empty, unless `direct` is set.
    chains: Vec<Chain>,
    /// Whether a direct connection is the last try.
    direct: bool,
    settings: Settings,
    shared: Arc<Shared>,
}

/// The state that clones share.
#[derive(Default)]
struct Shared {
    /// The number of connections so far, if they take turns.
    turn: AtomicUsize,
    /// The state of each chain.
    states: Mutex<Vec<State>>,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    round_robin: bool,
    timeout: Option<Duration>,
    pauses: Pauses,
}

impl Upstreams {
    /// Creates the list, in the order in which the upstreams are tried.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NoUpstream`]: the list is empty.
    pub fn new<C: Into<Chain>>(chains: impl IntoIterator<Item = C>) -> Result<Self, Error> {
        let chains: Vec<_> = chains.into_iter().map(Into::into).collect();
        if chains.is_empty() {
            return Err(Invalid::NoUpstream.into());
        }
        Ok(Self::of(chains))
    }

    fn of(chains: Vec<Chain>) -> Self {
        let states = Mutex::new(vec![State::default(); chains.len()]);
        let shared = Arc::new(Shared { states, ..Shared::default() });
        Self(Arc::new(Inner { chains, direct: false, settings: Settings::default(), shared }))
    }

    /// Changes a copy, which shares the state.
    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let Inner { chains, direct, settings, shared } = &*self.0;
        let (chains, settings) = (chains.clone(), settings.clone());
        let mut inner = Inner { chains, direct: *direct, settings, shared: Arc::clone(shared) };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Changes each chain.
    pub(super) fn map(self, change: impl Fn(Chain) -> Chain) -> Self {
        self.with(|inner| {
            let chains = std::mem::take(&mut inner.chains);
            inner.chains = chains.into_iter().map(change).collect();
        })
    }

    /// Sets whether each connection begins with the next upstream. By default, each one begins
    /// with the first.
    #[must_use]
    pub fn round_robin(self, round_robin: bool) -> Self {
        self.with(|inner| inner.settings.round_robin = round_robin)
    }

    /// Sets the time that all tries of a call may take. With `None`, the default, it is the longest
    /// timeout of an upstream, and no limit if one of them has none.
    #[must_use]
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        self.with(|inner| inner.settings.timeout = timeout.into())
    }

    /// Sets the first and the longest pause of an upstream that has failed. The default is from 2
    /// seconds to 2 minutes.
    ///
    /// The pause doubles with each failure after the previous pause has ended.
    #[must_use]
    pub fn pause(self, first: Duration, longest: Duration) -> Self {
        self.with(|inner| inner.settings.pauses = Pauses { first, longest })
    }

    /// Adds a direct connection as the last try, which exposes the client to the target.
    ///
    /// Without this, no connection is ever direct. The last try is made as soon as all upstreams
    /// have failed or are in a pause. BIND and UDP ASSOCIATE never use it.
    #[must_use]
    pub fn then_direct(self) -> Self {
        self.with(|inner| inner.direct = true)
    }

    /// Returns the upstreams in the given order.
    #[must_use]
    pub fn chains(&self) -> &[Chain] {
        &self.0.chains
    }

    /// Returns the state of each upstream, in the given order.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        let now = Instant::now();
        let states = self.0.shared.states.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.chains.iter().zip(&*states).map(|(chain, state)| state.health(chain, now)).collect()
    }

    /// Returns the time that all tries of a call may take.
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        let longest = || {
            let limits = self.0.chains.iter().map(Chain::limit);
            limits.reduce(|longest, limit| Some(longest?.max(limit?))).flatten()
        };
        self.0.settings.timeout.or_else(longest)
    }

    /// Returns the indices of the upstreams, in the order in which a request tries them. `None` is
    /// a direct connection, which not every request can use.
    fn order(&self, now: Instant, can_be_direct: bool) -> Vec<Option<usize>> {
        let count = self.0.chains.len();
        let first = if self.0.settings.round_robin { self.0.shared.turn.fetch_add(1, Relaxed) } else { 0 };
        let states = self.0.shared.states.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = (0..count).map(|n| (first % count + n) % count);
        let (mut paused, mut order): (Vec<_>, Vec<_>) =
            turns.partition(|index| states.get(*index).is_some_and(|state| state.is_paused(now)));
        if self.0.direct && can_be_direct {
            return order.into_iter().map(Some).chain([None]).collect();
        }
        paused.sort_by_key(|index| states.get(*index).and_then(State::paused_until));
        order.append(&mut paused);
        order.into_iter().map(Some).collect()
    }

    fn with_state(&self, index: usize, change: impl FnOnce(&mut State)) {
        let mut states = self.0.shared.states.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = states.get_mut(index) {
            change(state);
        }
    }
}

impl<C: Into<Chain>, const N: usize> TryFrom<[C; N]> for Upstreams {
    type Error = Error;

    fn try_from(chains: [C; N]) -> Result<Self, Error> {
        Self::new(chains)
    }
}

impl<C: Into<Chain>> TryFrom<Vec<C>> for Upstreams {
    type Error = Error;

    fn try_from(chains: Vec<C>) -> Result<Self, Error> {
        Self::new(chains)
    }
}

impl From<Chain> for Upstreams {
    fn from(chain: Chain) -> Self {
        Self::of(vec![chain])
    }
}

impl From<Proxy> for Upstreams {
    fn from(proxy: Proxy) -> Self {
        Chain::from(proxy).into()
    }
}

/// Writes the URLs without their passwords.
impl fmt::Display for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, chain) in self.0.chains.iter().enumerate() {
            write!(f, "{}{chain}", if n == 0 { "" } else { "; " })?;
        }
        match (self.0.direct, &*self.0.chains) {
            (true, []) => f.write_str("DIRECT"),
            (true, _) => f.write_str("; DIRECT"),
            (false, _) => Ok(()),
        }
    }
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstreams")
            .field("chains", &self.0.chains)
            .field("direct", &self.0.direct)
            .field("settings", &self.0.settings)
            .field("health", &self.health())
            .finish()
    }
}

#[cfg(test)]
mod tests;
