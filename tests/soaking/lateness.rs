//! How late calls ended after their deadline.

use anysocks::Error;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest time from the deadline to the end of a call. This load keeps a machine busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The durations of each front end.
#[derive(Default)]
pub(crate) struct Lateness(Mutex<BTreeMap<&'static str, Durations>>);

/// Counts by the power of two of microseconds, and the largest.
#[derive(Default)]
struct Durations {
    count: u64,
    by_power: [u64; 32],
    largest: Duration,
}

impl Lateness {
    /// Records a call with this timeout, if it ended because of that.
    ///
    /// # Panics
    ///
    /// If it ended before the timeout, or more than [`PATIENCE`] after it.
    pub(crate) fn record(&self, front: &'static str, began: Instant, timeout: Duration, error: &Error) {
        if error.is_timeout() {
            let elapsed = began.elapsed();
            assert!(elapsed >= timeout, "{front}: {elapsed:?} of {timeout:?}: {error}");
            assert!(elapsed <= timeout + PATIENCE, "{front}: {elapsed:?} of {timeout:?}: {error}");
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(front)
                .or_default()
                .add(elapsed.saturating_sub(timeout));
        }
    }
}

impl Durations {
    fn add(&mut self, late: Duration) {
        let power = 128 - late.as_micros().leading_zeros();
        let power = usize::try_from(power).expect("a power").min(self.by_power.len() - 1);
        self.by_power[power] += 1;
        self.count += 1;
        self.largest = self.largest.max(late);
    }

    /// The least power of two that this part of the durations is below.
    fn below(&self, part: f64) -> Duration {
        let mut left = self.count;
        for (power, count) in self.by_power.iter().enumerate().rev() {
            #[expect(clippy::cast_precision_loss, reason = "printed with few digits")]
            if (left - count) as f64 <= self.count as f64 * part {
                return Duration::from_micros(1 << power);
            }
            left -= count;
        }
        Duration::ZERO
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (front, durations) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let (half, most) = (durations.below(0.5), durations.below(0.99));
            write!(
                f,
                "\n  {front}: {} calls, 50 % below {half:?} late, 99 % below {most:?}, the last {:.1?}",
                durations.count, durations.largest
            )?;
        }
        Ok(())
    }
}
