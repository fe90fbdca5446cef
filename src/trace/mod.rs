//! What the `tracing` feature reports: a span for each connection, an event for each message; sizes, never contents.

use crate::error::{Error, Stage};
use crate::protocol::command::Command;
use std::fmt::Display;
use std::time::Instant;
use tracing::field::{Empty, debug, display};
use tracing::instrument::Instrumented;
use tracing::{Instrument, Span, debug, debug_span, info};

/// The span of one request. How far it came, what failed if anything did, and how long it took are filled in on the way, the last when it is dropped:
/// so it is there of what is given up too.
#[derive(Debug)]
pub(crate) struct Request {
    span: Span,
    started: Instant,
}

pub(crate) fn request(command: Command, proxy: &dyn Display, target: &dyn Display) -> Request {
    let span = debug_span!("socks", %command, %proxy, %target, stage = Empty, error = Empty, elapsed = Empty);
    Request { span, started: Instant::now() }
}

impl Request {
    /// The request of a caller who has a span of their own, if any.
    pub(crate) fn of_the_caller() -> Self {
        Self { span: Span::none(), started: Instant::now() }
    }

    /// Reports the work as this request's.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let outcome = work.instrument(self.in_place()).await;
        self.record_outcome(outcome)
    }

    /// Reports the work of one who blocks.
    pub(crate) fn watch_blocking<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let outcome = self.in_place().in_scope(work);
        self.record_outcome(outcome)
    }

    /// What came of it can't be used.
    pub(crate) fn fails(&self, error: Error) -> Error {
        self.record(&error);
        error
    }

    fn record(&self, error: &Error) {
        self.span.record("stage", display(error.stage()));
        self.span.record("error", display(format_args!("{:#}", error.sentence())));
    }

    fn in_place(&self) -> Span {
        if self.span.is_none() { Span::current() } else { self.span.clone() }
    }

    fn record_outcome<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        match &outcome {
            Ok(_) => {
                self.span.record("stage", display("done"));
            }
            Err(error) => self.record(error),
        }
        outcome
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.span.record("elapsed", debug(self.started.elapsed()));
    }
}

/// The part of a request that one proxy of a chain has, the first being 1.
pub(crate) fn hop<W: Future>(number: usize, of: usize, proxy: &dyn Display, work: W) -> Instrumented<W> {
    if of == 1 {
        return work.in_current_span();
    }
    note(format_args!("proxy {number} of {of}"));
    work.instrument(debug_span!("hop", number, %proxy, stage = Empty))
}

/// A message was written.
pub(crate) fn sent(stage: Stage, bytes: usize) {
    note(stage);
    debug!(%stage, bytes, "sent");
}

/// A message was understood.
pub(crate) fn received(stage: Stage, bytes: usize) {
    note(stage);
    debug!(%stage, bytes, "received");
}

/// A name was looked up on this machine.
pub(crate) fn resolved(addresses: usize) {
    note(Stage::Resolve);
    debug!(stage = %Stage::Resolve, addresses, "resolved");
}

/// A variable of the environment, or a part of it, does not count.
pub(crate) fn ignored(variable: &str, why: &str) {
    info!(variable, why, "ignored");
}

/// A socket was connected.
pub(crate) fn connected(stage: Stage) {
    note(stage);
    debug!(%stage, "connected");
}

/// Notes how far it has come in the span that this is a part of, if that is one of this crate's.
fn note(stage: impl Display) {
    let span = Span::current();
    if span.metadata().is_some_and(|metadata| metadata.target() == module_path!()) {
        span.record("stage", display(stage));
    }
}
