//! GSS-API (RFC 1961): it is offered, but never negotiated.

use anysocks::protocol::{Conversation, Method, Negotiated, Scratch, Step};
use anysocks::{Error, Stage};

pub(crate) struct GssApi;

impl Method for GssApi {
    fn name(&self) -> &'static str {
        "GSS-API"
    }
}

impl Conversation for GssApi {
    type Outcome = Negotiated;

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
