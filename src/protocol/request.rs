//! Requests, as the calls that make them see them.

use super::conversation::Conversation;
use super::established::Established;
use super::target::Target;

/// A request with a known last message, which early data can follow, and a known target.
#[allow(unreachable_pub, reason = "the bound of a sealed trait")]
pub trait Request: Conversation<Outcome = Established> {
    /// Returns whether the next message to write is the client's last one.
    fn is_last_message(&self) -> bool;

    /// Returns the target, for errors.
    fn target(&self) -> &Target<'_>;
}
