//! The proxy's answers to a request.

use super::auth;
use super::offer::Selected;
use super::{ANSWER, PASSWORD, Phase, Socks5};
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::{Scratch, Step};
use crate::protocol::reply_reader::ReplyReader;
use crate::trace;

impl Socks5<'_> {
    /// Parses the received answers, as far as they are complete.
    #[inline]
    pub(super) fn read_answers(&mut self) -> Result<(), Error> {
        loop {
            let phase = self.phase;
            match phase {
                Phase::Selection => self.read_selection()?,
                Phase::Status => self.read_status()?,
                Phase::Reply => self.read_reply()?,
                _ => {}
            }
            if self.phase == phase {
                return Ok(());
            }
        }
    }

    #[inline]
    fn read_selection(&mut self) -> Result<(), Error> {
        match self.reply.buffer.first() {
            None | Some(5) => {}
            // If everything arrives at once, Tor omits the selection and begins with the STATUS.
            Some(1) if self.messages.pipelined && self.messages.auth.credentials().is_some() => {
                return self.method_selected(PASSWORD);
            }
            Some(first) => {
                return Err(Error::new(Stage::MethodSelection, ErrorKind::NotSocks { first }));
            }
        }
        match self.reply.buffer.take_answer() {
            None => Ok(()),
            Some(method) => {
                trace::received(Stage::MethodSelection, ANSWER);
                self.method_selected(method)
            }
        }
    }

    fn method_selected(&mut self, method: u8) -> Result<(), Error> {
        let failed = |kind| Error::new(Stage::MethodSelection, kind);
        if method == auth::NO_ACCEPTABLE {
            return Err(failed(ErrorKind::MethodsRefused).with(self.messages.auth.offered()));
        }
        let Some(selected) = self.messages.auth.select(method, self.messages.command)? else {
            return Err(failed(ErrorKind::MethodNotOffered(method)));
        };
        self.method = Some(method);
        match selected {
            Selected::None => self.enter_request()?,
            Selected::Password => {
                // A password for a request that can't be made would be sent in vain.
                self.check_carried()?;
                self.enter(Phase::Password);
            }
            Selected::Custom(mut negotiation) => {
                if self.messages.auth.is_pipelined() {
                    let mut request = Scratch::new();
                    self.messages.put_request(&mut request);
                    let taken = negotiation.request().ok_or(Invalid::NotPipelinable)?;
                    taken.extend_from_slice(request.message());
                }
                self.phase = Phase::Method;
                self.negotiation = Some(negotiation);
                self.skip_opening()?;
                self.continue_negotiation()?;
            }
        }
        Ok(())
    }

    /// Skips what the METHOD has sent together with the greeting.
    fn skip_opening(&mut self) -> Result<(), Error> {
        let opening = self.messages.auth.opening();
        let Some(negotiation) = self.negotiation.as_mut().filter(|_| !opening.is_empty()) else {
            return Ok(());
        };
        match negotiation.step(&mut Scratch::new()) {
            Step::Write(first) if first == opening => {}
            _ => return Err(Error::method("the METHOD's first message is not its opening")),
        }
        negotiation.advance(opening.len())
    }

    #[inline]
    fn read_status(&mut self) -> Result<(), Error> {
        match self.reply.buffer.first() {
            // RFC 1929 says 1. Some servers send the version of SOCKS.
            None | Some(1 | 5) => {}
            Some(byte) => {
                let kind = ErrorKind::Malformed { field: "VER", byte };
                return Err(Error::new(Stage::Authentication, kind));
            }
        }
        let Some(status) = self.reply.buffer.take_answer() else { return Ok(()) };
        trace::received(Stage::Authentication, ANSWER);
        if status != 0 {
            let refused = Error::new(Stage::Authentication, ErrorKind::PasswordRefused(status));
            return Err(refused.with(self.messages.auth.offered()));
        }
        self.enter_request()
    }

    /// Takes over what the METHOD negotiated, if it has ended. To ask it for its next step has no
    /// other effect.
    pub(super) fn end_negotiation(&mut self) -> Result<(), Error> {
        let mut scratch = Scratch::new();
        let Some(Step::Done(negotiated)) = self.negotiation.as_mut().map(|method| method.step(&mut scratch))
        else {
            return Ok(());
        };
        self.negotiation = None;
        trace::negotiated(negotiated.frames.is_some());
        if negotiated.is_something() {
            self.reply.negotiated = Some(Box::new(negotiated));
        }
        if self.messages.auth.is_pipelined() {
            self.enter(Phase::Reply);
            return Ok(());
        }
        self.enter_request()?;
        self.seal_request()
    }

    /// Enters the phase of the request, unless the METHOD does not carry it or nothing is to be
    /// requested.
    #[inline]
    fn enter_request(&mut self) -> Result<(), Error> {
        self.check_carried()?;
        if self.messages.requests_nothing {
            self.progress.check_write()?;
            self.phase = Phase::Granted;
        } else {
            self.enter(Phase::Request);
        }
        Ok(())
    }

    /// Fails if the METHOD does not carry the request. Replaces a URL that has a fallback.
    fn check_carried(&mut self) -> Result<(), Error> {
        if self.reply.dialect().is_socks5a || self.messages.reduce().is_ok() {
            return Ok(());
        }
        let method = self.method.unwrap_or_default();
        Err(Error::new(Stage::Request, ErrorKind::NeedsSocks5a { method }))
    }

    /// Puts the request into the pump, if there is one.
    pub(super) fn seal_request(&mut self) -> Result<(), Error> {
        let stage = self.reply.buffer.stage();
        let failed = |error| Error::new(stage, ErrorKind::Encapsulation(error));
        let Some(frames) = self.reply.frames_mut() else { return Ok(()) };
        if !frames.incoming.plain().map_err(failed)?.is_empty() {
            return Err(failed("the proxy sent bytes before it was asked for anything".into()));
        }
        if self.messages.requests_nothing {
            return Ok(());
        }
        let mut request = Scratch::new();
        self.messages.put_request(&mut request);
        frames.outgoing.queue(request.message()).map_err(failed)
    }

    #[inline]
    fn read_reply(&mut self) -> Result<(), Error> {
        if self.reply.is_granted()? {
            self.progress.check_write()?;
            self.phase = Phase::Granted;
        }
        Ok(())
    }
}
