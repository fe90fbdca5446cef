//! An error as a line for its reader.

use std::error::Error;

/// The error, and what it comes from: the sentences of this crate's errors leave that to `source`.
pub(crate) fn with_sources(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}
