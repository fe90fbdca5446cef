//! The sub-negotiation of a sequence, on one connection.
//!
//! ```text
//! proxy                               client
//! 05 METHOD           ------->
//!                     <------->       the METHOD's sub-negotiation
//! ...
//! 05 00, or 05 FF     ------->
//! ```
//!
//! From the selection of TOL on, all of this is in records.

#[cfg(test)]
mod tests;

use super::capabilities::Capabilities;
use super::codes::{EAF, TOL};
use super::crypto::Key;
use super::dialect::SOCKS5A;
use super::error::Error;
use super::exchange::{Exchange, Verified};
use super::member::Kind;
use super::order::Order;
use super::password::Password;
use super::session::Session;
use super::transfer::Transfer;
use crate::error::{ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::frames::Frames;
use crate::protocol::layered::Layered;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::pause::Pause;
use crate::protocol::socks5::{Method, PASSWORD};

/// The sub-negotiation of one connection.
pub(super) struct Chaining {
    order: Order,
    /// Whether TOL is offered beside the sequence.
    is_tol_offered: bool,
    phase: Layered<Box<Frames>, Phase>,
    /// The key of EAF, until records have begun.
    key: Option<Key>,
    /// The METHOD that the proxy has announced to come next.
    control: Option<u8>,
    session: Session,
    outcome: Option<Negotiated>,
}

/// The end of the sequence, as a METHOD.
const END: u8 = 0x00;
const REFUSED: u8 = 0xFF;

/// The next selection, or the sub-negotiation of the selected METHOD.
enum Phase {
    /// `05 METHOD` of the proxy.
    Selection(Transfer),
    Password(Password),
    Eaf(Box<Exchange>),
}

enum PhaseOutcome {
    Selected(u8),
    Accepted,
    Verified(Box<Verified>),
}

impl Phase {
    fn selection() -> Self {
        Self::Selection(Transfer::read(2))
    }
}

impl Chaining {
    pub(super) fn start(order: Order, is_tol_offered: bool) -> Self {
        Self {
            order,
            is_tol_offered,
            phase: Layered::through(None, Phase::selection()),
            key: None,
            control: None,
            session: Session::default(),
            outcome: None,
        }
    }

    /// Begins the next phase, through the same records.
    fn enter(&mut self, phase: Phase) {
        let frames = self.take_frames();
        self.phase = Layered::through(frames, phase);
    }

    fn take_frames(&mut self) -> Option<Box<Frames>> {
        std::mem::replace(&mut self.phase, Layered::through(None, Phase::selection())).into_frames()
    }

    /// Handles what has ended, if something has.
    fn proceed(&mut self) -> Result<(), crate::Error> {
        while self.outcome.is_none() {
            match self.phase.step(&mut Scratch::new()) {
                Step::Done(PhaseOutcome::Selected(method)) => self.selected(method)?,
                Step::Done(PhaseOutcome::Accepted) => self.ran(PASSWORD),
                Step::Done(PhaseOutcome::Verified(verified)) => self.verified(*verified),
                _ => break,
            }
        }
        Ok(())
    }

    fn selected(&mut self, method: u8) -> Result<(), crate::Error> {
        if method == REFUSED {
            return Err(Error::SequenceRefused.into());
        }
        if let Some(announced) = self.control.take().filter(|announced| *announced != method) {
            return Err(Error::ControlMismatch { announced, selected: method }.logged().into());
        }
        if method == END {
            self.order.check_end().map_err(Error::logged)?;
            return self.end();
        }
        let capabilities =
            Capabilities::SEQUENCE | Capabilities::TOL.filter(self.is_tol_offered || self.order.has_tol());
        match self.order.select(method).map_err(Error::logged)? {
            Kind::Password(credentials) => {
                let password = Password::start(credentials);
                self.enter(Phase::Password(password));
            }
            Kind::Eaf(eaf) => {
                let exchange = eaf.exchange(capabilities)?;
                self.enter(Phase::Eaf(Box::new(exchange)));
            }
            Kind::Tol(tol) => {
                let records = tol.encapsulation(self.key.take())?;
                self.phase = Layered::through(Some(Box::new(Frames::from(records))), Phase::selection());
                self.session.methods.push(TOL);
            }
        }
        Ok(())
    }

    fn verified(&mut self, verified: Verified) {
        // The key does not change once records have begun, and is of no use then.
        self.key = Some(verified.key);
        self.control = verified.control;
        let methods = std::mem::take(&mut self.session.methods);
        self.session = Session { methods, ..verified.session };
        self.ran(EAF);
    }

    /// Waits for the next selection.
    fn ran(&mut self, method: u8) {
        self.session.methods.push(method);
        self.enter(Phase::selection());
    }

    fn end(&mut self) -> Result<(), crate::Error> {
        let mut frames = self.take_frames();
        if let Some(frames) = &mut frames {
            let failed = |error| crate::Error::new(Stage::Authentication, ErrorKind::Encapsulation(error));
            if !frames.incoming.plain().map_err(failed)?.is_empty() {
                return Err(Error::Surplus.logged().into());
            }
        }
        let session = std::mem::take(&mut self.session);
        let negotiated = frames.map_or_else(Negotiated::nothing, |frames| Negotiated::from(*frames));
        let negotiated = negotiated.session(session).several_requests();
        self.outcome = Some(Negotiated { dialect: Some(&SOCKS5A), ..negotiated });
        Ok(())
    }
}

impl Conversation for Chaining {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Negotiated> {
        if let Some(negotiated) = self.outcome.take() {
            return Step::Done(negotiated);
        }
        match self.phase.step(scratch) {
            Step::Write(bytes) => Step::Write(bytes),
            Step::Read(room) => Step::Read(room),
            // `advance` has handled it.
            Step::Done(_) => Step::Read(&mut []),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), crate::Error> {
        self.phase.advance(n)?;
        self.proceed()
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }

    fn failure(&self, kind: ErrorKind) -> crate::Error {
        self.phase.failure(kind)
    }

    fn pause(&mut self) -> Option<&mut Pause> {
        self.phase.pause()
    }
}

impl Method for Chaining {
    fn name(&self) -> &'static str {
        "a sequence of METHODs"
    }
}

impl Conversation for Phase {
    type Outcome = PhaseOutcome;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, PhaseOutcome> {
        match self {
            Self::Selection(transfer) => match *transfer.moved() {
                [_, method] => Step::Done(PhaseOutcome::Selected(method)),
                _ => transfer.step(),
            },
            Self::Password(password) => mapped(password.step(scratch), |()| PhaseOutcome::Accepted),
            Self::Eaf(exchange) => {
                mapped(exchange.step(scratch), |verified| PhaseOutcome::Verified(Box::new(verified)))
            }
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), crate::Error> {
        match self {
            Self::Selection(transfer) => {
                transfer.advance(n)?;
                match *transfer.moved() {
                    [] | [5, ..] => Ok(()),
                    [byte, ..] => Err(Error::Malformed { field: "VER", byte }.into()),
                }
            }
            Self::Password(password) => password.advance(n),
            Self::Eaf(exchange) => exchange.advance(n),
        }
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

fn mapped<T, U>(step: Step<'_, T>, done: impl FnOnce(T) -> U) -> Step<'_, U> {
    match step {
        Step::Write(bytes) => Step::Write(bytes),
        Step::Read(room) => Step::Read(room),
        Step::Done(outcome) => Step::Done(done(outcome)),
    }
}
