//! Time limits, as a busy machine keeps them.

use std::time::{Duration, Instant};

/// How late the end of a limit may be noticed on a machine that has other work.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(3);

/// Checks that the work ended with its limit: not before, and within [`TOLERANCE`] after it.
#[track_caller]
pub(crate) fn assert_on_time(started: Instant, limit: Duration) {
    let elapsed = started.elapsed();
    assert!(elapsed >= limit && elapsed < limit + TOLERANCE, "{elapsed:?} of {limit:?}");
}
