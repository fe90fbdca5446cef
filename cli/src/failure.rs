//! Why a command failed, and the exit status.

use anysocks::{Error, ErrorKind, Stage};
use std::fmt;
use std::io;
use std::process::ExitCode;

/// A message for a person, and the exit status for a program.
#[derive(Debug)]
pub(crate) struct Failure {
    text: String,
    status: Status,
}

/// The values that `--help` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Io = 1,
    Mistake = 2,
    Unreachable = 3,
    ClientRefused = 4,
    RequestRefused = 5,
    TimedOut = 6,
    NotSocks = 7,
}

impl Failure {
    pub(crate) fn new(status: Status, text: impl Into<String>) -> Self {
        Self { text: text.into(), status }
    }

    /// A mistake of the user's. Nothing was sent.
    pub(crate) fn mistake(text: impl Into<String>) -> Self {
        Self::new(Status::Mistake, text)
    }

    #[allow(clippy::needless_pass_by_value, reason = "it is passed to `map_err`")]
    pub(crate) fn io(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(inner) => inner.into(),
            None => Self::new(Status::Io, error.to_string()),
        }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.status as u8)
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self::new(status(error), format!("{error:#}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

fn status(error: &Error) -> Status {
    match (error.kind(), error.stage()) {
        (ErrorKind::Invalid(_) | ErrorKind::Rule(_), _) => Status::Mistake,
        _ if error.is_timeout() => Status::TimedOut,
        (
            ErrorKind::MethodsRefused | ErrorKind::PasswordRefused(_) | ErrorKind::ClosedDuringMethod { .. },
            _,
        ) => Status::ClientRefused,
        (ErrorKind::Refused(_) | ErrorKind::RefusedExtended { .. }, _) => Status::RequestRefused,
        (_, Stage::Preparation | Stage::Resolve | Stage::Dial | Stage::Direct) => Status::Unreachable,
        (_, Stage::Tunnel | Stage::Association) => Status::Io,
        _ => Status::NotSocks,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
