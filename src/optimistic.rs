//! The application's first bytes, sent behind the request before the proxy has answered it.

use crate::conversation::{Conversation, Scratch, Step};
use crate::error::{Error, ErrorKind, Stage};
use crate::established::Established;
use crate::turn::Turn;
use zeroize::Zeroizing;

/// A request that knows which of its messages is the last.
#[allow(unreachable_pub, reason = "the bound of a sealed trait")]
pub trait LastMessage: Conversation<Outcome = Established> {
    /// Whether what is to be written next is the client's last message.
    fn is_last(&self) -> bool;
}

/// A request, and what the application says first, in one write.
#[derive(Debug)]
pub(crate) struct Optimistic<'a, T> {
    talk: T,
    first_bytes: &'a [u8],
    /// The last message with those behind it, which may hold a password. Empty before and after.
    together: Zeroizing<Vec<u8>>,
    message: usize,
    turn: Turn,
}

impl<'a, T: LastMessage> Optimistic<'a, T> {
    pub(crate) fn new(talk: T, first_bytes: &'a [u8]) -> Self {
        Self { talk, first_bytes, together: Zeroizing::default(), message: 0, turn: Turn::default() }
    }

    /// Puts the last message together with what follows it, when it is its turn.
    fn join(&mut self, scratch: &mut Scratch) {
        if self.first_bytes.is_empty() || !self.talk.is_last() {
            return;
        }
        if let Step::Write(message) = self.talk.step(scratch) {
            // In its final size, so that growing leaves no copy of a secret behind.
            let mut together = Zeroizing::new(Vec::with_capacity(message.len() + self.first_bytes.len()));
            together.extend_from_slice(message);
            together.extend_from_slice(self.first_bytes);
            self.message = message.len();
            self.together = together;
            self.first_bytes = &[];
        }
    }

    fn moved(&mut self, n: usize) -> Result<(), Error> {
        let left = self
            .turn
            .moved(n)
            .map_err(|offered| Error::new(self.talk.stage(), ErrorKind::Overrun { reported: n, offered }))?;
        if n == 0 {
            return self.talk.advance(0);
        }
        if self.turn.sent(n, left).is_some() {
            self.together = Zeroizing::default();
            return self.talk.advance(self.message);
        }
        Ok(())
    }
}

impl<T: LastMessage> Conversation for Optimistic<'_, T> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        self.join(scratch);
        if self.together.is_empty() {
            return self.talk.step(scratch);
        }
        self.turn.write(&self.together)
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        if self.together.is_empty() { self.talk.advance(n) } else { self.moved(n) }
    }

    fn stage(&self) -> Stage {
        self.talk.stage()
    }
}

/// The application's first bytes, where there is no proxy to say anything to.
#[derive(Debug)]
pub(crate) struct Say<'a> {
    bytes: &'a [u8],
}

impl<'a> Say<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }
}

impl Conversation for Say<'_> {
    type Outcome = ();

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, ()> {
        match self.bytes {
            [] => Step::Done(()),
            bytes => Step::Write(bytes),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let failed = |kind| Error::new(Stage::Direct, kind);
        if n == 0 {
            return Err(failed(ErrorKind::Io(std::io::ErrorKind::WriteZero.into())));
        }
        let offered = self.bytes.len();
        self.bytes =
            self.bytes.get(n..).ok_or_else(|| failed(ErrorKind::Overrun { reported: n, offered }))?;
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Direct
    }
}
