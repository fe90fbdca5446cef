//! Requests that early data may follow.

use super::conversation::Conversation;
use super::established::Established;

/// A request that knows which of its messages is the last.
#[allow(unreachable_pub, reason = "the bound of a sealed trait")]
pub trait LastMessage: Conversation<Outcome = Established> {
    /// Whether what is to be written next is the client's last message.
    fn is_last(&self) -> bool;
}
