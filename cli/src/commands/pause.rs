//! The pause of `anysocks udp` after a failed association.
//!
//! Without it, a dead proxy would get a connection attempt for each datagram.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// The time in which no association is opened. All clients share it, because all associations go
/// through the same proxies, and a client may send each datagram from another port.
#[derive(Default)]
pub(super) struct Pause(Option<(Instant, Duration)>);

impl Pause {
    /// Returns whether associations must not be opened at this time.
    pub(super) fn includes(&self, now: Instant) -> bool {
        self.0.is_some_and(|(end, _)| now < end)
    }

    /// Starts the pause after a failure, and returns its length. It is twice as long as the one
    /// before, unless a datagram has arrived through an association since, or the last failure was
    /// long ago.
    pub(super) fn start(&mut self, now: Instant, has_received: bool) -> Duration {
        let length = match self.0 {
            // The attempt began before the pause.
            Some((end, _)) if now < end => return end - now,
            Some((end, last)) if !has_received && now < end + LONGEST => LONGEST.min(last * 2),
            _ => FIRST,
        };
        self.0 = Some((now + length, length));
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_doubles_until_a_success() {
        let (mut pause, mut now) = (Pause::default(), Instant::now());
        assert!(!pause.includes(now));
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            let length = Duration::from_secs(seconds);
            assert_eq!(pause.start(now, false), length);
            assert!(pause.includes(now + length / 2));
            now += length;
            assert!(!pause.includes(now));
        }
        assert_eq!(pause.start(now, true), FIRST);
    }

    #[test]
    fn attempts_from_before_do_not_prolong_it() {
        let (mut pause, start) = (Pause::default(), Instant::now());
        pause.start(start, false);
        for has_received in [false, true] {
            assert_eq!(pause.start(start + SECOND / 4, has_received), SECOND * 3 / 4);
        }
        assert!(!pause.includes(start + SECOND));
        assert_eq!(pause.start(start + SECOND, false), SECOND * 2);
    }

    #[test]
    fn an_old_failure_does_not_count() {
        let (mut pause, start) = (Pause::default(), Instant::now());
        pause.start(start, false);
        assert_eq!(pause.start(start + FIRST + LONGEST, false), FIRST);
    }
}
