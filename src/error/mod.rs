//! Errors: the stage that failed, the kind of failure, and the proxy.

mod association_end;
pub(crate) mod escape;
pub(crate) mod invalid;
mod kind;
mod no_relay;
mod stage;

pub use association_end::AssociationEnd;
pub use kind::{Attempt, ErrorKind};
pub use stage::Stage;

use crate::error::escape::Escaped;
use crate::error::invalid::Invalid;
use crate::protocol::reply::Reply;
use std::convert::Infallible;
use std::{error, fmt, io};

/// The failure of a call: the [`Stage`] that failed, the [`ErrorKind`], and the proxy.
///
/// [`kind`](Self::kind) is the value to match on, and [`stage`](Self::stage) the step that failed.
/// For connections that this crate dialled, [`proxy`](Self::proxy) is the proxy's URL. In a
/// [`Chain`](crate::Chain), [`hop`](Self::hop) is the proxy's number.
///
/// ```
/// use anysocks::{ErrorKind, Reply};
///
/// fn is_retryable(error: &anysocks::Error) -> bool {
///     match error.kind() {
///         ErrorKind::Refused(reply) => reply.is_retryable(),
///         ErrorKind::TimedOut | ErrorKind::Unreachable(_) => true,
///         _ => false,
///     }
/// }
/// ```
///
/// # Text
///
/// `Display` writes one sentence, such as `proxy socks5h://127.0.0.1:1080: request refused:
/// command not supported (X'07')`. `{:#}` appends the [sources](error::Error::source), such as an
/// I/O error.
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
    proxy: Option<Box<str>>,
    hop: Option<Hop>,
}

/// A position in a chain. The first proxy has number 1.
#[derive(Clone, Copy, Debug)]
struct Hop {
    number: usize,
    of: usize,
}

impl Error {
    pub(crate) fn new(stage: Stage, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { stage, kind, proxy: None, hop: None }))
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

    /// Adds the proxy's URL.
    #[must_use]
    pub(crate) fn at(mut self, proxy: &impl fmt::Display) -> Self {
        if self.0.stage != Stage::Preparation || !matches!(self.0.kind, ErrorKind::Invalid(_)) {
            self.0.proxy = Some(proxy.to_string().into());
        }
        self
    }

    /// Adds the proxy's URL and its position in a chain.
    #[must_use]
    pub(crate) fn at_hop(self, proxy: &impl fmt::Display, number: usize, of: usize) -> Self {
        if of == 1 {
            return self.at(proxy);
        }
        // Unlike in `at`, also for a mistake in the options: it belongs to one proxy of the chain.
        let mut error = self.of_hop(number, of);
        error.0.proxy = Some(proxy.to_string().into());
        error
    }

    /// Adds the position in a chain.
    #[must_use]
    pub(crate) fn of_hop(mut self, number: usize, of: usize) -> Self {
        self.0.hop = (of > 1).then_some(Hop { number, of });
        self
    }

    /// Adds the position of another error.
    #[must_use]
    pub(crate) fn of_the_hop_of(mut self, other: &Self) -> Self {
        self.0.hop = other.0.hop;
        self
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

    pub(crate) const fn sentence(&self) -> Sentence<'_> {
        Sentence(self)
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

    /// Returns the code of the proxy's reply, if the kind is [`Refused`](ErrorKind::Refused).
    #[must_use]
    pub const fn reply(&self) -> Option<Reply> {
        match self.kind() {
            ErrorKind::Refused(reply) => Some(*reply),
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
            ErrorKind::EndedEarly { .. } | ErrorKind::ClosedDuringMethod { .. } => {
                io::ErrorKind::UnexpectedEof
            }
            ErrorKind::Method(error) => error.downcast_ref().map_or(io::ErrorKind::Other, io::Error::kind),
            ErrorKind::NotSocks { .. }
            | ErrorKind::MethodNotOffered(_)
            | ErrorKind::Encapsulation(_)
            | ErrorKind::Malformed { .. } => io::ErrorKind::InvalidData,
            ErrorKind::NoRelay { .. } => io::ErrorKind::AddrNotAvailable,
            ErrorKind::AssociationEnded(_) => io::ErrorKind::ConnectionAborted,
            ErrorKind::Rule(_) => io::ErrorKind::Other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, proxy, hop, .. } = &*self.0;
        if let ErrorKind::Invalid(Invalid::Variable { name, .. }) = kind {
            write!(f, "{name}: ")?;
        }
        match (proxy, hop) {
            (Some(proxy), Some(Hop { number, of })) => write!(f, "proxy {proxy} ({number} of {of}): ")?,
            (Some(proxy), None) => write!(f, "proxy {proxy}: ")?,
            (None, Some(Hop { number, of })) => write!(f, "proxy {number} of {of}: ")?,
            (None, None) => {}
        }
        self.sentence().fmt(f)
    }
}

/// The text of an error without the proxy's URL.
pub(crate) struct Sentence<'a>(&'a Error);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind() {
            ErrorKind::Invalid(Invalid::Variable { wrong, .. }) => wrong.fmt(f),
            ErrorKind::Invalid(invalid) => invalid.fmt(f),
            kind => write!(f, "{} {kind}", self.0.stage()),
        }?;
        let mut source = error::Error::source(self.0).filter(|_| f.alternate());
        while let Some(error) = source {
            write!(f, ": {}", Escaped(error))?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("stage", &self.0.stage)
            .field("kind", &self.0.kind)
            .field("proxy", &self.0.proxy)
            .field("hop", &self.hop())
            .finish()
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
