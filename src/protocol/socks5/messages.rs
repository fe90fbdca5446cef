//! The client's messages. Each is rendered from its parts at each step, and not kept.

use super::Phase;
use super::auth::Auth;
use crate::error::Error;
use crate::protocol::command::Command;
use crate::protocol::conversation::Scratch;
use crate::protocol::target::Target;
use crate::protocol::wire;

/// The parts of the client's messages.
pub(super) struct Messages<'a> {
    pub(super) auth: &'a Auth,
    pub(super) command: Command,
    pub(super) target: Target<'a>,
    pub(super) pipelined: bool,
}

impl<'a> Messages<'a> {
    pub(super) fn new(auth: &'a Auth, command: Command, target: Target<'a>) -> Result<Self, Error> {
        Ok(Self { auth, command, target, pipelined: auth.checked_pipelined()? })
    }

    /// Renders the message of this phase. If pipelined, the later messages follow it.
    pub(super) fn render(&self, phase: Phase, message: &mut Scratch) {
        message.clear();
        if phase == Phase::Greeting {
            self.auth.put_greeting(message);
            message.put(self.auth.opening());
        }
        if phase == Phase::Password || self.pipelined {
            if let Some(credentials) = self.auth.credentials() {
                credentials.put(message);
            }
        }
        if phase == Phase::Request || self.pipelined {
            self.put_request(message);
        }
    }

    /// Appends `05 | CMD | RSV | ATYP | DST.ADDR | DST.PORT` (RFC 1928 §4).
    pub(super) fn put_request(&self, message: &mut Scratch) {
        message.put(&[5, self.command as u8, 0]);
        wire::put_address(&self.target, |bytes| message.put(bytes));
    }
}
