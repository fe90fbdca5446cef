//! What can go wrong, at which stage, and with which proxy.

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

/// Why there is no connection: the [`Stage`] that failed, the [`ErrorKind`], and the proxy.
///
/// `Display` is one sentence, such as `proxy socks5h://127.0.0.1:1080: request refused: command
/// not supported (X'07')`. Where there is a [`source`](error::Error::source), such as an I/O
/// error, the sentence does not repeat it; `{:#}` adds it. An error never contains a password; a
/// proxy's URL in it has the user name. Text that comes from outside may hold anything: both forms
/// and `Debug` escape all characters that are not printable, so that an error can go to a terminal
/// or a log. A source that is printed by itself is printed as its own type does it.
///
/// ```
/// use anysocks::{ErrorKind, Reply};
///
/// fn worth_a_retry(error: &anysocks::Error) -> bool {
///     match error.kind() {
///         ErrorKind::Refused(reply) => reply.is_retryable(),
///         ErrorKind::TimedOut | ErrorKind::Unreachable(_) => true,
///         _ => false,
///     }
/// }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    stage: Stage,
    kind: ErrorKind,
    proxy: Option<Box<str>>,
    hop: Option<Hop>,
}

/// Which proxy of a chain, the first being 1, and of how many.
#[derive(Clone, Copy, Debug)]
struct Hop {
    number: usize,
    of: usize,
}

impl Error {
    pub(crate) fn new(stage: Stage, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { stage, kind, proxy: None, hop: None }))
    }

    /// An I/O error that a driver met at this stage of a [`Conversation`](crate::protocol::Conversation).
    #[must_use]
    pub fn io(stage: Stage, error: io::Error) -> Self {
        Self::new(stage, ErrorKind::Io(error))
    }

    /// An error of a [`Method`](crate::protocol::Method) of your own.
    #[must_use]
    pub fn method(error: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self::new(Stage::Authentication, ErrorKind::Method(error.into()))
    }

    /// The same error, with the name of the proxy that it is about.
    #[must_use]
    pub(crate) fn at(mut self, proxy: &impl fmt::Display) -> Self {
        if self.0.stage != Stage::Preparation {
            self.0.proxy = Some(proxy.to_string().into());
        }
        self
    }

    /// The same error, of this proxy of a chain.
    #[must_use]
    pub(crate) fn at_hop(self, proxy: &impl fmt::Display, number: usize, of: usize) -> Self {
        if of == 1 {
            return self.at(proxy);
        }
        // A mistake in the options too is one of this proxy's.
        let mut error = self.of_hop(number, of);
        error.0.proxy = Some(proxy.to_string().into());
        error
    }

    /// The same error, of a proxy of a chain of which no more is known.
    #[must_use]
    pub(crate) fn of_hop(mut self, number: usize, of: usize) -> Self {
        self.0.hop = (of > 1).then_some(Hop { number, of });
        self
    }

    /// The same error, of the proxy that another one is about.
    #[must_use]
    pub(crate) fn of_the_hop_of(mut self, other: &Self) -> Self {
        self.0.hop = other.0.hop;
        self
    }

    /// Which proxy of a [`Chain`](crate::Chain) the error is about, the first being 1, where there are several.
    #[must_use]
    pub fn hop(&self) -> Option<usize> {
        self.0.hop.map(|hop| hop.number)
    }

    /// How many proxies that chain has, where there are several.
    #[must_use]
    pub fn hops(&self) -> Option<usize> {
        self.0.hop.map(|hop| hop.of)
    }

    pub(crate) const fn sentence(&self) -> Sentence<'_> {
        Sentence(self)
    }

    /// Which stage failed.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.0.stage
    }

    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The proxy's URL without the password, where the error came from a connection that this crate dialled.
    #[must_use]
    pub fn proxy(&self) -> Option<&str> {
        self.0.proxy.as_deref()
    }

    /// The code of the proxy's reply, where it was that which said no.
    #[must_use]
    pub const fn reply(&self) -> Option<Reply> {
        match self.kind() {
            ErrorKind::Refused(reply) => Some(*reply),
            _ => None,
        }
    }

    /// Whether the deadline passed, or the system's own, rather than that somebody said no.
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
            ErrorKind::EndedEarly { .. } => io::ErrorKind::UnexpectedEof,
            ErrorKind::NotSocks { .. }
            | ErrorKind::MethodNotOffered(_)
            | ErrorKind::Encapsulation(_)
            | ErrorKind::Malformed { .. } => io::ErrorKind::InvalidData,
            ErrorKind::NoRelay { .. } => io::ErrorKind::AddrNotAvailable,
            ErrorKind::AssociationEnded(_) => io::ErrorKind::ConnectionAborted,
            ErrorKind::Rule(_) | ErrorKind::Method(_) => io::ErrorKind::Other,
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

/// An error without the proxy's name.
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
    /// The kind is the nearest that there is; the error itself is kept as the source.
    fn from(error: Error) -> Self {
        Self::new(error.io_kind(), error)
    }
}
