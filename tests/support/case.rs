//! Which of many cases failed: a table is one test, and a panic in its middle must say where.

use std::thread;

/// Names the case that is being run, if it panics.
pub(crate) struct Case(String);

impl Case {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("in the case: {}", self.0);
        }
    }
}
