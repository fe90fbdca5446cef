//! What the `tracing` feature reports: a span for each connection, an event for each message; sizes, never contents.

use crate::command::Command;
use crate::error::{Error, Stage};
use std::fmt::Display;
use std::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span, debug, debug_span};

/// The span of one request. What it came to is filled in at its end: the stage that failed, if one did, and how long it took.
pub(crate) struct Request(Span);

pub(crate) fn request(command: Command, proxy: &dyn Display, target: &dyn Display) -> Request {
    Request(debug_span!("socks", %command, %proxy, %target, failed = Empty, elapsed = Empty))
}

impl Request {
    /// Reports the work as this request's.
    pub(crate) async fn watch<T>(self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let began = Instant::now();
        let outcome = work.instrument(self.0.clone()).await;
        if let Err(error) = &outcome {
            self.0.record("failed", tracing::field::display(error.stage()));
        }
        self.0.record("elapsed", tracing::field::debug(began.elapsed()));
        outcome
    }
}

/// A message was written.
pub(crate) fn sent(stage: Stage, bytes: usize) {
    debug!(%stage, bytes, "sent");
}

/// A message was understood.
pub(crate) fn heard(stage: Stage, bytes: usize) {
    debug!(%stage, bytes, "heard");
}
