//! The pause of `anysocks udp` after a failed association.
//!
//! Without it, a dead proxy would get a connection attempt for each datagram.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(1);
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// The time in which no association is opened. All clients share it, because all associations go
/// through the same proxies, and a client may send each datagram from another port.
#[derive(Default)]
pub(super) struct Pause(Option<LastFailure>);

struct LastFailure {
    at: Instant,
    /// The length of the pause that began with it.
    length: Duration,
}

impl Pause {
    /// Returns the time until the end of the pause, or `None` if associations may be opened.
    pub(super) fn remaining(&self, now: Instant) -> Option<Duration> {
        let last = self.0.as_ref()?;
        let remaining = last.length.saturating_sub(now.saturating_duration_since(last.at));
        Some(remaining).filter(|remaining| !remaining.is_zero())
    }

    /// Starts the pause after a failure. `begun` is when the association was requested.
    ///
    /// The pause is twice as long as the one before, unless that had ended long before the request.
    /// The failure of an association that was requested before the last failure changes nothing: of
    /// many requests at once, one counts.
    pub(super) fn start(&mut self, begun: Instant, now: Instant) {
        let length = match &self.0 {
            Some(last) if begun < last.at => return,
            // A request may take as long as the longest pause until it fails.
            Some(last) if begun < last.at + last.length + LONGEST => LONGEST.min(last.length * 2),
            _ => FIRST,
        };
        self.0 = Some(LastFailure { at: now, length });
    }

    /// Makes the next pause as short as the first one, if an association that has worked was
    /// requested after the last failure.
    pub(super) fn forget(&mut self, begun: Instant) {
        if self.0.as_ref().is_some_and(|last| begun >= last.at + last.length) {
            self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_doubles_until_a_success() {
        // A refusal arrives at once, and a timeout after a long time.
        for attempt in [Duration::ZERO, 30 * SECOND] {
            let (mut pause, mut now) = (Pause::default(), Instant::now());
            assert_eq!(pause.remaining(now), None);
            for seconds in [1, 2, 4, 8, 16, 30, 30] {
                let length = Duration::from_secs(seconds);
                let begun = now;
                now += attempt;
                pause.start(begun, now);
                assert_eq!(pause.remaining(now), Some(length), "{attempt:?}");
                assert_eq!(pause.remaining(now + length / 2), Some(length / 2));
                now += length;
                assert_eq!(pause.remaining(now), None);
            }
            pause.forget(now);
            pause.start(now, now);
            assert_eq!(pause.remaining(now), Some(FIRST));
        }
    }

    /// Many attempts begin at once, and end one after another, also after the pause.
    #[test]
    fn attempts_from_before_do_not_prolong_it() {
        let (mut pause, start) = (Pause::default(), Instant::now());
        let failed = start + 2 * SECOND;
        pause.start(start, failed);
        for (quarters, expected) in [(1, Some(SECOND * 3 / 4)), (3, Some(SECOND / 4)), (4, None), (11, None)]
        {
            let now = failed + SECOND * quarters / 4;
            pause.start(start + SECOND, now);
            assert_eq!(pause.remaining(now), expected, "{quarters}");
        }
        let now = failed + 3 * SECOND;
        pause.start(now, now);
        assert_eq!(pause.remaining(now), Some(2 * SECOND));
    }

    /// The association of another client has worked, and ends during the pause.
    #[test]
    fn a_success_from_before_does_not_end_it() {
        let (mut pause, start) = (Pause::default(), Instant::now());
        pause.start(start + SECOND, start + SECOND);
        pause.forget(start);
        assert_eq!(pause.remaining(start + SECOND), Some(FIRST));
    }

    #[test]
    fn an_old_failure_does_not_count() {
        for (after, expected) in [(LONGEST, FIRST), (LONGEST / 2, 2 * FIRST)] {
            let (mut pause, start) = (Pause::default(), Instant::now());
            pause.start(start, start);
            let begun = start + FIRST + after;
            pause.start(begun, begun + LONGEST);
            assert_eq!(pause.remaining(begun + LONGEST), Some(expected));
        }
    }
}
