//! A METHOD of the caller's own (RFC 1928 §3).

use crate::protocol::conversation::Conversation;
use crate::protocol::encapsulation::Encapsulation;

/// The sub-negotiation of a METHOD: a [`Conversation`] of its own, after which the encapsulation that it negotiated, if any, carries
/// all that follows.
///
/// One value serves one connection; [`Auth::method`](crate::Auth::method) is given what makes them.
///
/// The rules of [`Conversation`] hold: above all, `step` never offers to read more than the sub-negotiation must still receive.
/// Errors of your own become [`Error::method`](crate::Error::method).
pub trait Method: Conversation<Outcome = Option<Encapsulation>> + Send + Sync {
    /// The code by which it is offered: `03` to `7F` are IANA's, `80` to `FE` private.
    fn code(&self) -> u8;
}
