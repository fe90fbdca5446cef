//! The duration of a request.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    #[allow(clippy::unnecessary_wraps, reason = "the signature of `no_stopwatch.rs`")]
    pub(super) fn elapsed(&self) -> Option<Duration> {
        Some(self.0.elapsed())
    }
}
