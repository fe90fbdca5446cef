//! Custom METHODs (RFC 1928 §3).

use crate::protocol::conversation::Conversation;
use crate::protocol::encapsulation::Encapsulation;

/// The sub-negotiation of a custom METHOD.
///
/// It is a [`Conversation`] inside the handshake, after the proxy has chosen the METHOD. Its
/// outcome is the [`Encapsulation`] that it has negotiated, if any, which applies to all later
/// bytes.
///
/// One value serves one connection. [`Auth::method`](crate::Auth::method) takes a function that
/// creates them.
///
/// The rules of [`Conversation`] apply. Above all, `step` never offers more room than the
/// sub-negotiation must still receive. [`Error::method`](crate::Error::method) creates its errors.
///
/// ```
/// use anysocks::protocol::{Conversation, Encapsulation, Method, Scratch, Step};
/// use anysocks::{Auth, Error, Stage};
///
/// /// METHOD X'80': the client sends a token, and the proxy answers with one byte, 0 for success.
/// enum Token {
///     Send { written: usize },
///     Receive { status: [u8; 1] },
///     Accepted,
/// }
///
/// const TOKEN: &[u8] = b"open sesame";
///
/// impl Conversation for Token {
///     type Outcome = Option<Encapsulation>;
///
///     fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Self::Outcome> {
///         match self {
///             Self::Send { written } => Step::Write(&TOKEN[*written..]),
///             Self::Receive { status } => Step::Read(status),
///             Self::Accepted => Step::Done(None),
///         }
///     }
///
///     fn advance(&mut self, n: usize) -> Result<(), Error> {
///         *self = match self {
///             Self::Send { written } if *written + n < TOKEN.len() => {
///                 Self::Send { written: *written + n }
///             }
///             Self::Send { .. } => Self::Receive { status: [0xFF] },
///             Self::Receive { status: [0] } if n == 1 => Self::Accepted,
///             _ => return Err(Error::method("the proxy does not accept the token")),
///         };
///         Ok(())
///     }
///
///     fn stage(&self) -> Stage {
///         Stage::Authentication
///     }
/// }
///
/// impl Method for Token {
///     fn code(&self) -> u8 {
///         0x80
///     }
/// }
///
/// let auth = Auth::method(|| Box::new(Token::Send { written: 0 }))?;
/// # Ok::<(), Error>(())
/// ```
pub trait Method: Conversation<Outcome = Option<Encapsulation>> + Send + Sync {
    /// Returns the METHOD's code: `03` to `7F` are assigned by IANA, `80` to `FE` are private.
    fn code(&self) -> u8;
}
