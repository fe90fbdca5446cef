//! The results that commands print.

use crate::failure::Failure;
use serde_json::Value;
use std::io::{self, Write};

/// Prints a line to the standard output.
pub(crate) fn print(line: &str) -> Result<(), Failure> {
    // `println!` panics if the output is closed.
    let mut output = io::stdout();
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(Failure::output)
}

/// Returns a result as text or as JSON, on one line.
pub(crate) fn line(json: bool, text: String, value: &Value) -> String {
    if json { value.to_string() } else { text }
}
