//! Errors: the stage that failed, the kind of failure, the proxy, and the target.

mod advice;
mod association_end;
mod context;
mod detail;
pub(crate) mod escape;
mod extended;
pub(crate) mod invalid;
mod kind;
mod no_relay;
pub(crate) mod pasted;
pub(crate) mod setup;
pub(crate) mod source;
mod stage;
mod text;

pub use association_end::AssociationEnd;
pub(crate) use detail::{Detail, is_reset};
pub use extended::RefusalDetails;
pub use kind::{Attempt, ErrorKind};
pub use stage::Stage;

use crate::error::invalid::Invalid;
use crate::protocol::reply::Reply;
use std::convert::Infallible;
use std::{error, io};

/// The failure of a call: the [`Stage`] that failed, the [`ErrorKind`], the proxy and the target.
///
/// [`kind`](Self::kind) is the value to match on, and [`stage`](Self::stage) the step that failed.
/// For connections that this crate dialled, [`proxy`](Self::proxy) is the proxy's URL. In a
/// [`Chain`](crate::Chain), [`hop`](Self::hop) is the proxy's number. [`target`](Self::target) is
/// the target of the call, if it has one.
///
/// ```
/// use anysocks::{Error, ErrorKind, Reply};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Refused(Reply::HOST_UNREACHABLE) => "the proxy can't reach the target",
///         ErrorKind::PasswordRefused(_) => "user name or password are wrong",
///         _ if error.is_retryable() => "try again later",
///         _ if error.is_worth_another_proxy() => "try another proxy",
///         _ => "this can't succeed",
///     }
/// }
/// ```
///
/// # Text
///
/// `Display` writes one sentence, such as `proxy socks5h://127.0.0.1:1080, target example.com:443:
/// request refused: connection not allowed by ruleset (X'02')`. `{:#}` adds the
/// [sources](error::Error::source), such as an I/O error. `Debug`, which `unwrap` and a `main` that
/// returns the error print, writes the fields and then the same as `{:#}`.
///
/// An error never contains a password. The proxy's URL in it contains the user name.
///
/// `Display` and `Debug` escape all characters that are not printable, so an error can be written
/// to a terminal or a log. A source that is formatted by itself is not escaped.
///
/// # As an `io::Error`
///
/// An `Error` converts to an [`io::Error`] of the nearest [`io::ErrorKind`]. `get_ref` and
/// `downcast_ref` of that return the `Error`.
#[doc(alias = "SocksError")]
pub struct Error(Box<Inner>);

struct Inner {
    stage: Stage,
    kind: ErrorKind,
    detail: Option<Detail>,
    proxy: Option<Box<str>>,
    hop: Option<Hop>,
    target: Option<Box<str>>,
    /// The argument that can't be parsed, if it has no secret.
    text: Option<Box<str>>,
    /// The failed tries of the same call before this one.
    earlier: Vec<Error>,
}

/// A position in a chain. The first proxy has number 1.
#[derive(Clone, Copy, Debug)]
struct Hop {
    number: usize,
    of: usize,
}

impl Error {
    pub(crate) fn new(stage: Stage, kind: ErrorKind) -> Self {
        let (detail, proxy, hop, target, text) = (None, None, None, None, None);
        Self(Box::new(Inner { stage, kind, detail, proxy, hop, target, text, earlier: Vec::new() }))
    }

    /// Creates an error of the kind [`Io`](ErrorKind::Io), for a driver of a
    /// [`Conversation`](crate::protocol::Conversation).
    #[must_use]
    pub fn io(stage: Stage, error: io::Error) -> Self {
        Self::new(stage, ErrorKind::Io(error))
    }

    /// Creates the error of a pause, which may be one of this crate already.
    pub(crate) fn of_pause(stage: Stage, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::TimedOut {
            return Self::new(stage, ErrorKind::TimedOut);
        }
        error.downcast().unwrap_or_else(|error| Self::io(stage, error))
    }

    /// Sets the stage.
    #[must_use]
    pub(crate) fn in_stage(mut self, stage: Stage) -> Self {
        self.0.stage = stage;
        self
    }

    /// Creates an error of the kind [`Method`](ErrorKind::Method), for a custom
    /// [`Method`](crate::protocol::Method).
    #[must_use]
    pub fn method(error: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self::new(Stage::Authentication, ErrorKind::Method(error.into()))
    }

    /// Returns the number of the proxy in its [`Chain`](crate::Chain), counted from 1.
    ///
    /// Returns `None` if there is only one proxy, or if the error belongs to none of them.
    #[must_use]
    pub fn hop(&self) -> Option<usize> {
        self.0.hop.map(|hop| hop.number)
    }

    /// Returns the number of proxies in the [`Chain`](crate::Chain), where [`hop`](Self::hop) is
    /// `Some`.
    #[must_use]
    pub fn hops(&self) -> Option<usize> {
        self.0.hop.map(|hop| hop.of)
    }

    /// Returns the stage that failed.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.0.stage
    }

    /// Returns the kind of failure.
    #[must_use]
    pub const fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the proxy's URL without the password.
    ///
    /// Returns `None` for a mistake in the arguments, and for a connection that this crate did not
    /// dial.
    #[must_use]
    pub fn proxy(&self) -> Option<&str> {
        self.0.proxy.as_deref()
    }

    /// Returns the target of the call: `host:port`, or the host of a lookup.
    ///
    /// This is the target as the caller named it, also if an earlier proxy of a chain failed.
    /// Returns `None` for a mistake in the arguments, and for calls without a target, such as
    /// UDP ASSOCIATE.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.0.target.as_deref()
    }

    /// Returns the failed tries of the same call through other [`Upstreams`](crate::Upstreams), in
    /// their order.
    ///
    /// The error itself is that of the last try. A try whose upstream can't carry the request
    /// ([`Invalid`](ErrorKind::Invalid)) is always listed here.
    #[must_use]
    pub fn earlier_tries(&self) -> &[Self] {
        &self.0.earlier
    }

    /// Returns the code of the proxy's reply, if the kind is [`Refused`](ErrorKind::Refused) or
    /// [`RefusedExtended`](ErrorKind::RefusedExtended).
    #[must_use]
    pub const fn reply(&self) -> Option<Reply> {
        match self.kind() {
            ErrorKind::Refused(reply) | ErrorKind::RefusedExtended { reply, .. } => Some(*reply),
            _ => None,
        }
    }

    /// Returns whether the deadline or a timeout of the operating system passed.
    ///
    /// This covers all kinds: [`TimedOut`](ErrorKind::TimedOut), and
    /// [`Unresolved`](ErrorKind::Unresolved), [`Unreachable`](ErrorKind::Unreachable) and
    /// [`Io`](ErrorKind::Io) with such an error inside. A refusal by the proxy is never a timeout.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.reply().is_none() && self.io_kind() == io::ErrorKind::TimedOut
    }

    pub(crate) fn io_kind(&self) -> io::ErrorKind {
        match self.kind() {
            ErrorKind::Invalid(_) | ErrorKind::Overrun { .. } | ErrorKind::Over => {
                io::ErrorKind::InvalidInput
            }
            ErrorKind::Io(error) | ErrorKind::Unresolved { error, .. } => error.kind(),
            ErrorKind::Unreachable(attempts) => match attempts.last() {
                Some(attempt) => attempt.error.kind(),
                None => io::ErrorKind::NotFound,
            },
            ErrorKind::TimedOut => io::ErrorKind::TimedOut,
            ErrorKind::MethodsRefused | ErrorKind::PasswordRefused(_) => io::ErrorKind::PermissionDenied,
            ErrorKind::Refused(reply) => reply.io_kind(),
            ErrorKind::RefusedExtended { reply, .. } => extended::io_kind(*reply),
            ErrorKind::EndedEarly { .. } | ErrorKind::ClosedDuringMethod { .. } => {
                io::ErrorKind::UnexpectedEof
            }
            ErrorKind::Method(error) => error.downcast_ref().map_or(io::ErrorKind::Other, io::Error::kind),
            ErrorKind::NotSocks { .. }
            | ErrorKind::MethodNotOffered(_)
            | ErrorKind::NeedsSocks5a { .. }
            | ErrorKind::Encapsulation(_)
            | ErrorKind::Malformed { .. } => io::ErrorKind::InvalidData,
            ErrorKind::NoRelay { .. } => io::ErrorKind::AddrNotAvailable,
            ErrorKind::AssociationEnded(_) => io::ErrorKind::ConnectionAborted,
            ErrorKind::Rule(_) => io::ErrorKind::Other,
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.kind.source()
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::new(Stage::Preparation, ErrorKind::Invalid(invalid))
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<Error> for io::Error {
    /// Converts to the nearest [`io::ErrorKind`], with the error itself inside.
    fn from(error: Error) -> Self {
        Self::new(error.io_kind(), error)
    }
}
