//! The errors of GSS-API.

use super::mechanism::{Failure, Flags, Order};
use crate::error::source::find;
use std::{error, io};

/// The failure of GSS-API authentication, or of the protection of a message.
///
/// It is the source of an [`anysocks::Error`](crate::Error), whose stage tells when it occurred.
/// The kind of that is [`ErrorKind::Method`](crate::ErrorKind::Method) during the negotiation, and
/// [`ErrorKind::Encapsulation`](crate::ErrorKind::Encapsulation) afterwards.
///
/// ```
/// use anysocks::gssapi::{self, Cause};
///
/// fn needs_kinit(error: &anysocks::Error) -> bool {
///     match gssapi::Error::of(error) {
///         Some(gssapi::Error::Mechanism(failure)) => {
///             matches!(failure.cause(), Cause::NoCredentials | Cause::Expired)
///         }
///         _ => false,
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The mechanism failed. The source is its text.
    #[error("{}", .0.cause())]
    Mechanism(#[source] Failure),
    /// The proxy has aborted (`01 FF`, RFC 1961 §3.7).
    #[error("the proxy refused: its log says why, such as its clock, its keytab or the realm")]
    Refused,
    /// Flags that were requested and that the protection needs were not granted.
    ///
    /// The field has the missing ones.
    #[error("the context is without {0}: the mechanism or the proxy does not support it")]
    FlagsMissing(Flags),
    /// The proxy granted another level than the requested one.
    #[error(
        "level refused: {} was requested and {} granted; set the same level here and at the proxy",
        level(*.asked),
        level(*.granted)
    )]
    LevelRefused {
        /// The octet of the requested level.
        asked: u8,
        /// The octet of the granted level.
        granted: u8,
    },
    /// The proxy's answer to the level is not one octet.
    ///
    /// The field is its length.
    #[error("the proxy's level has {0} octets, and 1 was expected")]
    LevelLength(usize),
    /// The mechanism made a token of more than 65,535 bytes. It was not sent.
    ///
    /// The field is its length.
    #[error("a token of {0} bytes is too long: a message has up to 65535")]
    TokenTooLong(usize),
    /// The mechanism is not complete, and has no token to send.
    #[error("the mechanism is not complete and has no token to send")]
    TokenMissing,
    /// The proxy sent a token of the context, and the context is complete.
    #[error("the proxy sent a token although the context is complete")]
    TokenUnexpected,
    /// A message of the proxy is malformed, or of another type than expected.
    #[error("a message of the proxy has {field} X'{byte:02X}'")]
    Malformed {
        /// The name of the field, in the words of the RFC.
        field: &'static str,
        /// Its value.
        byte: u8,
    },
    /// LEN of a datagram's message does not fit the datagram.
    #[error("the length of a message does not fit its datagram")]
    Length,
    /// The mechanism did not encrypt a message that has to be encrypted. It was not sent.
    #[error("the mechanism did not encrypt a message")]
    NotEncrypted,
    /// A message of the proxy is not encrypted.
    #[error("the proxy did not encrypt a message: it may be forged")]
    NotConfidential,
    /// A message was lost, swapped or repeated on the way.
    #[error("a message is out of order ({0:?}): the connection was tampered with")]
    OutOfOrder(Order),
    /// The mechanism leaves no room for content in a message of 65,535 bytes, or its content is
    /// longer than the message.
    #[error("the mechanism's content is longer than its message")]
    ContentLength,
}

impl Error {
    /// Returns the error of GSS-API in this error or its sources.
    ///
    /// `error` is an [`anysocks::Error`](crate::Error), or an `io::Error` of a stream or a socket.
    #[must_use]
    pub fn of<'e>(error: &'e (dyn error::Error + 'static)) -> Option<&'e Self> {
        find(error)
    }

    fn io_kind(&self) -> io::ErrorKind {
        match self {
            Self::Mechanism(failure) => failure.io_kind(),
            Self::Refused | Self::LevelRefused { .. } => io::ErrorKind::PermissionDenied,
            Self::FlagsMissing(_) | Self::TokenTooLong(_) | Self::TokenMissing => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::InvalidData,
        }
    }
}

fn level(octet: u8) -> String {
    match octet {
        0 => "no protection (X'00')".into(),
        1 => "integrity (X'01')".into(),
        2 => "confidentiality (X'02')".into(),
        octet => format!("X'{octet:02X}'"),
    }
}

impl From<Error> for crate::Error {
    /// Converts to an error of [`Stage::Authentication`](crate::Stage::Authentication).
    fn from(error: Error) -> Self {
        Self::method(io::Error::new(error.io_kind(), error))
    }
}
