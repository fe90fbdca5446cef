//! Finds errors of SOCKS5a in other errors, and converts them to those.

use super::Error;
use crate::error::Stage;
use crate::error::source::find;
use crate::socks5a::status::Status;
use crate::trace;
use std::{error, io};

impl Error {
    /// Returns the error of SOCKS5a in this error or its sources.
    ///
    /// `error` is an [`anysocks::Error`](crate::Error), or an `io::Error` of a stream or a socket.
    #[must_use]
    pub fn of<'e>(error: &'e (dyn error::Error + 'static)) -> Option<&'e Self> {
        find(error)
    }

    /// Returns whether the same call may succeed a little later: the proxy limits the rate.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Refused { status: Status::RateLimited, .. })
    }

    /// Converts to an error of [`Stage::Preparation`](crate::Stage::Preparation), for a mistake in
    /// an argument or a failure of this machine.
    pub(in crate::socks5a) fn local(self) -> crate::Error {
        match self.io_kind() {
            // An error of a METHOD would be worth another proxy.
            kind @ io::ErrorKind::Other => crate::Error::io(Stage::Preparation, io::Error::new(kind, self)),
            kind => crate::Error::method(io::Error::new(kind, self)).in_stage(Stage::Preparation),
        }
    }

    /// Reports a violation of the protocol that may be an attack, to the log.
    pub(in crate::socks5a) fn logged(self) -> Self {
        trace::violation(&self);
        self
    }

    const fn io_kind(&self) -> io::ErrorKind {
        match self {
            Self::Refused { status: Status::RateLimited, .. } => io::ErrorKind::ResourceBusy,
            Self::Refused { .. } | Self::SequenceRefused => io::ErrorKind::PermissionDenied,
            Self::VersionRefused | Self::KeyExchangeMissing => io::ErrorKind::Unsupported,
            Self::PskTooShort(_)
            | Self::IdentityTooLong(_)
            | Self::SecretEmpty
            | Self::FactorTooLong(_)
            | Self::TooFewFactors(_)
            | Self::FactorTwice(_)
            | Self::FactorAlone(_)
            | Self::KeyMissing
            | Self::SequenceEmpty
            | Self::MemberTwice(_)
            | Self::JitterOrder { .. }
            | Self::JitterTooLong(_)
            | Self::CodeDigits => io::ErrorKind::InvalidInput,
            Self::CodeSource(_) | Self::Random(_) => io::ErrorKind::Other,
            _ => io::ErrorKind::InvalidData,
        }
    }
}

impl From<Error> for crate::Error {
    /// Converts to an error of [`Stage::Authentication`](crate::Stage::Authentication).
    fn from(error: Error) -> Self {
        Self::method(io::Error::new(error.io_kind(), error))
    }
}
