//! The sub-negotiation of EAF, on one connection.
//!
//! ```text
//! client                              proxy
//! 01                      ------->
//!                         <-------    01, or FF
//! AUTH of the factor      ------->
//!                         <-------    challenge                (challenge-response alone)
//! response                ------->
//!                         <-------    MID | STATUS
//! ```

#[cfg(test)]
pub(super) mod tests;

use super::agreement::PrivateKey;
use super::capabilities::Capabilities;
use super::crypto::{self, Key, Mac, joined};
use super::ephemeral::Ephemeral;
use super::error::Error;
use super::factor::{CHALLENGE_RESPONSE, Factor, Terms};
use super::message::{self, HEADER, Lengths, Message, VERSION};
use super::metadata::{ClientMetadata, NONCE, ServerMetadata};
use super::psk::Psk;
use super::session::Session;
use super::status::Status;
use super::transfer::Transfer;
use crate::error::Stage;
use crate::protocol::conversation::{Conversation, Scratch, Step};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What the user has configured.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) psk: Psk,
    pub(super) factor: Factor,
    pub(super) identity: Box<str>,
    pub(super) key_exchange: bool,
}

/// The outcome of EAF.
pub(super) struct Verified {
    /// The key of later records.
    pub(super) key: Key,
    pub(super) session: Session,
    /// The METHOD of a sequence that the proxy has announced last.
    pub(super) control: Option<u8>,
}

/// The sub-negotiation of one connection.
pub(super) struct Exchange {
    options: Arc<Options>,
    time: u64,
    nonce: [u8; NONCE],
    private_key: Option<PrivateKey>,
    shared_secret: Option<Key>,
    client: Mac,
    server: Mac,
    transcript: Sha256,
    /// The first message, until it is written.
    first: Zeroizing<Vec<u8>>,
    phase: Phase,
    transfer: Transfer,
    /// Whether a message of the proxy was read.
    has_received: bool,
    has_responded: bool,
    session: Session,
    control: Option<u8>,
    outcome: Option<Verified>,
}

/// What is written or read.
#[derive(Clone, Copy)]
enum Phase {
    /// The client's version.
    Greeting,
    /// The proxy's version.
    Version,
    Message,
    Header,
    /// The rest of a message of the proxy.
    Rest([u8; HEADER], Lengths),
    Done,
}

impl Exchange {
    /// `others` are the capabilities beside EAF's own.
    pub(super) fn start(
        options: Arc<Options>,
        ephemeral: Ephemeral,
        others: Capabilities,
    ) -> Result<Self, Error> {
        let Ephemeral { time, nonce, private_key } = ephemeral;
        let capabilities =
            options.factor.capabilities() | Capabilities::KEY_EXCHANGE.filter(private_key.is_some()) | others;
        let metadata = ClientMetadata {
            public_key: private_key.as_ref().map(PrivateKey::public_key),
            capabilities: Some(capabilities),
            time,
            nonce,
            identity: &options.identity,
        }
        .render();
        let auth = options.factor.auth(&Terms { metadata: &metadata, time })?;
        let client = Mac::new(&*crypto::client_key(options.psk.bytes()));
        let first = message::seal(&client, &auth, &metadata)?;
        Ok(Self {
            time,
            nonce,
            private_key,
            shared_secret: None,
            client,
            server: Mac::new(&*crypto::server_key(options.psk.bytes())),
            transcript: Sha256::new(),
            first,
            phase: Phase::Greeting,
            transfer: Transfer::write(joined(&[&[VERSION]])),
            has_received: false,
            has_responded: false,
            session: Session { identity: Some(options.identity.clone()), ..Session::default() },
            control: None,
            outcome: None,
            options,
        })
    }

    /// Returns the METHOD of a sequence that the proxy has announced last.
    pub(super) const fn control(&self) -> Option<u8> {
        self.control
    }

    fn enter(&mut self, phase: Phase, transfer: Transfer) {
        (self.phase, self.transfer) = (phase, transfer);
    }

    /// Sends a message of EAF.
    fn send(&mut self, message: Zeroizing<Vec<u8>>) {
        self.transcript.update(&*message);
        self.enter(Phase::Message, Transfer::write(message));
    }

    /// Checks what can be checked before all of a message is there.
    fn check_start(&self) -> Result<(), Error> {
        match (self.phase, self.transfer.moved()) {
            (Phase::Version, [0xFF, ..]) => Err(Error::VersionRefused),
            (Phase::Version | Phase::Header, [version, ..]) => message::check_version(*version),
            _ => Ok(()),
        }
    }

    /// Handles the end of what was written or read.
    fn moved(&mut self) -> Result<(), Error> {
        match self.phase {
            Phase::Greeting => self.enter(Phase::Version, Transfer::read(1)),
            Phase::Version => {
                let first = std::mem::take(&mut self.first);
                self.send(first);
            }
            Phase::Message => self.enter(Phase::Header, Transfer::read(HEADER)),
            Phase::Header => {
                if let Some(header) = self.transfer.moved().first_chunk().copied() {
                    let lengths = Lengths::parse(header)?;
                    self.enter(Phase::Rest(header, lengths), Transfer::read(lengths.rest()));
                }
            }
            Phase::Rest(header, lengths) => {
                let rest = std::mem::replace(&mut self.transfer, Transfer::read(0));
                let message = lengths.open(&self.server, header, rest.moved())?;
                self.transcript.update(header);
                self.transcript.update(rest.moved());
                self.read(&message)?;
            }
            Phase::Done => {}
        }
        Ok(())
    }

    fn read(&mut self, message: &Message<'_>) -> Result<(), Error> {
        let servers = ServerMetadata::parse(message.metadata)?;
        let time = match servers.context {
            Some((time, nonce)) if nonce == self.nonce => time,
            _ => return Err(Error::Replayed.logged()),
        };
        let is_first = !std::mem::replace(&mut self.has_received, true);
        if servers.public_key.is_some() && (!is_first || self.private_key.is_none()) {
            return Err(Error::KeyExchangeUnexpected.logged());
        }
        let refusal = self.refusal(message.auth, time)?;
        if let Some(error) = refusal {
            // It explains more than a missing key exchange.
            return Err(error);
        }
        if is_first {
            self.agree(servers.public_key)?;
        }
        self.session.time = Some(time);
        self.session.capabilities = servers.capabilities.or(self.session.capabilities);
        if let Some(parameters) = servers.parameters {
            self.session.parameters = Some(parameters.into());
        }
        self.control = servers.control.or(self.control);
        if message.auth.len() == RESULT {
            self.verified();
            return Ok(());
        }
        self.respond(message.auth)
    }

    /// Checks AUTH. Returns the error of a Result that refuses.
    fn refusal(&self, auth: &[u8], server_time: u64) -> Result<Option<Error>, Error> {
        let (Some(&mid), length) = (auth.first(), || Error::AuthLength(auth.len())) else {
            return Err(Error::AuthLength(0));
        };
        if mid != self.options.factor.mid() {
            return Err(Error::Malformed { field: "MID", byte: mid });
        }
        let is_challenged = mid == CHALLENGE_RESPONSE && !self.has_responded;
        match *auth {
            [_, status] => match Status::of(status) {
                Some(status) => {
                    let [server, own] =
                        [server_time, self.time].map(|time| i64::try_from(time).unwrap_or(i64::MAX));
                    Ok(Some(Error::Refused { status, skew: server.saturating_sub(own) }))
                }
                None if is_challenged => Err(Error::ChallengeMissing),
                None => Ok(None),
            },
            [_, high, low, ref challenge @ ..] if is_challenged => {
                let len = usize::from(u16::from_be_bytes([high, low]));
                match challenge.len() {
                    _ if !(16..=1024).contains(&len) => Err(Error::ChallengeLength(len)),
                    there if there != len => Err(length()),
                    _ => Ok(None),
                }
            }
            _ => Err(length()),
        }
    }

    /// Exchanges keys, if the client has begun to.
    fn agree(&mut self, public_key: Option<[u8; 32]>) -> Result<(), Error> {
        let Some(private_key) = self.private_key.take() else { return Ok(()) };
        let public_key = public_key.ok_or(Error::KeyExchangeMissing)?;
        self.shared_secret = Some(private_key.agree(public_key)?);
        Ok(())
    }

    fn respond(&mut self, auth: &[u8]) -> Result<(), Error> {
        self.has_responded = true;
        let challenge = auth.get(RESULT + 1..).unwrap_or_default();
        let response = self.options.factor.response(challenge, &self.nonce);
        let response = response.ok_or(Error::AuthLength(auth.len()))?;
        let metadata = ClientMetadata::later(self.time, self.nonce);
        let message = message::seal(&self.client, &response, &metadata.render())?;
        self.send(message);
        Ok(())
    }

    fn verified(&mut self) {
        let transcript = std::mem::take(&mut self.transcript);
        let shared_secret = self.shared_secret.take();
        let dh = shared_secret.as_ref().map_or(&[][..], |secret| &secret[..]);
        let key = crypto::session_key(transcript, self.options.psk.bytes(), dh);
        let session = std::mem::take(&mut self.session);
        self.outcome = Some(Verified { key, session, control: self.control });
        self.enter(Phase::Done, Transfer::read(0));
    }
}

/// The length of a Result: MID and STATUS.
const RESULT: usize = 2;

impl Conversation for Exchange {
    type Outcome = Verified;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Verified> {
        match self.outcome.take() {
            Some(verified) => Step::Done(verified),
            None => self.transfer.step(),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), crate::Error> {
        let is_complete = self.transfer.advance(n)?;
        self.check_start()?;
        if is_complete { Ok(self.moved()?) } else { Ok(()) }
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}
