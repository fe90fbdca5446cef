//! An error as one line.

use std::error::Error;

/// Returns the text of the error and of its sources: the texts of this crate's errors leave these
/// out.
pub(crate) fn with_sources(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}
