//! Several proxies or chains, of which any may carry a connection.

mod conversions;
mod health;
mod text;
mod tries;

pub use health::Health;
pub(crate) use tries::Way;
pub(super) use tries::{Allowed, Direct, check_each, try_each};

use super::chain::Chain;
use crate::error::Error;
use crate::error::invalid::Invalid;
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
/// answer in time, does not follow the protocol, or refuses the client. The same holds for replies
/// without a reason, such as X'01'. Any other refusal of the target ends the call. So does a
/// failure after which the target may have received early data.
///
/// An upstream that can't carry the request is left out for this request: a SOCKS4 proxy, for an
/// IPv6 address. If this machine can't resolve the target's name, the upstreams that resolve it
/// themselves follow.
///
/// # Health
///
/// An upstream that has failed is passed over for a [pause](Self::pause). After the pause, one
/// connection tries it; if that fails, a pause of twice the length begins. During a pause, an
/// upstream is still tried after all others have failed, so a connection never fails without a
/// try. A success ends the pause.
///
/// Not every failure begins a pause. A reply that refuses the request, or a request without a
/// reply, may be due to the target. A timeout may be due to earlier tries that left less than one
/// second of the time for all. A socket or a METHOD that can't be prepared is this machine's
/// failure.
///
/// Clones share this state, also after a setter. [`health`](Self::health) returns it.
///
/// # Time
///
/// All tries together may take the [timeout](Self::timeout). A try may take the remaining time
/// divided by the number of remaining upstreams, but at least 2 seconds, and never more than the
/// timeout of its own proxy or [chain](Chain::timeout).
///
/// A call that the caller cancels counts as no failure, because its cause is not known. So a
/// timeout around the call, such as an HTTP client's, should be longer than that of the upstreams.
/// Otherwise it may end each call at the same silent proxy.
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

/// The place of an upstream among the tries of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    index: usize,
    /// Whether a failure counts. During a pause it does not.
    counts: bool,
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
    ///
    /// A `check` tries each upstream, and takes up to this time for each.
    #[must_use]
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        self.with(|inner| inner.settings.timeout = timeout.into())
    }

    /// Sets the first and the longest pause of an upstream that has failed. The default is from 2
    /// seconds to 2 minutes.
    ///
    /// The pause doubles with each failure after the previous pause has ended.
    ///
    /// Round robin goes by the upstreams that are not in a pause.
    #[must_use]
    pub fn pause(self, first: Duration, longest: Duration) -> Self {
        self.with(|inner| inner.settings.pauses = Pauses { first, longest })
    }

    /// Sets whether a direct connection is the last try, which exposes the client to the target,
    /// and the target's name to the DNS of this machine. The default is `false`: no connection is
    /// ever direct.
    ///
    /// The last try is made once each upstream is in a pause or has failed, for a reason that
    /// begins a pause. It is not made after a refusal or a failure that may be due to the target.
    /// Upstreams in a pause are then not tried. BIND and UDP ASSOCIATE are never direct.
    #[must_use]
    pub fn then_direct(self, direct: bool) -> Self {
        self.with(|inner| inner.direct = direct)
    }

    /// Returns whether a direct connection is the last try, as set by
    /// [`then_direct`](Self::then_direct) or by `DIRECT` in a text.
    #[must_use]
    pub fn is_direct_last(&self) -> bool {
        self.0.direct
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

    /// Returns the time that all tries may take, with that of a direct connection.
    fn limit_with(&self, direct: Option<Direct>) -> Option<Duration> {
        match direct {
            Some(direct) if self.0.chains.is_empty() => self.0.settings.timeout.or(direct.limit),
            _ => self.limit(),
        }
    }

    /// Returns the upstreams in the order in which a request tries them. Those in a pause are left
    /// out if a direct connection comes before them.
    fn order(&self, now: Instant, is_then_direct: bool) -> Vec<Turn> {
        let states = self.0.shared.states.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = (0..self.0.chains.len()).map(|index| {
            let state = states.get(index);
            Turn { index, counts: state.is_none_or(|state| !state.is_paused(now)) }
        });
        let (mut usable, mut others): (Vec<_>, Vec<_>) = turns.partition(|turn| turn.counts);
        if self.0.settings.round_robin && !usable.is_empty() {
            let count = usable.len();
            usable.rotate_left(self.0.shared.turn.fetch_add(1, Relaxed) % count);
        }
        if !is_then_direct {
            others.sort_by_key(|turn| states.get(turn.index).and_then(State::paused_until));
            usable.append(&mut others);
        }
        usable
    }

    fn is_paused(&self, index: usize, now: Instant) -> bool {
        self.with_state(index, |state| state.is_paused(now)).unwrap_or_default()
    }

    /// Records the begin of a try. Returns whether its failure counts.
    fn admit(&self, index: usize, now: Instant) -> bool {
        let pauses = self.0.settings.pauses;
        self.with_state(index, |state| state.admit(now, pauses)).unwrap_or(true)
    }

    /// Records a failed try that began then, unless that was during a pause.
    fn failed(&self, index: usize, begun: Option<Instant>, error: &Error) {
        let pauses = self.0.settings.pauses;
        self.with_state(index, |state| state.fail(begun, Instant::now(), pauses, error));
    }

    fn with_state<T>(&self, index: usize, of: impl FnOnce(&mut State) -> T) -> Option<T> {
        let mut states = self.0.shared.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.get_mut(index).map(of)
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
