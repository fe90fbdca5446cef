//! A reader of replies.

use super::established::Established;
use crate::error::Error;
use std::fmt;

/// A reader of one reply.
#[allow(unreachable_pub, reason = "a sealed trait names it")]
pub trait ReplyReader: fmt::Debug + Send + Sync {
    /// Returns room for the rest of the reply, or of the frame that contains it.
    fn room(&mut self) -> &mut [u8];

    /// Reports that `n` bytes were read into the room.
    fn filled(&mut self, n: usize);

    /// Returns whether the reply is complete and grants the request.
    ///
    /// A refusal is an error as soon as its code has been received, and the details that the
    /// dialect has behind it.
    fn is_granted(&mut self) -> Result<bool, Error>;

    /// Takes the content of a complete reply.
    fn take(&mut self) -> Established;

    /// Returns the error of a refusal whose details have not all been received.
    fn refusal(&self) -> Option<Error> {
        None
    }

    /// Returns the number of received bytes of the reply.
    fn received(&self) -> usize;
}
