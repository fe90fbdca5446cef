//! What the proxy's answers mean for a request.

use super::auth::{self, Chosen};
use super::{ANSWER, PASSWORD, Phase, Socks5};
use crate::conversation::{Scratch, Step};
use crate::encapsulation::Encapsulation;
use crate::error::{Error, ErrorKind, Stage};
use crate::frames::Frames;
use crate::second_reply::ReplyReader;
use crate::trace;

impl Socks5<'_> {
    /// Understands what was heard, as far as it goes.
    pub(super) fn hear(&mut self) -> Result<(), Error> {
        loop {
            let phase = self.phase;
            match phase {
                Phase::Selection => self.hear_selection()?,
                Phase::Status => self.hear_status()?,
                Phase::Reply => self.hear_reply()?,
                _ => {}
            }
            if self.phase == phase {
                return Ok(());
            }
        }
    }

    fn hear_selection(&mut self) -> Result<(), Error> {
        match self.reply.heard.first() {
            None | Some(5) => {}
            // Tor leaves the selection out when everything comes at once, and begins with the STATUS.
            Some(1) if self.messages.pipelined && self.messages.auth.credentials().is_some() => {
                return self.chosen(PASSWORD);
            }
            Some(first) => {
                return Err(Error::new(Stage::MethodSelection, ErrorKind::NotSocks { first }));
            }
        }
        match self.reply.heard.take_answer() {
            None => Ok(()),
            Some(method) => {
                trace::heard(Stage::MethodSelection, ANSWER);
                self.chosen(method)
            }
        }
    }

    fn chosen(&mut self, method: u8) -> Result<(), Error> {
        let refused = |kind| Err(Error::new(Stage::MethodSelection, kind));
        if method == auth::NO_ACCEPTABLE {
            return refused(ErrorKind::MethodsRefused);
        }
        let Some(chosen) = self.messages.auth.choose(method) else {
            return refused(ErrorKind::MethodNotOffered(method));
        };
        self.method = Some(method);
        match chosen {
            Chosen::None => self.speak(Phase::Request),
            Chosen::Password => self.speak(Phase::Password),
            Chosen::Own(negotiation) => {
                self.phase = Phase::Method;
                self.negotiation = Some(negotiation);
                self.negotiated()?;
            }
        }
        Ok(())
    }

    fn hear_status(&mut self) -> Result<(), Error> {
        match self.reply.heard.first() {
            // RFC 1929 says 1; some servers repeat the version of SOCKS.
            None | Some(1 | 5) => {}
            Some(byte) => {
                let kind = ErrorKind::Malformed { field: "VER", byte };
                return Err(Error::new(Stage::Authentication, kind));
            }
        }
        let Some(status) = self.reply.heard.take_answer() else { return Ok(()) };
        trace::heard(Stage::Authentication, ANSWER);
        if status != 0 {
            return Err(Error::new(Stage::Authentication, ErrorKind::PasswordRefused(status)));
        }
        self.speak(Phase::Request);
        Ok(())
    }

    /// Looks whether the sub-negotiation has come to its end. Asking it for its next step changes nothing else.
    pub(super) fn negotiated(&mut self) -> Result<(), Error> {
        let mut scratch = Scratch::new();
        let Some(Step::Done(encapsulation)) =
            self.negotiation.as_mut().map(|method| method.step(&mut scratch))
        else {
            return Ok(());
        };
        self.negotiation = None;
        if let Some(encapsulation) = encapsulation {
            self.reply.frames = Some(Box::new(self.seal_request(encapsulation)?));
        }
        self.speak(Phase::Request);
        Ok(())
    }

    /// The pump, with the request in it.
    fn seal_request(&self, encapsulation: Encapsulation) -> Result<Frames, Error> {
        let mut frames = Frames::from(encapsulation);
        let mut request = Scratch::new();
        self.messages.put_request(&mut request);
        let mut rest = request.message();
        while !rest.is_empty() {
            let n = frames.outgoing.put(rest).map_err(|error| self.reply.encapsulation_failed(error))?;
            rest = &rest[n..];
        }
        Ok(frames)
    }

    fn hear_reply(&mut self) -> Result<(), Error> {
        if self.reply.is_granted()? {
            self.turn.unless_mute()?;
            self.phase = Phase::Granted;
        }
        Ok(())
    }
}
