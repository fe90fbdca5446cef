//! How long a proxy may take to answer the request for one address, if the target has others.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::established::Established;
use crate::route::wrap::Wrap;
use crate::runtime::{Deadline, Runtime};
use std::time::{Duration, Instant};

/// Most addresses that can be reached are reached in this time.
const LEAST: Duration = Duration::from_secs(2);

/// Why an attempt failed.
pub(super) struct FailedAttempt {
    pub(super) error: Error,
    /// Whether this address has used up its share, and time is left for another one.
    pub(super) share_expired: bool,
}

impl From<Error> for FailedAttempt {
    fn from(error: Error) -> Self {
        Self { error, share_expired: false }
    }
}

/// Holds the conversation. The request may take a share of the time up to the deadline: one of
/// `addresses`, the number that is left with this one. The stages before the request may take all
/// of that time, because they do not depend on the address.
pub(super) async fn converse_within_share<R: Runtime, W: Wrap<R>, T>(
    held: &mut W::Held,
    conversation: &mut T,
    deadline: Deadline,
    addresses: usize,
) -> Result<Established, FailedAttempt>
where
    T: Conversation<Outcome = Established> + Send + Sync,
{
    if addresses > 1 && deadline.is_some() && conversation.stage() != Stage::Request {
        W::converse(held, &mut BeforeRequest(conversation), deadline).await?;
    }
    let share = share(deadline, addresses, R::now());
    let established = W::converse(held, conversation, share).await;
    established.map_err(|error| FailedAttempt { share_expired: is_late(&error) && share < deadline, error })
}

/// Whether the proxy did not answer the request in time.
fn is_late(error: &Error) -> bool {
    error.stage() == Stage::Request && matches!(error.kind(), ErrorKind::TimedOut)
}

/// The time left divided by the addresses left, at least [`LEAST`], and never beyond the deadline.
/// Go's `Dialer` has the same rule.
fn share(deadline: Deadline, addresses: usize, now: Instant) -> Deadline {
    let left = deadline?.saturating_duration_since(now);
    let addresses = u32::try_from(addresses).unwrap_or(u32::MAX).max(1);
    let share = (left / addresses).max(LEAST).min(left);
    now.checked_add(share)
}

/// The part of a conversation before the request.
struct BeforeRequest<'t, T>(&'t mut T);

impl<T: Conversation> Conversation for BeforeRequest<'_, T> {
    type Outcome = ();

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, ()> {
        if self.0.stage() == Stage::Request {
            return Step::Done(());
        }
        match self.0.step(scratch) {
            Step::Write(bytes) => Step::Write(bytes),
            Step::Read(buf) => Step::Read(buf),
            // There is no outcome before the request.
            Step::Done(_) => Step::Read(&mut []),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        self.0.advance(n)
    }

    fn stage(&self) -> Stage {
        self.0.stage()
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        self.0.write_failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        let now = Instant::now();
        let at = |millis: Option<u64>| millis.map(|millis| now + Duration::from_millis(millis));
        for (left, addresses, expected) in [
            (Some(30_000), 1, Some(30_000)),
            (Some(30_000), 2, Some(15_000)),
            (Some(30_000), 4, Some(7_500)),
            (Some(30_000), 15, Some(2_000)),
            (Some(30_000), 1_000, Some(2_000)),
            (Some(30_000), usize::MAX, Some(2_000)),
            (Some(3_000), 2, Some(2_000)),
            (Some(1_999), 2, Some(1_999)),
            (Some(0), 2, Some(0)),
            (Some(5_000), 0, Some(5_000)),
            (None, 2, None),
        ] {
            assert_eq!(share(at(left), addresses, now), at(expected), "{left:?} by {addresses}");
        }
        // The deadline has passed.
        assert_eq!(share(Some(now), 2, now + LEAST), Some(now + LEAST));
    }
}
