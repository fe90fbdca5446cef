//! The application's first bytes, sent behind the request before the proxy has answered it.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::established::Established;
use crate::protocol::last_message::LastMessage;
use crate::protocol::progress::Progress;
use std::io;
use zeroize::Zeroizing;

/// At most so many of the first bytes leave with the request: what does not fit a connection's
/// first window gains nothing by going early.
const EARLY: usize = 1 << 16;

/// A request, and behind it, in the same write, what the application says first. What that write does not take waits for the reply: a proxy that
/// refuses reads no more, and who goes on writing to it may get its hanging up and not its code.
///
/// For the drivers of this crate alone: what follows the grant has to be flushed, and is, by a read of no bytes that is not the end.
pub(crate) struct WithEarlyData<'a, T> {
    conversation: T,
    /// How many of the first bytes may leave with the last message.
    early: usize,
    /// The last message with those behind it, which may hold a password. Empty before and after.
    joined: Zeroizing<Vec<u8>>,
    message: usize,
    progress: Progress,
    granted: Option<Established>,
    rest: EarlyData<'a>,
}

impl<'a, T: LastMessage> WithEarlyData<'a, T> {
    pub(crate) fn new(conversation: T, early_data: &'a [u8]) -> Self {
        let rest = EarlyData::new(Stage::Request, early_data);
        Self {
            conversation,
            early: EARLY,
            joined: Zeroizing::default(),
            message: 0,
            progress: Progress::default(),
            granted: None,
            rest,
        }
    }

    /// The same, for a stream that takes no more than this at once.
    pub(crate) fn at_most(self, early: usize) -> Self {
        Self { early: self.early.min(early), ..self }
    }

    /// Puts the last message together with what follows it, when it is its turn.
    fn join(&mut self, scratch: &mut Scratch) {
        let early = &self.rest.bytes[..self.rest.bytes.len().min(self.early)];
        if early.is_empty() || !self.joined.is_empty() || !self.conversation.is_last() {
            return;
        }
        if let Step::Write(message) = self.conversation.step(scratch) {
            // In its final size, so that growing leaves no copy of a secret behind.
            let mut joined = Zeroizing::new(Vec::with_capacity(message.len() + early.len()));
            joined.extend_from_slice(message);
            joined.extend_from_slice(early);
            self.message = message.len();
            self.joined = joined;
        }
    }

    fn advance_joined(&mut self, n: usize) -> Result<(), Error> {
        let left = match self.progress.take_offered(n) {
            Ok(left) => left,
            Err(offered) => {
                let overrun =
                    Error::new(self.conversation.stage(), ErrorKind::Overrun { reported: n, offered });
                self.joined = Zeroizing::default();
                self.rest.bytes = &[];
                // It is too much for the request too, which ends by that.
                let _ = self.conversation.advance(n);
                return Err(overrun);
            }
        };
        if n == 0 {
            return self.conversation.advance(0);
        }
        self.progress.sent(n, left);
        let sent = self.joined.len() - left;
        if let Some(early) = sent.checked_sub(self.message) {
            self.joined = Zeroizing::default();
            self.rest.bytes = &self.rest.bytes[early..];
            // The grant may arrive before all of it is flushed.
            self.rest.unflushed = true;
            return self.conversation.advance(self.message);
        }
        Ok(())
    }
}

impl<T: LastMessage> Conversation for WithEarlyData<'_, T> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        self.join(scratch);
        if !self.joined.is_empty() {
            return self.progress.write(&self.joined);
        }
        if self.granted.is_none() {
            match self.conversation.step(scratch) {
                Step::Done(established) => self.granted = Some(established),
                step => return step,
            }
        }
        match self.rest.next() {
            Some(step) => step,
            None => self.granted.take().map_or(Step::Read(&mut []), Step::Done),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        if !self.joined.is_empty() {
            return self.advance_joined(n);
        }
        if self.granted.is_some() { self.rest.advance(n) } else { self.conversation.advance(n) }
    }

    fn stage(&self) -> Stage {
        self.conversation.stage()
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        // What comes behind the grant is the target's.
        if self.granted.is_some() {
            return Err(error);
        }
        self.joined = Zeroizing::default();
        self.conversation.write_failed(error)
    }
}

/// What the application says, when nobody has to be asked any more.
pub(crate) struct EarlyData<'a> {
    stage: Stage,
    bytes: &'a [u8],
    /// Whether the stream inside may still hold some of them.
    unflushed: bool,
}

impl<'a> EarlyData<'a> {
    pub(crate) const fn new(stage: Stage, bytes: &'a [u8]) -> Self {
        Self { stage, bytes, unflushed: false }
    }

    /// What is still to be done, if anything. A driver flushes before it reads, even if it is nothing that it reads.
    fn next<T>(&mut self) -> Option<Step<'_, T>> {
        match self.bytes {
            [] if self.unflushed => Some(Step::Read(&mut [])),
            [] => None,
            bytes => Some(Step::Write(bytes)),
        }
    }
}

impl Conversation for EarlyData<'_> {
    type Outcome = ();

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, ()> {
        self.next().unwrap_or(Step::Done(()))
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let failed = |kind| Err(Error::new(self.stage, kind));
        match (self.bytes.get(n..), n) {
            (Some([]), 0) => self.unflushed = false,
            (Some(_), 0) => return failed(ErrorKind::Io(io::ErrorKind::WriteZero.into())),
            (Some(left), _) => (self.bytes, self.unflushed) = (left, true),
            (None, _) => return failed(ErrorKind::Overrun { reported: n, offered: self.bytes.len() }),
        }
        Ok(())
    }

    fn stage(&self) -> Stage {
        self.stage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::socks4::{Socks4, UserId};

    /// A stream that says that it took more than there was.
    #[test]
    fn too_much_ends_it() {
        let user_id = UserId::none();
        let request = Socks4::connect(&user_id, "192.0.2.1:80".try_into().unwrap()).unwrap();
        let mut conversation = WithEarlyData::new(request, b"first");
        let mut scratch = Scratch::new();
        let Step::Write(bytes) = conversation.step(&mut scratch) else { panic!("nothing to say") };
        let offered = bytes.len();
        assert_eq!(offered, 9 + 5);
        let error = conversation.advance(offered + 1).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Overrun { .. }), "{error}");
        assert!(matches!(conversation.step(&mut Scratch::new()), Step::Read([])));
        assert!(matches!(conversation.advance(0).unwrap_err().kind(), ErrorKind::Over));
    }
}
