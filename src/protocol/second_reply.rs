//! BIND's second reply, which comes when somebody has connected to the proxy (RFC 1928 §6).

use crate::conversation::{Conversation, Scratch, Step};
use crate::error::{Error, ErrorKind, Stage};
use crate::established::Established;
use crate::turn::Turn;
use crate::version::Version;
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

/// The wait for BIND's second reply, as a conversation in which the client says nothing.
///
/// Its outcome is the tunnel to the peer that has connected, and [`bound`](Established::bound) the peer's address. Nothing that the
/// peer sends behind the reply is read.
///
/// ```
/// use anysocks::{Conversation, Error, Established, SecondReply, Step, V5};
///
/// fn wait_for_the_peer(first_reply: &mut Established) -> SecondReply<V5> {
///     SecondReply::after(first_reply)
/// }
/// ```
pub struct SecondReply<V: Version> {
    reader: V::Reader,
    turn: Turn,
    phase: Phase,
}

enum Phase {
    Reply,
    Granted,
    Failed(Error),
    Over,
}

impl<V: Version> SecondReply<V> {
    /// Waits for what follows the first reply. The encapsulation, if there is one, is taken out of that.
    #[must_use]
    pub fn after(first: &mut Established) -> Self {
        let reader = V::second_reader(first);
        let mut talk = Self { reader, turn: Turn::default(), phase: Phase::Reply };
        // Both replies may have come in one frame.
        if let Err(error) = talk.hear() {
            talk.phase = Phase::Failed(error);
        }
        talk
    }

    fn hear(&mut self) -> Result<(), Error> {
        if self.reader.is_granted()? {
            self.turn.unless_mute()?;
            self.phase = Phase::Granted;
        }
        Ok(())
    }

    fn moved(&mut self, n: usize) -> Result<(), Error> {
        let failed = |kind| Err(Error::new(Stage::SecondReply, kind));
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Reply => self.phase = Phase::Reply,
            Phase::Failed(error) => return Err(error),
            Phase::Granted | Phase::Over => return failed(ErrorKind::Over),
        }
        if let Err(offered) = self.turn.moved(n) {
            return failed(ErrorKind::Overrun { reported: n, offered });
        }
        if n == 0 {
            self.turn.unless_mute()?;
            return failed(ErrorKind::EndedEarly { received: self.reader.received() });
        }
        self.reader.filled(n)?;
        self.hear()
    }
}

impl<V: Version> Conversation for SecondReply<V> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Established> {
        match self.phase {
            Phase::Reply => self.turn.read(self.reader.room()),
            Phase::Granted => {
                self.phase = Phase::Over;
                Step::Done(self.reader.take())
            }
            Phase::Failed(_) | Phase::Over => self.turn.read(&mut []),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let moved = self.moved(n);
        if moved.is_err() {
            self.phase = Phase::Over;
        }
        moved
    }

    fn stage(&self) -> Stage {
        Stage::SecondReply
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        match self.phase {
            Phase::Reply => {
                self.turn.write_failed(error);
                Ok(())
            }
            Phase::Granted | Phase::Failed(_) | Phase::Over => Err(error),
        }
    }
}

impl<V: Version> fmt::Debug for SecondReply<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondReply").field("reader", &self.reader).finish_non_exhaustive()
    }
}
