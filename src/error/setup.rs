//! Errors of this machine in preparing a socket, before the network is used.

use super::{Error, ErrorKind, Stage};
use std::error::Error as StdError;
use std::fmt::Display;
use std::{fmt, io};

/// The error of an option of a socket, or of its local address.
#[derive(Debug)]
struct SetupError {
    /// The option, or nothing if the error names it.
    what: String,
    cause: io::Error,
}

/// Returns an error of the same kind that names the option.
pub(crate) fn of_setup(what: impl Display, cause: io::Error) -> io::Error {
    io::Error::new(cause.kind(), SetupError { what: what.to_string(), cause })
}

/// Returns whether this is an error of preparing a socket. The proxy has no part in it.
pub(crate) fn is_of_setup(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<SetupError>()).is_some()
}

impl Error {
    /// Returns whether the cause is on this machine, in preparing a socket or a METHOD.
    pub(crate) fn is_of_this_machine(&self) -> bool {
        match self.kind() {
            ErrorKind::Unreachable(attempts) => {
                !attempts.is_empty() && attempts.iter().all(|attempt| is_of_setup(&attempt.error))
            }
            ErrorKind::Io(cause) if is_of_setup(cause) => true,
            _ => self.stage() == Stage::Preparation,
        }
    }
}

impl Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.what.is_empty() { "" } else { ": " };
        write!(f, "{}{separator}{}", self.what, self.cause)
    }
}

impl StdError for SetupError {}
