//! The tries of one call: one upstream after the other, within one deadline.

use super::health::{State, is_of_upstream};
use super::{Chain, Upstreams};
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::socks_protocol::SocksProtocol;
use crate::proxy::Resolve;
use crate::route::address_timeout::{MIN_TIMEOUT, share_of};
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
pub(in crate::route) struct Allowed {
    /// A direct connection, if that can carry the request.
    pub(in crate::route) direct: Option<Direct>,
    /// Whether the request has early data, which must not be sent twice.
    pub(in crate::route) early_data: bool,
}

/// A direct connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::route) struct Direct {
    pub(in crate::route) limit: Option<Duration>,
}

/// Makes a request through the upstreams, one after the other, until one carries it.
pub(in crate::route) async fn try_each<'u, R: Runtime, T, A>(
    upstreams: &'u Upstreams,
    allowed: Allowed,
    ask: impl Fn(Way<'u>) -> A,
) -> Result<T, Error>
where
    A: Future<Output = Result<T, Error>> + Send + Sync,
{
    let direct = allowed.direct.filter(|_| upstreams.is_direct_last());
    let deadline = deadline::<R>(upstreams.limit_with(direct));
    let order = upstreams.order(Instant::now(), direct.is_some());
    let mut failures = Failures::new(allowed.early_data);
    let count = order.len() + usize::from(direct.is_some());
    for (n, turn) in order.into_iter().enumerate() {
        let chain = &upstreams.chains()[turn.index];
        if failures.rule_out(chain) {
            continue;
        }
        let limit = shorter(share::<R>(deadline, count - n), chain.limit());
        let begun = Instant::now();
        let counts = turn.counts && upstreams.admit(turn.index, begun);
        match ask(Way { chain: Some(chain), limit }).await {
            Ok(granted) => {
                upstreams.with_state(turn.index, State::succeed);
                return Ok(granted);
            }
            Err(error) => {
                let enough = shorter(chain.limit(), upstreams.limit_with(direct));
                let is_cut_short = error.is_timeout() && is_too_short(limit, enough);
                let is_of_upstream = is_of_upstream(&error) && !is_cut_short;
                if is_of_upstream {
                    upstreams.failed(turn.index, counts.then_some(begun), &error);
                } else if counts {
                    upstreams.with_state(turn.index, |state| state.release(begun));
                }
                failures.push(error, chain, is_of_upstream);
            }
        }
        if failures.are_final() || deadline.is_some_and(|deadline| deadline <= R::now()) {
            return Err(failures.into_error());
        }
    }
    match direct {
        Some(Direct { limit }) if failures.are_all_of_upstreams() => {
            let limit = shorter(share::<R>(deadline, 1), limit);
            ask(Way { chain: None, limit }).await.map_err(|error| failures.then(error).into_error())
        }
        _ => Err(failures.into_error()),
    }
}

/// Checks each upstream, one after the other, and records its state. Succeeds if one of them does.
///
/// Each one has its whole time, so that none fails because of another. `proves` is whether a
/// success shows that the upstream is usable.
pub(in crate::route) async fn check_each<'u, A>(
    upstreams: &'u Upstreams,
    proves: impl Fn(&Chain) -> bool,
    check: impl Fn(Way<'u>) -> A,
) -> Result<(), Error>
where
    A: Future<Output = Result<(), Error>> + Send + Sync,
{
    let mut failures = Failures::new(false);
    for (index, chain) in upstreams.chains().iter().enumerate() {
        let limit = shorter(upstreams.limit(), chain.limit());
        let begun = Instant::now();
        let counts = !upstreams.is_paused(index, begun);
        match check(Way { chain: Some(chain), limit }).await {
            Ok(()) if proves(chain) => {
                upstreams.with_state(index, State::succeed);
            }
            Ok(()) => {}
            Err(error) => {
                let is_of_upstream = is_of_upstream(&error);
                if is_of_upstream {
                    upstreams.failed(index, counts.then_some(begun), &error);
                }
                failures.push(error, chain, is_of_upstream);
            }
        }
    }
    if failures.tries.len() < upstreams.chains().len() { Ok(()) } else { Err(failures.into_error()) }
}

/// Returns the time that the next of several tries may take.
fn share<R: Runtime>(deadline: Option<Instant>, tries: usize) -> Option<Duration> {
    let now = R::now();
    share_of(deadline, tries, now).map(|until| until.saturating_duration_since(now))
}

/// Returns whether a timeout after this time may be due to the tries before it, which left so
/// little.
///
/// `enough` is the longest time that the try could have had.
fn is_too_short(limit: Option<Duration>, enough: Option<Duration>) -> bool {
    let least = enough.map_or(MIN_TIMEOUT, |enough| enough.min(MIN_TIMEOUT)) / 2;
    limit.is_some_and(|limit| limit < least)
}

fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The failed tries of a call.
struct Failures {
    tries: Vec<Error>,
    early_data: bool,
    next: Next,
    /// Whether no failure may be due to the target.
    are_all_of_upstreams: bool,
}

/// The upstreams that may succeed after the failures so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Any,
    /// Those that resolve the target's name themselves, because this machine can't.
    Resolving,
    None,
}

impl Failures {
    const fn new(early_data: bool) -> Self {
        Self { tries: Vec::new(), early_data, next: Next::Any, are_all_of_upstreams: true }
    }

    fn push(&mut self, error: Error, chain: &Chain, is_of_upstream: bool) {
        self.are_all_of_upstreams &= is_of_upstream;
        let is_sent = self.early_data && may_have_forwarded(&error, chain);
        if error.is_unresolved_target() {
            self.next = Next::Resolving;
        } else if is_sent || !is_to_try_next(&error) {
            self.next = Next::None;
        }
        if self.next != Next::None {
            trace::next_upstream(&error);
        }
        self.tries.push(error.by_upstream(chain.last()));
    }

    /// Returns whether an upstream can't succeed after these failures.
    fn rule_out(&self, chain: &Chain) -> bool {
        self.next == Next::Resolving && chain.last().resolves() == Resolve::Locally
    }

    const fn are_final(&self) -> bool {
        matches!(self.next, Next::None)
    }

    const fn are_all_of_upstreams(&self) -> bool {
        self.are_all_of_upstreams
    }

    fn then(mut self, error: Error) -> Self {
        self.tries.push(error);
        self
    }

    /// Returns the error of the call: that of the last try.
    ///
    /// A mistake that only some upstreams report is not the reason of the failure.
    fn into_error(mut self) -> Error {
        let is_mistake = |error: &Error| matches!(error.kind(), ErrorKind::Invalid(_));
        let is_everywhere = self.tries.iter().all(is_mistake);
        let index = self.tries.iter().rposition(|error| !is_mistake(error)).unwrap_or(0);
        if self.tries.is_empty() {
            return trace::failed(Invalid::NoProxyToAsk.into());
        }
        let reason = self.tries.remove(index);
        if is_everywhere { reason } else { reason.after_tries(self.tries) }
    }
}

/// Returns whether another upstream may succeed.
fn is_to_try_next(error: &Error) -> bool {
    match (error.kind(), error.stage()) {
        // It may be a mistake for this upstream only, as SOCKS4 carries no IPv6 address. The
        // preparation of a METHOD is one for this upstream too.
        (ErrorKind::Invalid(_), _) | (ErrorKind::TimedOut | ErrorKind::Io(_), Stage::Preparation) => true,
        _ => error.is_worth_another_proxy(),
    }
}

/// Returns whether the target may have received early data.
fn may_have_forwarded(error: &Error, chain: &Chain) -> bool {
    let is_ambiguous = matches!(
        error.kind(),
        ErrorKind::Io(_)
            | ErrorKind::TimedOut
            | ErrorKind::EndedEarly { .. }
            | ErrorKind::Malformed { .. }
            | ErrorKind::NotSocks { .. }
            | ErrorKind::MethodNotOffered(_)
    );
    // A pipelined handshake leaves in one write with the early data.
    let is_sent = match (error.stage(), chain.last().protocol()) {
        (Stage::Request, _) => true,
        (Stage::MethodSelection | Stage::Authentication, SocksProtocol::V5(auth)) => auth.is_pipelined(),
        _ => false,
    };
    is_ambiguous && is_sent && error.hop() == error.hops()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_earlier_tries_cut_short() {
        let millis = |millis: Option<u64>| millis.map(Duration::from_millis);
        for (limit, enough, expected) in [
            (None, None, false),
            (None, Some(30_000), false),
            (Some(2_000), Some(30_000), false),
            (Some(1_000), Some(30_000), false),
            (Some(999), Some(30_000), true),
            (Some(0), Some(30_000), true),
            (Some(999), None, true),
            (Some(199), Some(200), false),
            (Some(99), Some(200), true),
            (Some(0), Some(0), false),
        ] {
            assert_eq!(is_too_short(millis(limit), millis(enough)), expected, "{limit:?} of {enough:?}");
        }
    }
}
