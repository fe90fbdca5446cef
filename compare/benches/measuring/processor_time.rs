//! The clock of a thread.

use nix::time::{ClockId, clock_gettime};
use std::io::Result;
use std::time::Duration;

/// The time for which this thread has run.
pub(crate) fn processor_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}
