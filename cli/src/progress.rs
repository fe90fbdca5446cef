//! Messages on the standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Prints an error.
pub(crate) fn error(error: impl Display) {
    line(&format!("anysocks: {error}"));
}

/// Prints a message about progress, if the standard error is a terminal.
pub(crate) fn progress(text: impl Display) {
    if io::stderr().is_terminal() {
        line(&format!("anysocks: {text}"));
    }
}

/// Prints a result, where the standard output has data.
pub(crate) fn line(text: &str) {
    // The standard error may be closed, and `eprintln!` would panic.
    let _ = writeln!(io::stderr(), "{text}");
}
