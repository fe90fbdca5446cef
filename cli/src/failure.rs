//! Why a command failed, and the exit status.

use crate::tls_failure::TlsFailure;
use anysocks::{Error, ErrorKind, Invalid, Stage};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

/// The message and the exit status of a failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    text: Option<String>,
    code: u8,
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
        Self { text: Some(text.into()), code: status as u8 }
    }

    /// An end without a message.
    pub(crate) const fn silent(code: u8) -> Self {
        Self { text: None, code }
    }

    /// A mistake of the user's. Nothing was sent.
    pub(crate) fn mistake(text: impl Into<String>) -> Self {
        Self::new(Status::Mistake, text)
    }

    #[allow(clippy::needless_pass_by_value, reason = "it is passed to `map_err`")]
    pub(crate) fn io(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(inner) => inner.into(),
            None if TlsFailure::is_set_up(&error) => Self::mistake(error.to_string()),
            None => Self::new(Status::Io, error.to_string()),
        }
    }

    /// A failure to write results or data. A reader that closes its end of a pipe, such as `head`,
    /// needs no message.
    #[allow(clippy::needless_pass_by_value, reason = "it is passed to `map_err`")]
    pub(crate) fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::silent(Status::Io as u8);
        }
        Self::new(Status::Io, format!("the standard output: {error}"))
    }

    /// A failure to bind the address of `--listen`.
    pub(crate) fn listen(addr: SocketAddr, error: &io::Error) -> Self {
        let status = match error.kind() {
            io::ErrorKind::InvalidInput => Status::Mistake,
            _ => Status::Io,
        };
        Self::new(status, format!("--listen {addr}: {error}"))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let advice = match error.kind() {
            ErrorKind::Invalid(Invalid::NoProxyToAsk) => ": set --proxy, --proxy-file, or ALL_PROXY",
            _ => "",
        };
        let status = status(error.kind(), error.stage(), error.is_timeout());
        Self::new(status, format!("{error:#}{advice}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

fn status(kind: &ErrorKind, stage: Stage, is_timeout: bool) -> Status {
    match (kind, stage) {
        (ErrorKind::Io(error), _) if TlsFailure::is_set_up(error) => Status::Mistake,
        (ErrorKind::Invalid(_) | ErrorKind::Rule(_), _) => Status::Mistake,
        _ if is_timeout => Status::TimedOut,
        (
            ErrorKind::MethodsRefused | ErrorKind::PasswordRefused(_) | ErrorKind::ClosedDuringMethod { .. },
            _,
        )
        | (ErrorKind::Method(_), Stage::Authentication) => Status::ClientRefused,
        (ErrorKind::Refused(_) | ErrorKind::RefusedExtended { .. }, _) => Status::RequestRefused,
        // This machine has no thread or no random bytes, or can't run the target of a probe.
        (ErrorKind::Io(_), Stage::Preparation) | (_, Stage::Tunnel | Stage::Association) => Status::Io,
        // A METHOD that can't be prepared, such as Kerberos without a ticket.
        (_, Stage::Preparation) => Status::Mistake,
        (_, Stage::Resolve | Stage::Dial | Stage::Direct) => Status::Unreachable,
        _ => Status::NotSocks,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        let method = || ErrorKind::Method("no ticket".into());
        for (kind, stage, expected) in [
            (method(), Stage::Preparation, Status::Mistake),
            (ErrorKind::TimedOut, Stage::Preparation, Status::TimedOut),
            (ErrorKind::Io(io::ErrorKind::OutOfMemory.into()), Stage::Preparation, Status::Io),
            (method(), Stage::Authentication, Status::ClientRefused),
            (ErrorKind::PasswordRefused(1), Stage::Authentication, Status::ClientRefused),
            (ErrorKind::EndedEarly { received: 1 }, Stage::Authentication, Status::NotSocks),
            (ErrorKind::TimedOut, Stage::Request, Status::TimedOut),
        ] {
            let is_timeout = matches!(kind, ErrorKind::TimedOut);
            assert_eq!(status(&kind, stage, is_timeout), expected, "{kind} {stage}");
        }
    }
}
