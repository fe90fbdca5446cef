//! Receiving a reply, whichever version it is of.

use super::established::Established;
use crate::error::Error;
use std::fmt;

/// A reply that is being received.
#[allow(unreachable_pub, reason = "a sealed trait names it")]
pub trait ReplyReader: fmt::Debug + Send + Sync {
    /// Room for no more than what the reply, or the frame that it comes in, still needs.
    fn room(&mut self) -> &mut [u8];

    /// `n` bytes were read into the room.
    fn filled(&mut self, n: usize) -> Result<(), Error>;

    /// Whether all of a reply is there that grants the request. A refusal is an error as soon as its code is there.
    fn is_granted(&mut self) -> Result<bool, Error>;

    /// What the reply says.
    fn take(&mut self) -> Established;

    /// How many bytes of the reply are there.
    fn received(&self) -> usize;
}
