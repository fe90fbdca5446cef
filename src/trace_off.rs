//! What stands in for `trace` without the `tracing` feature: the same names, and nothing behind them.

use crate::command::Command;
use crate::error::{Error, Stage};
use std::fmt::Display;

/// Stands for the span that there is not.
pub(crate) struct Request;

pub(crate) const fn request(_: Command, _: &dyn Display, _: &dyn Display) -> Request {
    Request
}

impl Request {
    #[allow(clippy::unused_self, reason = "the signature of what it stands for")]
    pub(crate) fn watch<T>(
        self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, Error>> {
        work
    }
}

pub(crate) const fn sent(_: Stage, _: usize) {}

pub(crate) const fn heard(_: Stage, _: usize) {}
