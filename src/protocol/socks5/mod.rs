//! SOCKS5: METHOD selection, authentication, request and reply (RFC 1928).
//!
//! ```text
//!            client                                proxy
//! Greeting   05 NMETHODS METHODS  ------------->
//!                                 <-------------   05 METHOD                       Selection
//! Password   01 ULEN UNAME PLEN PASSWD  ------->                                   (METHOD 02)
//!                                 <-------------   01 STATUS                       Status
//! Method     ... its messages ... <------------>                                  (custom METHOD)
//! Request    05 CMD 00 ATYP DST.ADDR DST.PORT ->
//!                                 <-------------   05 REP 00 ATYP BND.ADDR BND.PORT  Reply
//! ```
//!
//! A whole exchange without authentication, for `example.com:80`:
//!
//! ```text
//! client: 05 01 00
//! proxy:  05 00
//! client: 05 01 00 03 0B 'e' 'x' 'a' 'm' 'p' 'l' 'e' '.' 'c' 'o' 'm' 00 50
//! proxy:  05 00 00 01 C0 00 02 07 30 39
//! ```
//!
//! If pipelined, the client's messages are sent together, and the later phases of writing are
//! skipped.

mod answers;
mod auth;
mod credentials;
mod messages;
mod method;
mod offer;
mod reply;
mod reply_buffer;
mod requests;
#[cfg(test)]
pub(crate) mod silent;

pub use auth::Auth;
pub use credentials::Credentials;
pub(crate) use credentials::ISOLATED;
pub use method::{Method, Purpose};
pub(crate) use offer::PASSWORD;
pub(crate) use reply::Reader;

use crate::error::{Detail, Error, ErrorKind, Stage, is_reset};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::dialect::LEAST_REPLY;
use crate::protocol::established::Established;
use crate::protocol::pause::Pause;
use crate::protocol::progress::Progress;
use crate::protocol::reply_reader::ReplyReader;
use crate::protocol::request::Request;
use crate::protocol::target::Target;
use crate::trace;
use messages::Messages;
use reply_buffer::ANSWER;
use std::fmt;

/// A request to a SOCKS5 proxy, from the greeting to its first reply.
///
/// The commands are CONNECT, BIND and UDP ASSOCIATE, Tor's RESOLVE and `RESOLVE_PTR`, and those of
/// SOCKS5a. After BIND, [`SecondReply`](crate::protocol::SecondReply) follows.
pub struct Socks5<'a> {
    messages: Messages<'a>,
    phase: Phase,
    progress: Progress,
    reply: Reader,
    method: Option<u8>,
    negotiation: Option<Box<dyn Method>>,
}

/// The next message of the handshake, by the client or by the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Greeting,
    Selection,
    Password,
    Status,
    Method,
    Request,
    Reply,
    Granted,
    Over,
}

impl Phase {
    /// Returns the phase of the answer to the message of this phase.
    #[inline]
    const fn answered_in(self) -> Self {
        match self {
            Self::Greeting => Self::Selection,
            Self::Password => Self::Status,
            Self::Request => Self::Reply,
            phase => phase,
        }
    }
}

impl Socks5<'_> {
    /// Enters the phase, or the phase of its answer.
    ///
    /// The latter is so if the message is already written, or can't be written any more.
    #[inline]
    const fn enter(&mut self, phase: Phase) {
        let silent = self.messages.pipelined || self.progress.has_write_failed();
        self.phase = if silent { phase.answered_in() } else { phase };
    }

    /// Handles the end of a message, or of its frames before a pause.
    #[inline]
    fn sent(&mut self, bytes: usize) -> Result<(), Error> {
        trace::sent(self.stage(), bytes);
        if let Some(frames) = self.reply.frames_mut() {
            frames.outgoing.sent(bytes);
            let queued = frames.outgoing.put_queued();
            if queued.map_err(|error| self.reply.encapsulation_failed(error))? {
                return Ok(());
            }
        }
        self.phase = self.phase.answered_in();
        Ok(())
    }

    #[inline]
    fn try_advance(&mut self, n: usize) -> Result<(), Error> {
        if let Phase::Granted | Phase::Over = self.phase {
            return Err(Error::new(self.stage(), ErrorKind::Over));
        }
        let left = self
            .progress
            .take_offered(n)
            .map_err(|offered| Error::new(self.stage(), ErrorKind::Overrun { reported: n, offered }))?;
        if let Some(negotiation) = &mut self.negotiation {
            negotiation.advance(n)?;
            // A METHOD that ignores the end would be stepped without end.
            return if n == 0 { Err(self.closed_during_method()) } else { self.continue_negotiation() };
        }
        if n == 0 {
            if let Some(refusal) = self.reply.refusal() {
                return Err(refusal);
            }
            self.progress.check_write()?;
            return Err(self.ended_early());
        }
        match self.phase {
            Phase::Greeting | Phase::Password | Phase::Request => {
                if let Some(bytes) = self.progress.sent(n, left) {
                    self.sent(bytes)?;
                }
                // The answer may have arrived early, with a previous one.
                if self.reply.buffer.len() == 0 && self.reply.frames().is_none() {
                    return Ok(());
                }
            }
            _ => self.reply.filled(n),
        }
        self.read_answers()
    }

    /// Continues with the proxy's next answer, without the message before it.
    fn skip_to_answer(&mut self) -> Result<(), Error> {
        self.phase = self.phase.answered_in();
        self.skip_message()?;
        self.read_answers()
    }

    /// Continues after a step of the METHOD. If a write has failed, nothing more is written.
    fn continue_negotiation(&mut self) -> Result<(), Error> {
        if self.progress.has_write_failed() {
            self.skip_message()?;
        }
        self.end_negotiation()
    }

    /// Skips the message that a custom METHOD wants to write.
    fn skip_message(&mut self) -> Result<(), Error> {
        let Some(negotiation) = &mut self.negotiation else { return Ok(()) };
        let message = match negotiation.step(&mut Scratch::new()) {
            Step::Write(bytes) => bytes.len(),
            _ => return Ok(()),
        };
        negotiation.advance(message)?;
        self.end_negotiation()
    }

    #[inline]
    fn end_if_failed(&mut self, done: Result<(), Error>) -> Result<(), Error> {
        if done.is_err() {
            self.phase = Phase::Over;
            self.negotiation = None;
        }
        done
    }

    fn closed_during_method(&self) -> Error {
        match (&self.negotiation, self.method) {
            (Some(method), Some(code)) => {
                let kind = ErrorKind::ClosedDuringMethod { code, name: method.name() };
                Error::new(self.stage(), kind)
            }
            _ => self.ended_early(),
        }
    }

    fn ended_early(&self) -> Error {
        self.failure(ErrorKind::EndedEarly { received: self.reply.received() })
    }
}

impl Request for Socks5<'_> {
    fn is_last_message(&self) -> bool {
        match self.phase {
            Phase::Greeting => self.messages.pipelined,
            phase => phase == Phase::Request,
        }
    }

    fn target(&self) -> &Target<'_> {
        &self.messages.target
    }
}

impl Conversation for Socks5<'_> {
    type Outcome = Established;

    #[inline]
    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Established> {
        match self.phase {
            Phase::Greeting | Phase::Password | Phase::Request => {
                if let Some(frames) = self.reply.frames() {
                    return self.progress.write(frames.outgoing.pending());
                }
                self.messages.render(self.phase, scratch);
                self.progress.write(scratch.message())
            }
            // After a custom METHOD the proxy may speak next: read its answer and no more. After
            // the others the client speaks next, and only a reply can follow the answer. Room
            // for the shortest reply saves the runtime a read that would not be ready.
            Phase::Selection | Phase::Status if self.messages.requests_nothing => {
                self.progress.read(self.reply.buffer.room(ANSWER))
            }
            Phase::Selection if self.messages.auth.has_custom_method() => {
                self.progress.read(self.reply.buffer.room(ANSWER))
            }
            Phase::Selection | Phase::Status => {
                self.progress.read(self.reply.buffer.room(ANSWER + LEAST_REPLY))
            }
            Phase::Reply => self.progress.read(self.reply.room()),
            Phase::Method => match self.negotiation.as_mut().map(|m| m.step(scratch)) {
                Some(Step::Write(bytes)) => self.progress.write(bytes),
                Some(Step::Read(buf)) => self.progress.read(buf),
                Some(Step::Done(_)) | None => self.progress.read(&mut []),
            },
            Phase::Granted => {
                self.phase = Phase::Over;
                Step::Done(self.reply.take())
            }
            Phase::Over => self.progress.read(&mut []),
        }
    }

    #[inline]
    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let advanced = self.try_advance(n);
        self.end_if_failed(advanced)
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        if let Phase::Granted | Phase::Over = self.phase {
            return Err(error);
        }
        self.progress.write_failed(error);
        let skipped = self.skip_to_answer();
        self.end_if_failed(skipped)
    }

    #[inline]
    fn pause(&mut self) -> Option<&mut Pause> {
        match (self.phase, &mut self.negotiation) {
            (Phase::Method, Some(method)) => method.pause(),
            (Phase::Request, _) => self.reply.frames_mut()?.outgoing.pause(),
            _ => None,
        }
    }

    #[inline]
    fn stage(&self) -> Stage {
        match self.phase {
            Phase::Greeting | Phase::Selection => Stage::MethodSelection,
            Phase::Password | Phase::Status => Stage::Authentication,
            Phase::Method => self.negotiation.as_ref().map_or(Stage::Authentication, |m| m.stage()),
            Phase::Request | Phase::Reply | Phase::Granted | Phase::Over => Stage::Request,
        }
    }

    fn failure(&self, kind: ErrorKind) -> Error {
        if let Some(negotiation) = &self.negotiation {
            let error = negotiation.failure(kind);
            return match error.kind() {
                ErrorKind::Io(cause) if is_reset(cause) => self.closed_during_method(),
                _ => error,
            };
        }
        let detail = match (self.stage(), self.reply.received(), self.reply.frames()) {
            (Stage::MethodSelection, 0, _) => Some(Detail::Unanswered),
            (Stage::Request, 0, Some(_)) => Some(Detail::SealedUnanswered),
            _ => None,
        };
        let failure = || Error::new(self.stage(), kind).with(detail);
        self.reply.refusal().unwrap_or_else(failure)
    }
}

impl fmt::Debug for Socks5<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks5")
            .field("auth", self.messages.auth)
            .field("command", &self.messages.command)
            .field("target", &self.messages.target)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}
