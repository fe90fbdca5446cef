//! What the `tracing` feature reports: a span for each connection, an event for each message; sizes, never contents.

use crate::error::Stage;
use crate::proxy::Proxy;
use crate::target::Target;
use tracing::{Span, debug, debug_span};

pub(crate) use tracing::Instrument;

/// The span of one connection.
pub(crate) fn connection(proxy: &Proxy, target: &Target<'_>) -> Span {
    debug_span!("socks", %proxy, %target)
}

/// A message was written.
pub(crate) fn sent(stage: Stage, bytes: usize) {
    debug!(%stage, bytes, "sent");
}

/// A message was understood.
pub(crate) fn heard(stage: Stage, bytes: usize) {
    debug!(%stage, bytes, "heard");
}
