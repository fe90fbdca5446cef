//! User name and password as a METHOD of a sequence (RFC 1929).

use super::crypto::joined;
use super::transfer::Transfer;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::socks5::Credentials;

/// The sub-negotiation of one connection.
pub(super) struct Password {
    transfer: Transfer,
    phase: Phase,
}

#[derive(PartialEq, Eq)]
enum Phase {
    Message,
    Status,
    Done,
}

/// The length of VER and STATUS.
const ANSWER: usize = 2;

impl Password {
    pub(super) fn start(credentials: &Credentials) -> Self {
        let mut message = Scratch::new();
        credentials.put(&mut message);
        Self { transfer: Transfer::write(joined(&[message.message()])), phase: Phase::Message }
    }
}

impl Conversation for Password {
    type Outcome = ();

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, ()> {
        if self.phase == Phase::Done { Step::Done(()) } else { self.transfer.step() }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let is_complete = self.transfer.advance(n)?;
        match (&self.phase, self.transfer.moved()) {
            (Phase::Message, _) if is_complete => {
                (self.transfer, self.phase) = (Transfer::read(ANSWER), Phase::Status);
            }
            // RFC 1929 says 1. Some servers send the version of SOCKS.
            (Phase::Status, [1 | 5, 0]) => self.phase = Phase::Done,
            (Phase::Status, [1 | 5, status]) => {
                return Err(Error::new(self.stage(), ErrorKind::PasswordRefused(*status)));
            }
            (Phase::Status, [byte, ..]) if !matches!(byte, 1 | 5) => {
                return Err(Error::new(self.stage(), ErrorKind::Malformed { field: "VER", byte: *byte }));
            }
            _ => {}
        }
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}
