//! What stands in for `trace` without the `tracing` feature: the same names, and nothing behind them.

#![allow(clippy::unused_self, reason = "the signatures of what they stand for")]

use crate::error::{Error, Stage};
use crate::protocol::command::Command;
use std::fmt::Display;

/// Stands for the span that there is not.
#[derive(Debug)]
pub(crate) struct Request;

pub(crate) const fn request(_: Command, _: &dyn Display, _: &dyn Display) -> Request {
    Request
}

impl Request {
    pub(crate) const fn of_the_caller() -> Self {
        Self
    }

    pub(crate) fn watch<W>(&self, work: W) -> W {
        work
    }

    pub(crate) const fn fails(&self, error: Error) -> Error {
        error
    }

    pub(crate) fn watch_blocking<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        work()
    }
}

pub(crate) fn hop<W>(_: usize, _: usize, _: &dyn Display, work: W) -> W {
    work
}

pub(crate) const fn sent(_: Stage, _: usize) {}

pub(crate) const fn received(_: Stage, _: usize) {}

pub(crate) const fn resolved(_: usize) {}

pub(crate) const fn ignored(_: &str, _: &str) {}

pub(crate) const fn connected(_: Stage) {}
