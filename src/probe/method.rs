//! One METHOD, as far as the proxy's selection of it.

use crate::error::{Error, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::negotiated::Negotiated;
use crate::protocol::socks5::{Auth, Method};

/// Offers the METHOD with this code and name. It needs no secret: it ends at the selection.
pub(super) fn offered(code: u8, name: &'static str) -> Result<Auth, Error> {
    Auth::method(code, move |_| Ok(Box::new(Offered(name))))
}

struct Offered(&'static str);

impl Method for Offered {
    fn name(&self) -> &'static str {
        self.0
    }
}

impl Conversation for Offered {
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
