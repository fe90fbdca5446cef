//! The timeout of the request for one address, if the target has others.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::established::Established;
use crate::protocol::pause::Pause;
use crate::route::wrap::Wrap;
use crate::runtime::{Deadline, Runtime};
use std::time::{Duration, Instant};

/// Most reachable addresses answer within this time.
pub(super) const MIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The failure of an attempt with one address.
pub(super) struct FailedAttempt {
    pub(super) error: Error,
    /// Whether this address timed out before the deadline of the connection.
    pub(super) address_timed_out: bool,
}

impl FailedAttempt {
    /// Adds what the function adds to the error.
    pub(super) fn map(self, explain: impl FnOnce(Error) -> Error) -> Self {
        Self { error: explain(self.error), ..self }
    }
}

impl From<Error> for FailedAttempt {
    fn from(error: Error) -> Self {
        Self { error, address_timed_out: false }
    }
}

/// Drives the conversation, with a timeout for the request.
///
/// `addresses` is the number of remaining addresses, this one included. The stages before the
/// request have no timeout but the deadline, because they do not depend on the address.
pub(super) async fn converse_with_address_timeout<R: Runtime, W: Wrap<R>, T>(
    stream: &mut W::HandshakeStream,
    conversation: &mut T,
    deadline: Deadline,
    addresses: usize,
) -> Result<Established, FailedAttempt>
where
    T: Conversation<Outcome = Established> + Send + Sync,
{
    if addresses > 1 && deadline.is_some() && conversation.stage() != Stage::Request {
        W::converse(stream, &mut BeforeRequest(conversation), deadline).await?;
    }
    let address_deadline = share_of(deadline, addresses, R::now());
    let established = W::converse(stream, conversation, address_deadline).await;
    established.map_err(|error| FailedAttempt {
        address_timed_out: is_request_timeout(&error) && address_deadline < deadline,
        error,
    })
}

/// Returns whether the request timed out.
fn is_request_timeout(error: &Error) -> bool {
    error.stage() == Stage::Request && matches!(error.kind(), ErrorKind::TimedOut)
}

/// Returns the deadline of the next of several tries, by the rule of Go's `Dialer`.
///
/// The timeout is the remaining time divided by the number of remaining tries. It is at least
/// [`MIN_TIMEOUT`], and never ends after the deadline.
pub(super) fn share_of(deadline: Deadline, tries: usize, now: Instant) -> Deadline {
    let left = deadline?.saturating_duration_since(now);
    let tries = u32::try_from(tries).unwrap_or(u32::MAX).max(1);
    let timeout = (left / tries).max(MIN_TIMEOUT).min(left);
    now.checked_add(timeout)
}

/// The stages of a conversation before the request.
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
            // A conversation has no outcome before the request.
            Step::Done(_) => Step::Read(&mut []),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        self.0.advance(n)
    }

    fn stage(&self) -> Stage {
        self.0.stage()
    }

    fn failure(&self, kind: ErrorKind) -> Error {
        self.0.failure(kind)
    }

    fn pause(&mut self) -> Option<&mut Pause> {
        self.0.pause()
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        self.0.write_failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_divide_the_remaining_time() {
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
            assert_eq!(share_of(at(left), addresses, now), at(expected), "{left:?} by {addresses}");
        }
        // The deadline has passed.
        assert_eq!(share_of(Some(now), 2, now + MIN_TIMEOUT), Some(now + MIN_TIMEOUT));
    }
}
