//! A METHOD without messages, for tests.

use super::Method;
use crate::error::{Error, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::negotiated::Negotiated;

/// Negotiates this at once, whatever its opening is.
pub(crate) struct Silent {
    pub(crate) negotiated: fn() -> Negotiated,
    pub(crate) opening: &'static [u8],
}

impl Conversation for Silent {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Negotiated> {
        Step::Done((self.negotiated)())
    }

    fn advance(&mut self, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

impl Method for Silent {
    fn name(&self) -> &'static str {
        "a silent METHOD"
    }

    fn opening(&self) -> &[u8] {
        self.opening
    }
}
