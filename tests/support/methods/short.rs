//! A METHOD with the shortest sub-negotiation, which hands over what the test wants.
//!
//! ```text
//! client: CODE 01                  proxy: CODE 02
//! ```

use crate::support::script::{Line, client, proxy};
use anysocks::protocol::{Conversation, Method, Negotiated, Scratch, Step};
use anysocks::{Auth, Error, Stage};

pub(crate) const NAME: &str = "the short METHOD";

/// Offers this METHOD alone.
pub(crate) fn auth(code: u8, negotiated: impl Fn() -> Negotiated + Send + Sync + 'static) -> Auth {
    Auth::method(code, move |_| Ok(Short::start(code, negotiated()))).expect("a method")
}

/// The whole of it as a transcript, from the greeting on.
pub(crate) fn lines(code: u8) -> Vec<Line> {
    [vec![client([5, 1, code]), proxy(Stage::MethodSelection, [5, code])], exchange(code)].concat()
}

/// The sub-negotiation as a transcript.
pub(crate) fn exchange(code: u8) -> Vec<Line> {
    vec![client([code, 1]), proxy(Stage::Authentication, [code, 2])]
}

pub(crate) struct Short {
    /// The message of the client, and that of the proxy.
    said: [u8; 2],
    heard: [u8; 2],
    moved: usize,
    negotiated: Option<Negotiated>,
}

impl Short {
    pub(crate) fn start(code: u8, negotiated: Negotiated) -> Box<dyn Method> {
        Box::new(Self { said: [code, 1], heard: [0; 2], moved: 0, negotiated: Some(negotiated) })
    }
}

impl Conversation for Short {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Negotiated> {
        match self.moved {
            0..2 => Step::Write(&self.said[self.moved..]),
            2..4 => Step::Read(&mut self.heard[self.moved - 2..]),
            _ => self.negotiated.take().map_or(Step::Read(&mut []), Step::Done),
        }
    }

    /// Ignores the end of the stream, as a METHOD may.
    fn advance(&mut self, n: usize) -> Result<(), Error> {
        self.moved += n;
        match self.moved {
            4 if self.heard != [self.said[0], 2] => Err(Error::method("the proxy refuses")),
            5.. => Err(Error::method("the driver reports more bytes than were offered")),
            _ => Ok(()),
        }
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

impl Method for Short {
    fn name(&self) -> &'static str {
        NAME
    }
}
