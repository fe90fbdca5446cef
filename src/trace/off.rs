//! The functions of `trace` without the feature `tracing`: they do nothing.

#![allow(clippy::unused_self, reason = "the signatures of `trace/mod.rs`")]

use crate::error::{Error, Stage};
use std::fmt::Display;

/// A request without a span.
#[derive(Debug)]
pub(crate) struct Request;

pub(crate) const fn request(_: &dyn Display, _: &dyn Display, _: &dyn Display) -> Request {
    Request
}

impl Request {
    pub(crate) const fn without_span() -> Self {
        Self
    }

    pub(crate) fn watch<W>(&self, work: W) -> W {
        self.instrument(work)
    }

    pub(crate) fn instrument<W>(&self, work: W) -> W {
        work
    }

    pub(crate) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    pub(crate) const fn failed(&self, error: Error) -> Error {
        error
    }

    pub(crate) fn outcome<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        outcome
    }
}

pub(crate) fn hop<W>(_: usize, _: usize, _: &dyn Display, work: W) -> W {
    work
}

pub(crate) const fn sent(_: Stage, _: usize) {}

pub(crate) const fn received(_: Stage, _: usize) {}

pub(crate) const fn resolved(_: usize) {}

pub(crate) const fn failed(error: Error) -> Error {
    error
}

pub(crate) fn relay_replaced(_: &dyn Display, _: &dyn Display) {}

pub(crate) const fn next_upstream(_: &Error) {}

pub(crate) const fn ignored(_: &str, _: &str) {}

pub(crate) const fn connected(_: Stage) {}

pub(crate) fn violation(_: &dyn Display) {}

pub(crate) const fn negotiated(_encapsulated: bool) {}
