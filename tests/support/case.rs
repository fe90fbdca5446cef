//! Names the running case of a table when it panics, and limits its time.

use super::watchdog::{self, Watched};
use std::thread;
use std::time::Duration;

/// The longest time that a case may take. No sound case takes a tenth of it on an idle machine.
const LIMIT: Duration = Duration::from_secs(120);

/// A case of a test, until it is dropped. Prints the name if the test panics meanwhile, and ends the process if the case takes
/// longer than [`LIMIT`].
pub(crate) struct Case {
    name: String,
    _watched: Watched,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let test = thread::current().name().unwrap_or("a thread").to_owned();
        Self { _watched: watchdog::watch(format!("{test}, in the case: {name}"), LIMIT), name }
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("in the case: {}", self.name);
        }
    }
}
