//! GSS-API (RFC 1961): it is offered, but never negotiated.

use anysocks::protocol::{Conversation, Encapsulation, Method, Scratch, Step};
use anysocks::{Error, Stage};

pub(crate) struct GssApi;

impl Method for GssApi {
    fn code(&self) -> u8 {
        1
    }
}

impl Conversation for GssApi {
    type Outcome = Option<Encapsulation>;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Self::Outcome> {
        Step::Read(scratch.room())
    }

    fn advance(&mut self, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}
