//! The reports of the feature `tracing`: a span for each connection, an event for each message and
//! for each failure.
//!
//! They contain the sizes of messages, never the bytes.

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
mod stopwatch;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
#[path = "no_stopwatch.rs"]
mod stopwatch;

use crate::error::{Error, Stage};
use std::fmt::Display;
use stopwatch::Stopwatch;
use tracing::field::{Empty, debug, display};
use tracing::instrument::Instrumented;
use tracing::{Instrument, Span, debug, debug_span, info, warn};

/// The span of one request, with its stage, its error and its duration.
///
/// The duration is recorded on drop, so a cancelled request has one too.
#[derive(Debug)]
pub(crate) struct Request {
    span: Span,
    stopwatch: Stopwatch,
}

pub(crate) fn request(command: &dyn Display, proxy: &dyn Display, target: &dyn Display) -> Request {
    let span = debug_span!("socks", %command, %proxy, %target, stage = Empty, error = Empty, elapsed = Empty);
    Request { span, stopwatch: Stopwatch::start() }
}

impl Request {
    /// Creates a request without a span of its own. Events go to the caller's span, if there is
    /// one.
    pub(crate) fn without_span() -> Self {
        Self { span: Span::none(), stopwatch: Stopwatch::start() }
    }

    /// Runs asynchronous work in the span, and reports its outcome.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let outcome = self.instrument(work).await;
        self.outcome(outcome)
    }

    /// Runs asynchronous work in the span.
    pub(crate) fn instrument<W: Future>(&self, work: W) -> Instrumented<W> {
        work.instrument(self.span_or_current())
    }

    /// Runs blocking work in the span.
    pub(crate) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span_or_current().in_scope(work)
    }

    /// Reports an error that was found in a successful outcome.
    pub(crate) fn failed(&self, error: Error) -> Error {
        self.span.record("stage", display(error.stage()));
        self.span.record("error", display(format_args!("{:#}", error.sentence())));
        self.in_scope(|| failed(error))
    }

    fn span_or_current(&self) -> Span {
        if self.span.is_none() { Span::current() } else { self.span.clone() }
    }

    /// Reports the outcome, once for each request.
    pub(crate) fn outcome<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        if outcome.is_ok() {
            self.span.record("stage", display("done"));
        }
        outcome.map_err(|error| self.failed(error))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if let Some(elapsed) = self.stopwatch.elapsed() {
            self.span.record("elapsed", debug(elapsed));
        }
    }
}

/// Runs work in the span of one proxy of a chain, of which the first has number 1.
pub(crate) fn hop<W: Future>(number: usize, of: usize, proxy: &dyn Display, work: W) -> Instrumented<W> {
    if of == 1 {
        return work.in_current_span();
    }
    record_stage(format_args!("proxy {number} of {of}"));
    work.instrument(debug_span!("hop", number, %proxy, stage = Empty))
}

/// Reports that a message was written.
pub(crate) fn sent(stage: Stage, bytes: usize) {
    record_stage(stage);
    debug!(%stage, bytes, "sent");
}

/// Reports that a message was received and understood.
pub(crate) fn received(stage: Stage, bytes: usize) {
    record_stage(stage);
    debug!(%stage, bytes, "received");
}

/// Reports that a custom METHOD was negotiated, with an encapsulation or without one.
pub(crate) fn negotiated(encapsulated: bool) {
    debug!(stage = %Stage::Authentication, encapsulated, "negotiated");
}

/// Reports that the proxy, or someone on the path to it, violated a protocol of authentication.
pub(crate) fn violation(what: &dyn Display) {
    warn!(%what, "violation");
}

/// Reports that a name was resolved on this machine.
pub(crate) fn resolved(addresses: usize) {
    record_stage(Stage::Resolve);
    debug!(stage = %Stage::Resolve, addresses, "resolved");
}

/// Reports that a connection failed, once for each one, and returns the error.
pub(crate) fn failed(error: Error) -> Error {
    debug!(stage = %error.stage(), error = %format_args!("{error:#}"), "failed");
    error
}

/// Reports that the address of a relay in the proxy's reply is replaced by the proxy's own.
pub(crate) fn relay_replaced(bound: &dyn Display, own: &dyn Display) {
    info!(%bound, relay = %own, "the reply names an internal address");
}

/// Reports that a try through one of several upstreams failed, and that the next one follows.
pub(crate) fn next_upstream(error: &Error) {
    info!(stage = %error.stage(), error = %format_args!("{error:#}"), "trying the next upstream");
}

/// Reports that a variable of the environment, or a part of its value, is ignored.
pub(crate) fn ignored(variable: &str, why: &str) {
    info!(variable, why, "ignored");
}

/// Reports that a socket was connected.
pub(crate) fn connected(stage: Stage) {
    record_stage(stage);
    debug!(%stage, "connected");
}

/// Records the stage in the current span, if that is one of this crate's.
fn record_stage(stage: impl Display) {
    let span = Span::current();
    if span.metadata().is_some_and(|metadata| metadata.target() == module_path!()) {
        span.record("stage", display(stage));
    }
}
