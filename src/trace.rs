//! What the `tracing` feature reports: a span for each connection, an event for each message; sizes, never contents.

use crate::command::Command;
use crate::error::Stage;
use std::fmt::Display;
use tracing::{Span, debug, debug_span};

pub(crate) use tracing::Instrument;

/// The span of one request.
pub(crate) fn request(command: Command, proxy: &dyn Display, target: &dyn Display) -> Span {
    debug_span!("socks", %command, %proxy, %target)
}

/// A message was written.
pub(crate) fn sent(stage: Stage, bytes: usize) {
    debug!(%stage, bytes, "sent");
}

/// A message was understood.
pub(crate) fn heard(stage: Stage, bytes: usize) {
    debug!(%stage, bytes, "heard");
}
