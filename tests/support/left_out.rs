//! The list of the tests that this machine can't run.

use std::env;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write;

/// Lists a test that can't run here, with the reason. The test must return after that, and passes.
///
/// The line is printed, and appended to the file that `ANYSOCKS_LEFT_OUT` names, if it is set.
/// `tests/run` sets it and prints the file at its end. With `--strict`, which `.ci/run` passes, a
/// line in it is a failure.
pub(crate) fn left_out(test: &str, reason: impl Display) {
    let line = format!("{test}: {reason}\n");
    eprint!("left out {line}");
    if let Some(list) = env::var_os("ANYSOCKS_LEFT_OUT") {
        let list = OpenOptions::new().append(true).create(true).open(list);
        list.and_then(|mut list| list.write_all(line.as_bytes())).expect("the list of what is left out");
    }
}
