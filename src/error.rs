//! What can go wrong, at which stage, and with which proxy.

use crate::address::Address;
use crate::invalid::Invalid;
use crate::reply::Reply;
use crate::udp::AssociationEnd;
use std::borrow::Cow;
use std::convert::Infallible;
use std::{error, fmt, io};

/// Why there is no connection: the [`Stage`] that failed, the [`ErrorKind`], and the proxy.
///
/// `Display` is one sentence, such as `proxy socks5h://127.0.0.1:1080: request refused: host unreachable (X'04')`. Where there is a
/// [`source`](error::Error::source), such as an I/O error, that tells the rest, and the sentence does not repeat it; `{:#}` adds it. No credentials ever stand
/// in an error.
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

/// How far a connection had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Before anything was sent: the caller's own arguments.
    Preparation,
    /// Resolving a name, the proxy's or (where that was asked for) the target's.
    Resolve,
    /// Connecting to the proxy.
    Dial,
    /// Connecting to the target without a proxy, where a [`Connector`](crate::Connector) is told to.
    Direct,
    /// SOCKS5: agreeing on a METHOD (RFC 1928 §3).
    MethodSelection,
    /// SOCKS5: the METHOD's sub-negotiation.
    Authentication,
    /// The request and its reply.
    Request,
    /// BIND: waiting for the second reply.
    SecondReply,
    /// UDP ASSOCIATE: reaching the relay, and whether there is still one.
    Association,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's own mistake. Nothing was sent.
    #[error(transparent)]
    Invalid(Invalid),
    /// An I/O error of the stream.
    #[error("failed")]
    Io(#[source] io::Error),
    /// A name can't be resolved, or not in time, or has no address that can be used.
    #[error("of {name} failed")]
    Unresolved {
        /// The name: the proxy's, or with local resolution the target's.
        name: String,
        /// What the resolver says.
        #[source]
        error: io::Error,
    },
    /// No address of the proxy, or of the target of a direct connection, could be connected to. Each attempt is listed, in the order in which they failed; those that the
    /// deadline ended come last, with an error of the kind `TimedOut`.
    #[error("failed: {}", Attempt::list(.0))]
    Unreachable(Vec<Attempt>),
    /// The deadline passed while a conversation was held. Where it ended the lookup of a name it is [`Unresolved`](Self::Unresolved), and where the
    /// dialling, [`Unreachable`](Self::Unreachable); [`Error::is_timeout`] knows them all.
    #[error("timed out")]
    TimedOut,
    /// What answers is no SOCKS proxy of this version. `first` is the first byte that it sent.
    #[error("found {}: the answer begins with X'{first:02X}'", who_begins_with(*.first))]
    NotSocks {
        /// The first byte of the answer.
        first: u8,
    },
    /// The proxy accepts none of the METHODs that were offered (`FF`, RFC 1928 §3).
    #[error("refused: the proxy accepts none of the methods offered")]
    MethodsRefused,
    /// The proxy chose a METHOD that was not offered.
    #[error("failed: the proxy chose X'{0:02X}', a method that was not offered")]
    MethodNotOffered(u8),
    /// User name and password were refused with this STATUS (RFC 1929 §2).
    #[error("refused: wrong user name or password (status X'{0:02X}')")]
    PasswordRefused(u8),
    /// A METHOD of the caller's own failed.
    #[error("failed")]
    Method(#[source] Box<dyn error::Error + Send + Sync>),
    /// A frame of the encapsulation that was negotiated could not be sealed or opened.
    #[error("failed: a frame can't be sealed or opened")]
    Encapsulation(#[source] Box<dyn error::Error + Send + Sync>),
    /// The request was refused with this code.
    #[error("refused: {0}")]
    Refused(Reply),
    /// The proxy hung up in the middle.
    #[error("failed: the proxy closed the connection {}", after_bytes(*.received))]
    EndedEarly {
        /// How many bytes of the message that was waited for had come. What a METHOD of the caller's own had heard is not counted.
        received: usize,
    },
    /// The driver reported more bytes than the step had offered.
    #[error("failed: the driver reported {reported} bytes where {offered} were offered")]
    Overrun {
        /// What was reported.
        reported: usize,
        /// What had been offered.
        offered: usize,
    },
    /// The conversation has handed its outcome over already, or has failed already.
    #[error("is over already")]
    Over,
    /// The proxy grants an association, but no relay can be at the address that it gives, or that the
    /// [`Relay`](crate::udp::Relay) policy makes of it.
    #[error("failed: there is no relay at {0}")]
    NoRelay(Address),
    /// The association is over. Calls that receive say so once nothing is left to receive, and those that send once that is known.
    #[error("ended: {0}")]
    AssociationEnded(AssociationEnd),
    /// A field of the answer has a value that it can't have.
    #[error("failed: the answer has X'{byte:02X}' as its {field}")]
    Malformed {
        /// The field's name in the protocol's text.
        field: &'static str,
        /// What stood there.
        byte: u8,
    },
}

/// One attempt to connect to one address of a proxy.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The address: `host:port`, or the path of a Unix-domain socket.
    pub address: String,
    /// Why it failed.
    pub error: io::Error,
}

impl Attempt {
    fn list(attempts: &[Self]) -> String {
        let each: Vec<_> = attempts.iter().map(|a| format!("{}: {}", a.address, a.error)).collect();
        each.join("; ")
    }
}

fn who_begins_with(first: u8) -> &'static str {
    match first {
        b'H' | b'<' => "an HTTP server, not a SOCKS proxy",
        0x00 | 0x04 => "a SOCKS4 proxy, not a SOCKS5 one",
        0x05 => "a SOCKS5 proxy, not a SOCKS4 one",
        0x15 | 0x16 => "a TLS server, not a bare SOCKS proxy",
        b'S' => "what may be an SSH server, not a SOCKS proxy",
        _ => "no SOCKS proxy",
    }
}

fn after_bytes(received: usize) -> Cow<'static, str> {
    match received {
        0 => "before it answered".into(),
        1 => "after 1 byte of its answer".into(),
        n => format!("after {n} bytes of its answer").into(),
    }
}

impl Error {
    pub(crate) fn new(stage: Stage, kind: ErrorKind) -> Self {
        Self(Box::new(Inner { stage, kind, proxy: None, hop: None }))
    }

    /// An I/O error that a driver met at this stage of a [`Conversation`](crate::Conversation).
    #[must_use]
    pub fn io(stage: Stage, error: io::Error) -> Self {
        Self::new(stage, ErrorKind::Io(error))
    }

    /// An error of a [`Method`](crate::Method) of your own.
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
            ErrorKind::NoRelay(_) => io::ErrorKind::AddrNotAvailable,
            ErrorKind::AssociationEnded(_) => io::ErrorKind::ConnectionAborted,
            ErrorKind::Method(_) => io::ErrorKind::Other,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preparation => "preparation",
            Self::Resolve => "name resolution",
            Self::Dial => "connection to the proxy",
            Self::Direct => "direct connection",
            Self::MethodSelection => "method selection",
            Self::Authentication => "authentication",
            Self::Request => "request",
            Self::SecondReply => "second reply",
            Self::Association => "association",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { stage, kind, proxy, hop } = &*self.0;
        if let ErrorKind::Invalid(Invalid::Variable { name, .. }) = kind {
            write!(f, "{name}: ")?;
        }
        match (proxy, hop) {
            (Some(proxy), Some(Hop { number, of })) => write!(f, "proxy {proxy} ({number} of {of}): ")?,
            (Some(proxy), None) => write!(f, "proxy {proxy}: ")?,
            (None, Some(Hop { number, of })) => write!(f, "proxy {number} of {of}: ")?,
            (None, None) => {}
        }
        match kind {
            ErrorKind::Invalid(Invalid::Variable { wrong, .. }) => wrong.fmt(f),
            ErrorKind::Invalid(invalid) => invalid.fmt(f),
            kind => write!(f, "{stage} {kind}"),
        }?;
        let mut source = error::Error::source(self).filter(|_| f.alternate());
        while let Some(error) = source {
            write!(f, ": {error}")?;
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
