//! Early data: bytes for the target that are sent together with the request.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::established::Established;
use crate::protocol::pause::Pause;
use crate::protocol::progress::Progress;
use crate::protocol::request::Request;
use crate::protocol::target::Target;
use std::io;
use zeroize::Zeroizing;

/// The most early data that is sent together with the request, in bytes.
///
/// More would not fit the first window of the connection between proxy and target.
const LIMIT: usize = 1 << 16;

/// A request with early data in the same write as its last message.
///
/// Data that this write does not take waits for the reply. A proxy that refuses reads no more, and
/// a client that continues to write may receive a reset in place of the code.
///
/// Only the drivers of this crate support it: after the grant, a read of no bytes that is not the
/// end requests a flush.
pub(crate) struct WithEarlyData<'a, T> {
    conversation: T,
    /// In memory of its own: most requests have none.
    early: Option<Box<Early<'a>>>,
}

/// The early data of a request, and what has become of them.
struct Early<'a> {
    /// The most early data to send with the last message.
    limit: usize,
    /// The last message with early data behind it, which may contain a password.
    ///
    /// Empty before and after that message.
    joined: Zeroizing<Vec<u8>>,
    message: usize,
    progress: Progress,
    granted: Option<Established>,
    rest: EarlyData<'a>,
}

impl<'a, T: Request> WithEarlyData<'a, T> {
    pub(crate) fn new(conversation: T, early_data: &'a [u8]) -> Self {
        let early = || {
            Box::new(Early {
                limit: LIMIT,
                joined: Zeroizing::default(),
                message: 0,
                progress: Progress::default(),
                granted: None,
                rest: EarlyData::new(Stage::Request, early_data),
            })
        };
        Self { conversation, early: (!early_data.is_empty()).then(early) }
    }

    /// Limits the early data to what a stream accepts in one write.
    pub(crate) fn at_most(mut self, limit: impl FnOnce() -> usize) -> Self {
        if let Some(early) = &mut self.early {
            early.limit = early.limit.min(limit());
        }
        self
    }

    pub(crate) fn target(&self) -> &Target<'_> {
        self.conversation.target()
    }
}

impl Early<'_> {
    /// Joins the last message with early data, if it is next.
    fn join(&mut self, conversation: &mut impl Request, scratch: &mut Scratch) {
        let early = &self.rest.bytes[..self.rest.bytes.len().min(self.limit)];
        if early.is_empty() || !self.joined.is_empty() || !conversation.is_last_message() {
            return;
        }
        if let Step::Write(message) = conversation.step(scratch) {
            // Allocated in its final size: growth would leave a copy of a secret behind.
            let mut joined = Zeroizing::new(Vec::with_capacity(message.len() + early.len()));
            joined.extend_from_slice(message);
            joined.extend_from_slice(early);
            self.message = message.len();
            self.joined = joined;
        }
    }

    fn step<'s>(
        &'s mut self,
        conversation: &'s mut impl Request,
        scratch: &'s mut Scratch,
    ) -> Step<'s, Established> {
        self.join(conversation, scratch);
        if !self.joined.is_empty() {
            return self.progress.write(&self.joined);
        }
        if self.granted.is_none() {
            match conversation.step(scratch) {
                Step::Done(established) => self.granted = Some(established),
                step => return step,
            }
        }
        match self.rest.next() {
            Some(step) => step,
            None => self.granted.take().map_or(Step::Read(&mut []), Step::Done),
        }
    }

    fn advance(&mut self, conversation: &mut impl Request, n: usize) -> Result<(), Error> {
        if !self.joined.is_empty() {
            return self.advance_joined(conversation, n);
        }
        if self.granted.is_some() { self.rest.advance(n) } else { conversation.advance(n) }
    }

    fn advance_joined(&mut self, conversation: &mut impl Request, n: usize) -> Result<(), Error> {
        let left = match self.progress.take_offered(n) {
            Ok(left) => left,
            Err(offered) => {
                let overrun = Error::new(conversation.stage(), ErrorKind::Overrun { reported: n, offered });
                self.joined = Zeroizing::default();
                self.rest.bytes = &[];
                // More than the request offered, too: this ends it.
                let _ = conversation.advance(n);
                return Err(overrun);
            }
        };
        if n == 0 {
            return conversation.advance(0);
        }
        self.progress.sent(n, left);
        let sent = self.joined.len() - left;
        if let Some(early) = sent.checked_sub(self.message) {
            self.joined = Zeroizing::default();
            self.rest.bytes = &self.rest.bytes[early..];
            // The grant may arrive before the early data is flushed.
            self.rest.unflushed = true;
            return conversation.advance(self.message);
        }
        Ok(())
    }
}

impl<T: Request> Conversation for WithEarlyData<'_, T> {
    type Outcome = Established;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        match &mut self.early {
            Some(early) => early.step(&mut self.conversation, scratch),
            None => self.conversation.step(scratch),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        match &mut self.early {
            Some(early) => early.advance(&mut self.conversation, n),
            None => self.conversation.advance(n),
        }
    }

    fn stage(&self) -> Stage {
        self.conversation.stage()
    }

    fn failure(&self, kind: ErrorKind) -> Error {
        self.conversation.failure(kind)
    }

    fn pause(&mut self) -> Option<&mut Pause> {
        self.conversation.pause()
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        if let Some(early) = &mut self.early {
            // Bytes after the grant are the target's, so no refusal can follow.
            if early.granted.is_some() {
                return Err(error);
            }
            early.joined = Zeroizing::default();
        }
        self.conversation.write_failed(error)
    }
}

/// Early data that is written without a request before it.
pub(crate) struct EarlyData<'a> {
    stage: Stage,
    bytes: &'a [u8],
    /// Whether the stream may still buffer some of the written bytes.
    unflushed: bool,
}

impl<'a> EarlyData<'a> {
    pub(crate) const fn new(stage: Stage, bytes: &'a [u8]) -> Self {
        Self { stage, bytes, unflushed: false }
    }

    /// Returns the next step, or `None` at the end.
    ///
    /// A driver flushes before each read, also before one of no bytes.
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

    /// The stream reports more bytes than were offered.
    #[test]
    fn overrun_ends_the_conversation() {
        let user_id = UserId::none();
        let request = Socks4::connect(&user_id, "192.0.2.1:80".try_into().unwrap()).unwrap();
        let mut conversation = WithEarlyData::new(request, b"first");
        let mut scratch = Scratch::new();
        let Step::Write(bytes) = conversation.step(&mut scratch) else { panic!("nothing to write") };
        let offered = bytes.len();
        assert_eq!(offered, 9 + 5);
        let error = conversation.advance(offered + 1).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Overrun { .. }), "{error}");
        assert!(matches!(conversation.step(&mut Scratch::new()), Step::Read([])));
        assert!(matches!(conversation.advance(0).unwrap_err().kind(), ErrorKind::Over));
    }
}
