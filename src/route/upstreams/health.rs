//! Which upstreams have failed, and until when they are passed over.

use super::super::chain::Chain;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::reply::Reply;
use std::fmt;
use std::time::{Duration, Instant};

/// The state of one upstream, from [`Upstreams::health`](crate::Upstreams::health).
///
/// `Display` writes one line for a page or a log, such as `socks5h://a.example:1080: failed 2
/// times, passed over for 3 s: connection to the proxy failed: ..`. It contains no password.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The URLs of the proxies, without the passwords.
    pub upstream: String,
    /// The number of failures since the last success. Failures during a pause are not counted, nor
    /// those of connections that began before the last counted failure.
    pub failures: u32,
    /// The time for which the upstream is still passed over. `None` if it is not: if it has
    /// failed, the next connection tries it again.
    pub paused_for: Option<Duration>,
    /// The text of the last failure since the last success.
    pub last_error: Option<String>,
}

impl Health {
    /// Returns whether the upstream has not failed since its last success.
    #[must_use]
    pub const fn is_healthy(&self) -> bool {
        self.failures == 0
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.upstream)?;
        match self.failures {
            0 => return f.write_str("healthy"),
            1 => f.write_str("failed once")?,
            n => write!(f, "failed {n} times")?,
        }
        match self.paused_for {
            Some(pause) => write!(f, ", passed over for {} s", pause.as_secs_f32().ceil())?,
            None => f.write_str(", to be tried again")?,
        }
        match &self.last_error {
            Some(error) => write!(f, ": {error}"),
            None => Ok(()),
        }
    }
}

/// The first and the longest pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { first: Duration::from_secs(2), longest: Duration::from_secs(120) }
    }
}

impl Pauses {
    /// Returns the pause after this number of failures, at least one.
    fn after(self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    failures: u32,
    failed_at: Option<Instant>,
    paused_until: Option<Instant>,
    last_error: Option<Box<str>>,
}

impl State {
    /// Records a failed try. `begun` is when it began, unless that was during a pause, which does
    /// not count.
    ///
    /// It does not count either if it began before the last failure: of many connections at once,
    /// one counts.
    pub(super) fn fail(&mut self, begun: Option<Instant>, now: Instant, pauses: Pauses, error: &Error) {
        self.last_error = Some(format!("{:#}", error.sentence()).into());
        if begun.is_none_or(|begun| self.failed_at.is_some_and(|failed_at| begun < failed_at)) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        self.failed_at = Some(now);
        self.paused_until = now.checked_add(pauses.after(self.failures));
    }

    /// Returns whether the failure of a try that begins now counts, which it does not during a
    /// pause. After a pause, one connection tries the upstream, and another pause begins for the
    /// others.
    pub(super) fn admit(&mut self, now: Instant, pauses: Pauses) -> bool {
        if self.is_paused(now) {
            return false;
        }
        if self.failures > 0 {
            self.paused_until = now.checked_add(pauses.after(self.failures));
        }
        true
    }

    /// Ends the pause that the begin of this try has caused, after a failure that is not the
    /// upstream's.
    pub(super) fn release(&mut self, begun: Instant) {
        if self.failed_at.is_none_or(|failed_at| failed_at < begun) {
            self.paused_until = None;
        }
    }

    pub(super) fn succeed(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_paused(&self, now: Instant) -> bool {
        self.paused_until.is_some_and(|until| until > now)
    }

    pub(super) const fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    pub(super) fn health(&self, chain: &Chain, now: Instant) -> Health {
        let paused_for = self.paused_until.and_then(|until| until.checked_duration_since(now));
        Health {
            upstream: chain.to_string(),
            failures: self.failures,
            paused_for: paused_for.filter(|pause| !pause.is_zero()),
            last_error: self.last_error.as_deref().map(Into::into),
        }
    }
}

/// Returns whether the failure is the upstream's, whichever the request is.
pub(super) fn is_of_upstream(error: &Error) -> bool {
    let is_last = error.hop() == error.hops();
    match error.kind() {
        ErrorKind::Refused(reply) => !is_last || matches!(*reply, Reply::NO_IDENTD | Reply::OTHER_USER_ID),
        ErrorKind::RefusedExtended { reply, .. } => {
            !is_last || matches!(*reply, Reply::AUTHENTICATION_EXPIRED | Reply::RATE_LIMITED)
        }
        // The interface of a VPN is down, for example, or there is no ticket for a METHOD.
        _ if error.is_of_this_machine() => false,
        // The proxy may be waiting for the target.
        ErrorKind::TimedOut | ErrorKind::EndedEarly { .. } | ErrorKind::Io(_) => {
            !is_last || error.stage() != Stage::Request
        }
        ErrorKind::NeedsSocks5a { .. } | ErrorKind::NoRelay { .. } => false,
        _ => error.is_worth_another_proxy(),
    }
}
