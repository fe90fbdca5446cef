//! Requests that early data can follow.

use super::conversation::Conversation;
use super::established::Established;

/// A request with a known last message.
#[allow(unreachable_pub, reason = "the bound of a sealed trait")]
pub trait LastMessage: Conversation<Outcome = Established> {
    /// Returns whether the next message to write is the client's last one.
    fn is_last(&self) -> bool;
}
