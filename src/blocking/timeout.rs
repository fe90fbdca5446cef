//! The read and write timeouts of a blocking socket.

use super::Blocking;
use crate::runtime::{Deadline, deadline};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A timeout in nanoseconds; 0 means none.
#[derive(Debug, Default)]
pub(super) struct Timeout(AtomicU64);

impl Timeout {
    pub(super) fn set(&self, timeout: Option<Duration>) -> io::Result<()> {
        let nanoseconds = timeout.map_or(Ok(0), |timeout| match u64::try_from(timeout.as_nanos()) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::InvalidInput, "a timeout can't be zero")),
            nanoseconds => Ok(nanoseconds.unwrap_or(u64::MAX)),
        })?;
        self.0.store(nanoseconds, Relaxed);
        Ok(())
    }

    pub(super) fn get(&self) -> Option<Duration> {
        Some(self.0.load(Relaxed)).filter(|nanoseconds| *nanoseconds > 0).map(Duration::from_nanos)
    }

    pub(super) fn deadline(&self) -> Deadline {
        deadline::<Blocking>(self.get())
    }
}
