//! The tries of one call: one upstream after the other, within one deadline.

use super::health::{State, is_of_upstream};
use super::{Chain, Upstreams};
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::route::address_timeout::share_of;
use crate::runtime::{Runtime, deadline};
use crate::trace;
use std::time::{Duration, Instant};

/// One way to carry a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'u> {
    /// `None` is a direct connection.
    pub(crate) chain: Option<&'u Chain>,
    pub(crate) limit: Option<Duration>,
}

impl<'u> Way<'u> {
    pub(crate) fn through(chain: &'u Chain) -> Self {
        Self { chain: Some(chain), limit: chain.limit() }
    }
}

/// What a request allows.
#[derive(Clone, Copy, Debug)]
pub(in crate::route) struct Repeatable {
    /// Whether a direct connection can carry the request.
    pub(crate) directly: bool,
    /// Whether the request has early data, which must not be sent twice.
    pub(crate) early_data: bool,
}

/// Makes a request through the upstreams, one after the other, until one carries it.
pub(in crate::route) async fn try_each<'u, R: Runtime, T, A>(
    upstreams: &'u Upstreams,
    repeatable: Repeatable,
    ask: impl Fn(Way<'u>) -> A,
) -> Result<T, Error>
where
    A: Future<Output = Result<T, Error>> + Send + Sync,
{
    let deadline = deadline::<R>(upstreams.limit());
    let order = upstreams.order(Instant::now(), repeatable.directly);
    let mut failures = Failures(Vec::new());
    let count = order.len();
    for (n, index) in order.into_iter().enumerate() {
        let chain = index.and_then(|index| upstreams.0.chains.get(index));
        let share = share_of(deadline, count - n, R::now());
        let share = share.map(|until| until.saturating_duration_since(R::now()));
        let own = chain.and_then(Chain::limit);
        let limit = share.map_or(own, |share| Some(own.map_or(share, |own| own.min(share))));
        let begun = Instant::now();
        match ask(Way { chain, limit }).await {
            Ok(granted) => {
                if let Some(index) = index {
                    upstreams.with_state(index, State::succeed);
                }
                return Ok(granted);
            }
            Err(error) => {
                if let (Some(index), true) = (index, is_of_upstream(&error)) {
                    let (now, pauses) = (Instant::now(), upstreams.0.settings.pauses);
                    upstreams.with_state(index, |state| state.fail(begun, now, pauses, &error));
                }
                let is_last = n + 1 == count || deadline.is_some_and(|deadline| deadline <= R::now());
                if is_last || !is_to_try_next(&error, repeatable) {
                    return Err(failures.then(error));
                }
                trace::next_upstream(&error);
                failures.0.push(error);
            }
        }
    }
    Err(trace::failed(Invalid::NoProxyToAsk.into()))
}

/// Returns whether the next upstream may carry the request.
fn is_to_try_next(error: &Error, repeatable: Repeatable) -> bool {
    // A mistake may be one for this upstream only: SOCKS4 carries no IPv6 address.
    let may_succeed = error.is_worth_another_proxy() || matches!(error.kind(), ErrorKind::Invalid(_));
    may_succeed && !(repeatable.early_data && may_have_forwarded(error))
}

/// Returns whether the target may have received early data.
fn may_have_forwarded(error: &Error) -> bool {
    let is_refusal = error.reply().is_some();
    error.stage() == Stage::Request && error.hop() == error.hops() && !is_refusal
}

/// The failed tries of a call.
struct Failures(Vec<Error>);

impl Failures {
    /// Returns the error of a call whose last try failed like this.
    ///
    /// A mistake that only some upstreams report is not the reason of the failure.
    fn then(self, last: Error) -> Error {
        let mut tries = self.0;
        tries.push(last);
        let is_mistake = |error: &Error| matches!(error.kind(), ErrorKind::Invalid(_));
        let index = tries.iter().rposition(|error| !is_mistake(error)).unwrap_or(0);
        let is_everywhere = tries.iter().all(is_mistake);
        let reason = tries.remove(index);
        if is_everywhere { reason } else { reason.after_tries(tries) }
    }
}
