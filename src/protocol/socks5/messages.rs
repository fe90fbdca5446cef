//! The client's messages. Each is rendered from its parts at each step, and not kept.

use super::Phase;
use super::auth::Auth;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::command::Command;
use crate::protocol::conversation::Scratch;
use crate::protocol::target::{Host, Target};
use crate::protocol::wire;

/// ATYP of a request without an address.
const NO_ADDRESS: u8 = 0;

/// The parts of the client's messages.
pub(super) struct Messages<'a> {
    pub(super) auth: &'a Auth,
    pub(super) command: Command,
    pub(super) target: Target<'a>,
    pub(super) pipelined: bool,
    /// Whether the conversation ends with the METHOD.
    pub(super) requests_nothing: bool,
}

impl<'a> Messages<'a> {
    #[inline]
    pub(super) fn new(
        auth: &'a Auth,
        command: Command,
        target: Target<'a>,
        is_socks5a: bool,
    ) -> Result<Self, Error> {
        if !command.takes(target.host()) {
            return Err(Invalid::TargetOfCommand(command.name()).into());
        }
        let target = match command {
            Command::DnsResolve => Target::new(target.into_host(), 0),
            _ => target,
        };
        let pipelined = auth.checked_pipelined()?;
        let mut messages = Self { auth, command, target, pipelined, requests_nothing: false };
        if !is_socks5a {
            messages.reduce()?;
        }
        Ok(messages)
    }

    /// Replaces a URL by its host and port, if it has a fallback.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NeedsSocks5a`]: without SOCKS5a, no request has this command or target.
    #[inline]
    pub(super) fn reduce(&mut self) -> Result<(), Error> {
        if self.command.needs_socks5a() {
            return Err(Invalid::NeedsSocks5a.into());
        }
        if self.target.host().needs_socks5a() {
            self.target = self.target.borrowed().into_standard()?.into_owned();
        }
        Ok(())
    }

    /// Renders the message of this phase. If pipelined, the later messages follow it.
    #[inline]
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
        let command = self.command as u8;
        match self.target.host() {
            _ if self.command == Command::KeepAlive => message.put(&[5, command, 0, NO_ADDRESS, 0, 0]),
            // Of most requests: in fewer parts.
            Host::Domain(name) => {
                let [atyp, len] = wire::name_header(name);
                message.put(&[5, command, 0, atyp, len]);
                message.put(name.as_str().as_bytes());
                message.put(&self.target.port().to_be_bytes());
            }
            _ => {
                message.put(&[5, command, 0]);
                wire::put_address(&self.target, |bytes| message.put(bytes));
            }
        }
    }
}
