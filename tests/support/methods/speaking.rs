//! A METHOD that speaks through its encapsulation before it hands it over, with a value for the
//! user.
//!
//! ```text
//! client: frames of "hello"        proxy: frames of "alice"
//! client: frames of "thanks", which the METHOD leaves in the pump
//! ```

use super::numbered;
use crate::support::script::{Line, client, proxy};
use anysocks::protocol::{Conversation, Frames, Method, Negotiated, Pause, Scratch, Step};
use anysocks::{Auth, Error, Stage};

/// The name that the proxy has given the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Principal(pub(crate) String);

pub(crate) const PRINCIPAL: &str = "alice";

/// Offers this METHOD alone.
pub(crate) fn auth(code: u8) -> Auth {
    Auth::method(code, move |_| Speaking::start(code)).expect("a method")
}

/// The sub-negotiation as a transcript of what is inside the frames.
pub(crate) fn exchange() -> Vec<Line> {
    vec![client("hello"), proxy(Stage::Authentication, PRINCIPAL), client("thanks")]
}

struct Speaking {
    frames: Option<Frames>,
    heard: Vec<u8>,
}

impl Speaking {
    fn start(code: u8) -> Result<Box<dyn Method>, Error> {
        let mut frames = Frames::from(numbered::encapsulation(code));
        say(&mut frames, b"hello")?;
        Ok(Box::new(Self { frames: Some(frames), heard: Vec::new() }))
    }
}

fn say(frames: &mut Frames, mut message: &[u8]) -> Result<(), Error> {
    while !message.is_empty() {
        let taken = frames.outgoing.put(message).map_err(Error::method)?;
        message = &message[taken..];
    }
    Ok(())
}

impl Conversation for Speaking {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Negotiated> {
        if self.heard.len() == PRINCIPAL.len() {
            let principal = Principal(String::from_utf8_lossy(&self.heard).into_owned());
            return match self.frames.take() {
                Some(frames) => Step::Done(Negotiated::from(frames).session(principal)),
                None => Step::Read(&mut []),
            };
        }
        let Some(Frames { incoming, outgoing, .. }) = &mut self.frames else { return Step::Read(&mut []) };
        match outgoing.pending() {
            [] => Step::Read(incoming.room()),
            pending => Step::Write(pending),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let Some(frames) = &mut self.frames else { return Err(Error::method("it is over")) };
        if !frames.outgoing.pending().is_empty() {
            frames.outgoing.sent(n);
            return Ok(());
        }
        frames.incoming.filled(n);
        let mut rest = vec![0; PRINCIPAL.len() - self.heard.len()];
        while !rest.is_empty() {
            let taken = frames.incoming.take(&mut rest).map_err(Error::method)?;
            if taken == 0 {
                return Ok(());
            }
            self.heard.extend(rest.drain(..taken));
        }
        say(frames, b"thanks")
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }

    fn pause(&mut self) -> Option<&mut Pause> {
        self.frames.as_mut()?.outgoing.pause()
    }
}

impl Method for Speaking {
    fn name(&self) -> &'static str {
        "the speaking METHOD"
    }
}
