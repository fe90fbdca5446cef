//! The sub-negotiation: the tokens of the context, then the level (RFC 1961 §3, §4).

use super::error::Error;
use super::frames::{Shared, encapsulation};
use super::level::Terms;
use super::mechanism::{Begun, Next, Order};
use super::message::{self, CONTEXT, HEADER, LEVEL};
use crate::error::{ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::frames::Frames;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::socks5::Method;

/// The sub-negotiation of one connection.
pub(super) struct Negotiation {
    context: Shared,
    terms: Terms,
    phase: Phase,
    /// The message to write.
    message: Vec<u8>,
    header: [u8; HEADER],
    token: Vec<u8>,
    /// How much of the message, the header or the token was moved.
    moved: usize,
    is_complete: bool,
    has_skipped: bool,
    /// The request, until it is in the message.
    request: Vec<u8>,
    /// The pump that has sealed the request.
    frames: Option<Frames>,
    outcome: Option<Negotiated>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Message,
    Header,
    Token,
    Done,
}

impl Negotiation {
    pub(super) fn start(begun: Begun, terms: Terms) -> Result<Self, crate::Error> {
        let mut negotiation = Self {
            context: Shared::new(begun.context),
            terms,
            phase: Phase::Message,
            message: Vec::new(),
            header: [0; HEADER],
            token: Vec::new(),
            moved: 0,
            is_complete: false,
            has_skipped: false,
            request: Vec::new(),
            frames: None,
            outcome: None,
        };
        negotiation.put(begun.next)?;
        Ok(negotiation)
    }

    fn enter(&mut self, phase: Phase) {
        (self.phase, self.moved) = (phase, 0);
    }

    /// Makes the next message: the mechanism's token, and the level once the context is complete.
    fn put(&mut self, next: Next) -> Result<(), crate::Error> {
        self.message.clear();
        self.enter(Phase::Message);
        if let Some(token) = next.token {
            message::put(CONTEXT, &mut self.message, |out| {
                out.extend(token);
                Ok(())
            })?;
        }
        if next.complete {
            self.is_complete = true;
            self.terms.check(self.context.lock().granted())?;
            message::put(LEVEL, &mut self.message, |out| {
                let level = [self.terms.code()];
                self.context.lock().wrap(false, &level, out).map_err(Error::Mechanism)
            })?;
            self.put_request()?;
        }
        if self.message.is_empty() { Err(Error::TokenMissing.into()) } else { Ok(()) }
    }

    /// Appends the request to the message. If the proxy grants another level than the one at which
    /// the request is sealed, the negotiation fails.
    fn put_request(&mut self) -> Result<(), crate::Error> {
        let request = std::mem::take(&mut self.request);
        if request.is_empty() {
            return Ok(());
        }
        let Some(mut frames) = self.encapsulate()? else {
            self.message.extend(request);
            return Ok(());
        };
        frames.outgoing.put_all(&request).map_err(crate::Error::method)?;
        self.message.extend_from_slice(frames.outgoing.pending());
        frames.outgoing.sent(frames.outgoing.pending().len());
        self.frames = Some(frames);
        Ok(())
    }

    fn encapsulate(&self) -> Result<Option<Frames>, Error> {
        let encapsulate = |level| encapsulation(&self.context, self.terms, level).map(Frames::from);
        self.terms.level.map(encapsulate).transpose()
    }

    /// Handles the end of a message.
    fn sent(&mut self) -> Result<(), crate::Error> {
        if self.is_complete && !self.request.is_empty() {
            // The level was sent before the request was known.
            self.message.clear();
            self.enter(Phase::Message);
            return self.put_request();
        }
        self.enter(Phase::Header);
        Ok(())
    }

    /// Checks as much of the header as was received.
    fn read_header(&mut self) -> Result<(), crate::Error> {
        let header = &self.header[..self.moved];
        let mtyp = message::mtyp(header)?;
        match mtyp {
            None | Some(CONTEXT) => {}
            Some(LEVEL) if self.is_complete => {}
            Some(byte) => return Err(Error::Malformed { field: "MTYP", byte }.into()),
        }
        let Some(len) = message::len(header) else { return Ok(()) };
        if self.is_complete && mtyp == Some(CONTEXT) {
            // Dante sends an empty token if its end of the context has none to send.
            if len > 0 || std::mem::replace(&mut self.has_skipped, true) {
                return Err(Error::TokenUnexpected.into());
            }
            self.enter(Phase::Header);
            return Ok(());
        }
        self.token.clear();
        self.token.resize(len, 0);
        self.enter(Phase::Token);
        if len == 0 { self.read_token() } else { Ok(()) }
    }

    fn read_token(&mut self) -> Result<(), crate::Error> {
        if !self.is_complete {
            let next = self.context.lock().step(&self.token).map_err(Error::Mechanism)?;
            return self.put(next);
        }
        self.read_level()?;
        let frames = match self.frames.take() {
            Some(frames) => Some(frames),
            None => self.encapsulate()?,
        };
        self.outcome = Some(frames.map_or_else(Negotiated::nothing, Negotiated::from));
        self.enter(Phase::Done);
        Ok(())
    }

    fn read_level(&self) -> Result<(), Error> {
        let mut level = Vec::new();
        let unwrapped = self.context.lock().unwrap(&self.token, &mut level).map_err(Error::Mechanism)?;
        if unwrapped.order != Order::InOrder {
            return Err(Error::OutOfOrder(unwrapped.order));
        }
        let asked = self.terms.code();
        match *level {
            [granted] if granted == asked => Ok(()),
            [granted] => Err(Error::LevelRefused { asked, granted }),
            _ => Err(Error::LevelLength(level.len())),
        }
    }
}

impl Conversation for Negotiation {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Negotiated> {
        match self.phase {
            Phase::Message => Step::Write(&self.message[self.moved..]),
            // An abort has two bytes of these, and ends the connection.
            Phase::Header => Step::Read(&mut self.header[self.moved..]),
            Phase::Token => Step::Read(&mut self.token[self.moved..]),
            Phase::Done => self.outcome.take().map_or(Step::Read(&mut []), Step::Done),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), crate::Error> {
        let (len, moved) = (self.len(), self.moved.saturating_add(n));
        if moved > len {
            let offered = len - self.moved;
            return Err(crate::Error::new(self.stage(), ErrorKind::Overrun { reported: n, offered }));
        }
        self.moved = moved;
        match self.phase {
            // The caller reports the end of the connection.
            _ if n == 0 => Ok(()),
            Phase::Message if moved == len => self.sent(),
            Phase::Header => self.read_header(),
            Phase::Token if moved == len => self.read_token(),
            _ => Ok(()),
        }
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

impl Negotiation {
    /// Returns the length of what is moved.
    fn len(&self) -> usize {
        match self.phase {
            Phase::Message => self.message.len(),
            Phase::Header => HEADER,
            Phase::Token => self.token.len(),
            Phase::Done => 0,
        }
    }
}

impl Method for Negotiation {
    fn name(&self) -> &'static str {
        "GSS-API"
    }

    fn opening(&self) -> &[u8] {
        &self.message
    }

    fn request(&mut self) -> Option<&mut Vec<u8>> {
        Some(&mut self.request)
    }
}
