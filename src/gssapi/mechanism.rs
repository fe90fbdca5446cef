//! The calls of a mechanism of GSS-API that a SOCKS client needs.

use super::service::Service;
use std::{error, fmt, io};

/// A mechanism of GSS-API, with the credentials of the client.
///
/// Implement it to plug in a library: MIT's or Heimdal's Kerberos, SSPI of Windows, a smart card.
/// The library must report whether a message was encrypted, and its [`Order`].
///
#[doc = include_str!("../docs/writing_a_mechanism.md")]
pub trait Mechanism: Send + Sync {
    /// Begins the context of one connection: `GSS_Init_sec_context` without an input token.
    ///
    /// It may block, for a KDC, DNS or files: it runs on a thread for such work, before the proxy
    /// is dialled. The caller may have timed out meanwhile; the result is then dropped.
    ///
    /// # Errors
    ///
    /// There are no credentials, the service is unknown, and so on. The [`Failure`] must contain
    /// the library's text, rendered on this thread: MIT's library keeps texts per thread.
    fn begin(&self, wanted: &Wanted<'_>) -> Result<Begun, Failure>;
}

/// The requirements of one connection.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Wanted<'a> {
    /// The service. A host-based name contains the host: `rcmd@gw.example`.
    pub service: &'a Service,
    /// The flags to request.
    pub flags: Flags,
}

/// The flags of a context (RFC 2743 §2.2.1), as requested or as granted.
#[allow(clippy::struct_excessive_bools, reason = "they are flags")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// The proxy authenticates itself too.
    pub mutual: bool,
    /// Repeated messages are detected.
    pub replay: bool,
    /// Lost and swapped messages are detected.
    pub sequence: bool,
    /// Messages can be encrypted.
    pub confidentiality: bool,
    /// Messages can be authenticated.
    pub integrity: bool,
    /// The proxy receives the client's credentials.
    pub delegation: bool,
}

impl fmt::Display for Flags {
    /// Writes the names of the flags that are set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.mutual, "mutual authentication"),
            (self.replay, "replay detection"),
            (self.sequence, "sequence detection"),
            (self.confidentiality, "confidentiality"),
            (self.integrity, "integrity"),
            (self.delegation, "delegation"),
        ];
        for (n, (_, name)) in names.iter().filter(|(is_set, _)| *is_set).enumerate() {
            write!(f, "{}{name}", if n == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// A context that has begun.
pub struct Begun {
    /// The context.
    pub context: Box<dyn Context>,
    /// The first token.
    pub next: Next,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").field("next", &self.next).finish_non_exhaustive()
    }
}

/// The next step of a context that is being established.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Next {
    /// The token to send, if there is one. An empty token is sent too.
    pub token: Option<Vec<u8>>,
    /// Whether the context is complete on this side, and expects no further token.
    pub complete: bool,
}

impl fmt::Debug for Next {
    /// Writes the token's length alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("token", &self.token.as_ref().map(Vec::len))
            .field("complete", &self.complete)
            .finish()
    }
}

/// The context of one connection.
///
/// Its calls must not block, except for their own computation: on an asynchronous front end, they
/// run on the executor. Only one call runs at a time.
pub trait Context: Send {
    /// Takes the proxy's token: `GSS_Init_sec_context` with an input token.
    ///
    /// # Errors
    ///
    /// The token is not valid.
    fn step(&mut self, token: &[u8]) -> Result<Next, Failure>;

    /// Returns the granted flags, once the context is complete.
    fn granted(&self) -> Flags;

    /// Appends the token of a message to `token`, and returns whether it is encrypted: `GSS_Wrap`.
    ///
    /// # Errors
    ///
    /// The message can't be wrapped.
    fn wrap(&mut self, confidential: bool, plain: &[u8], token: &mut Vec<u8>) -> Result<bool, Failure>;

    /// Appends the message of a token to `plain`, which is empty: `GSS_Unwrap`.
    ///
    /// A valid token that is out of order is no error: its [`Order`] is returned.
    ///
    /// # Errors
    ///
    /// The token is forged or malformed.
    fn unwrap(&mut self, token: &[u8], plain: &mut Vec<u8>) -> Result<Unwrapped, Failure>;

    /// Returns the longest message whose token has at most `token` bytes: `GSS_Wrap_size_limit`.
    ///
    /// # Errors
    ///
    /// The limit can't be computed.
    fn largest_plain(&self, confidential: bool, token: usize) -> Result<usize, Failure>;
}

/// The properties of a received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unwrapped {
    /// Whether it was encrypted.
    pub confidential: bool,
    /// Its place among the others.
    pub order: Order,
}

/// The place of a message among those of its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// It is the next one, or the context has no sequence detection.
    InOrder,
    /// Messages before it are missing: `GSS_S_GAP_TOKEN`.
    Gap,
    /// Later messages were received before it, and it is not repeated: `GSS_S_UNSEQ_TOKEN`.
    Late,
    /// It was received before, or it is too old to be checked: `GSS_S_DUPLICATE_TOKEN`,
    /// `GSS_S_OLD_TOKEN`.
    Repeated,
}

/// The failure of a mechanism: its text, and the cause if that is known.
pub struct Failure {
    cause: Cause,
    error: Box<dyn error::Error + Send + Sync>,
}

impl Failure {
    /// Creates a failure. `error` is the text of the mechanism, or an error.
    pub fn new(cause: Cause, error: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { cause, error: error.into() }
    }

    /// Returns the cause.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        self.cause
    }

    /// Returns the nearest kind of I/O error.
    pub(super) fn io_kind(&self) -> io::ErrorKind {
        match self.cause {
            Cause::NoCredentials
            | Cause::Expired
            | Cause::WrongPassword
            | Cause::UnknownClient
            | Cause::Clock => io::ErrorKind::PermissionDenied,
            Cause::UnknownService => io::ErrorKind::NotFound,
            Cause::NoKdc => io::ErrorKind::HostUnreachable,
            Cause::NoLibrary => io::ErrorKind::Unsupported,
            Cause::Other => self.error.downcast_ref().map_or(io::ErrorKind::Other, io::Error::kind),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").field("cause", &self.cause).field("error", &self.error).finish()
    }
}

impl error::Error for Failure {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.error.source()
    }
}

/// The cause of a [`Failure`]. `Display` writes it with advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// There are no credentials.
    NoCredentials,
    /// The credentials have expired.
    Expired,
    /// The password, or the key of a keytab, is wrong.
    WrongPassword,
    /// The client's principal does not exist.
    UnknownClient,
    /// The service does not exist.
    UnknownService,
    /// The clocks of the machines differ too much.
    Clock,
    /// No KDC can be reached.
    NoKdc,
    /// This machine has no library of GSS-API.
    NoLibrary,
    /// Another cause, or an unknown one.
    Other,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCredentials => {
                "there are no credentials: get a ticket with kinit, or set a keytab or a password"
            }
            Self::Expired => "the credentials have expired: get a new ticket with kinit",
            Self::WrongPassword => "the password or the key is wrong",
            Self::UnknownClient => "the principal is unknown: check its name and its realm",
            Self::UnknownService => {
                "the service is unknown: check the proxy's host, or set its name with `Gssapi::service`"
            }
            Self::Clock => "the clocks differ too much: synchronize this machine, the KDC and the proxy",
            Self::NoKdc => "no KDC can be reached: check the realm and the network",
            Self::NoLibrary => "this machine has no GSS-API library: install Kerberos",
            Self::Other => "the mechanism failed",
        })
    }
}
