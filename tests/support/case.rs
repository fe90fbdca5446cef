//! Names the running case of a table when it panics, and limits its time.

use super::watchdog::{self, Watched};
use std::thread;
use std::time::Duration;

/// The longest time that a case may take. No sound case takes a tenth of it on an idle machine.
const LIMIT: Duration = Duration::from_secs(120);
/// The longest time that a test may take, with all its cases.
const TEST_LIMIT: Duration = Duration::from_secs(300);

/// The running case of a test, until it is dropped. Prints the name if the test panics in between,
/// and ends the process if the case takes longer than [`LIMIT`].
pub(crate) struct Case {
    name: String,
    _watched: Watched,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { _watched: watchdog::watch(format!("{}, in the case: {name}", test()), LIMIT), name }
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("in the case: {}", self.name);
        }
    }
}

/// Runs the cases at once, each on its own thread: for cases that wait for the end of a limit.
pub(crate) fn at_once<T: Sync>(cases: &[T], name: impl Fn(&T) -> String + Sync, check: impl Fn(&T) + Sync) {
    let (name, check) = (&name, &check);
    thread::scope(|scope| {
        for case in cases {
            let run = move || {
                let _case = Case::new(name(case));
                check(case);
            };
            thread::Builder::new().name(test()).spawn_scoped(scope, run).expect("a thread");
        }
    });
}

/// Ends the process if the running test takes longer than [`TEST_LIMIT`] from now on. A second
/// call has no effect.
///
/// The limit applies until the thread ends. With `--test-threads=1` all tests run on the main
/// thread, and there is no limit.
pub(crate) fn limit_test() {
    thread_local! {
        static WATCHED: Option<Watched> = match thread::current().name() {
            None | Some("main") => None,
            Some(test) => Some(watchdog::watch(test.to_owned(), TEST_LIMIT)),
        };
    }
    WATCHED.with(|_| ());
}

/// The name of the running test, which libtest gives to its thread.
fn test() -> String {
    thread::current().name().unwrap_or("a thread").to_owned()
}
