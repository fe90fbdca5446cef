//! What can fail, with the library's own text.

use std::fmt::{self, Display, Formatter};
use std::io;

/// A failure of GSS-API, Kerberos, or the loading of the library.
///
/// Its text begins with the [kind](ErrorKind) in words and ends with the library's own message. The
/// library's message was fetched on the thread of the failed call, because MIT Kerberos keeps its
/// messages per thread. It can contain text that a KDC has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    major: u32,
    minor: u32,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: String, major: u32, minor: u32) -> Self {
        Self { kind, message, major, minor }
    }

    /// An error that this crate has found itself.
    pub(crate) fn without_status(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, message.into(), 0, 0)
    }

    /// Puts the thing that failed in front of the message.
    pub(crate) fn of(mut self, what: &str) -> Self {
        self.message.insert_str(0, ": ");
        self.message.insert_str(0, what);
        self
    }

    /// Returns the kind of the failure, as far as the library's codes tell it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the text without the words of the kind: the library's own message, often after the
    /// name of the cache, the keytab or the principal.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns GSS-API's major status (RFC 2744 §3.9.1), or 0 if the library was not called.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Returns the minor status: an error code of Kerberos, or 0.
    #[must_use]
    pub fn minor(&self) -> u32 {
        self.minor
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    /// The kind is [`ErrorKind::io`], and the [`Error`] is inside.
    fn from(error: Error) -> Self {
        Self::new(error.kind.io(), error)
    }
}

/// Kinds of failures. Codes without a kind of their own are `Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No GSS-API library can be loaded.
    NoLibrary,
    /// The loaded library lacks the function for this source of credentials.
    Unsupported,
    /// An argument is malformed, such as a name with a NUL byte.
    Invalid,
    /// There is no ticket: no cache, an empty cache, or no key for the principal in a keytab.
    NoCredentials,
    /// The ticket, the credentials or the context has expired.
    Expired,
    /// The KDC refuses the password, or the key of the keytab.
    WrongPassword,
    /// The KDC does not know the client's principal.
    UnknownClient,
    /// The KDC does not know the service's principal.
    UnknownService,
    /// No KDC of the realm answers, or the realm has none that is known.
    KdcUnreachable,
    /// The clocks of the two sides differ by more than Kerberos permits, usually five minutes.
    ClockSkew,
    /// The peer's token is malformed, was changed or repeated on its way, or was made with another
    /// key.
    BadToken,
    /// The call needs a context in another state, such as `wrap` before the last token.
    WrongState,
    /// Anything else; [`Error::message`] is all that is known.
    Other,
}

impl ErrorKind {
    /// Returns the nearest kind of the standard library.
    #[must_use]
    pub fn io(self) -> io::ErrorKind {
        match self {
            Self::NoLibrary | Self::Unsupported => io::ErrorKind::Unsupported,
            Self::Invalid | Self::WrongState => io::ErrorKind::InvalidInput,
            Self::NoCredentials
            | Self::Expired
            | Self::WrongPassword
            | Self::UnknownClient
            | Self::ClockSkew => io::ErrorKind::PermissionDenied,
            Self::UnknownService => io::ErrorKind::NotFound,
            Self::KdcUnreachable => io::ErrorKind::HostUnreachable,
            Self::BadToken => io::ErrorKind::InvalidData,
            Self::Other => io::ErrorKind::Other,
        }
    }
}

impl Display for ErrorKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoLibrary => "no GSS-API library",
            Self::Unsupported => "the GSS-API library can't do that",
            Self::Invalid => "invalid argument",
            Self::NoCredentials => "no Kerberos credentials",
            Self::Expired => "the Kerberos credentials have expired",
            Self::WrongPassword => "the KDC refused the password or the key of the keytab",
            Self::UnknownClient => "the KDC does not know the client's principal",
            Self::UnknownService => "the KDC does not know the service's principal",
            Self::KdcUnreachable => "no KDC can be reached",
            Self::ClockSkew => "the clocks of this machine and the other side differ too much",
            Self::BadToken => "invalid token from the peer",
            Self::WrongState => "the context is in another state",
            Self::Other => "GSS-API failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_kind() {
        let error = Error::new(ErrorKind::Expired, "Ticket expired".into(), 11 << 16, 5);
        assert_eq!(error.to_string(), "the Kerberos credentials have expired: Ticket expired");
        assert_eq!((error.message(), error.major(), error.minor()), ("Ticket expired", 11 << 16, 5));
        let error = io::Error::from(error);
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        assert_eq!(inner.map(Error::kind), Some(ErrorKind::Expired));
    }
}
