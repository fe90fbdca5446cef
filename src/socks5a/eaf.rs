//! The Enhanced Authentication Framework, METHOD X'80'.

#[cfg(test)]
mod tests;

use super::capabilities::Capabilities;
use super::codes::{EAF, SEQUENCE, TOL};
use super::dialect::SOCKS5A;
use super::ephemeral::Ephemeral;
use super::error::Error;
use super::exchange::{Exchange, Options};
use super::factor::Factor;
use super::psk::Psk;
use crate::error::{ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::negotiated::Negotiated;
use crate::protocol::socks5::{Auth, Method};
use std::sync::Arc;

/// Enhanced authentication: METHOD X'80'.
///
/// The client and the proxy share a [`Psk`], which authenticates each message of both. The client
/// proves its identity by a [`Factor`].
///
/// EAF authenticates and does not encrypt: the identity, tokens, one-time passwords and all later
/// bytes are sent in the clear. Use TLS to the proxy if others may read the connection.
///
/// ```
/// use anysocks::Proxy;
/// use anysocks::socks5a::{Eaf, Factor, Psk};
///
/// # fn example(psk: [u8; 32], seed: [u8; 32]) -> Result<Proxy, anysocks::Error> {
/// let eaf = Eaf::new(Psk::new(psk)?, Factor::public_key(seed)).identity("alice")?;
/// let proxy = Proxy::socks5("proxy.example:1080")?.auth(eaf.auth())?;
/// # Ok(proxy) }
/// ```
#[derive(Clone, Debug)]
pub struct Eaf(Arc<Options>);

impl Eaf {
    /// Authenticates by this factor. The identity is empty, and keys are not exchanged.
    #[must_use]
    pub fn new(psk: Psk, factor: Factor) -> Self {
        Self(Arc::new(Options { psk, factor, identity: "".into(), key_exchange: false }))
    }

    /// Sets the identity, up to 255 bytes. The proxy reads it in the clear.
    ///
    /// # Errors
    ///
    /// - [`Error::IdentityTooLong`]: it has more than 255 bytes.
    pub fn identity(mut self, identity: &str) -> Result<Self, crate::Error> {
        if identity.len() > 255 {
            return Err(Error::IdentityTooLong(identity.len()).local());
        }
        Arc::make_mut(&mut self.0).identity = identity.into();
        Ok(self)
    }

    /// Sets whether keys are exchanged by X25519, for this connection alone. It is off by default.
    ///
    /// The key of later records then also depends on the exchange: an attacker that learns the
    /// pre-shared key afterwards can't compute it. A proxy that takes no part is refused.
    #[must_use]
    pub fn key_exchange(mut self, key_exchange: bool) -> Self {
        Arc::make_mut(&mut self.0).key_exchange = key_exchange;
        self
    }

    /// Offers EAF alone (`80`).
    ///
    /// Do not add alternatives by [`Auth::or`]: an attacker on the path can choose the weakest
    /// one.
    #[must_use]
    pub fn auth(self) -> Auth {
        Auth::selected_method(EAF, true, move |purpose| {
            let offers = |code| purpose.offered.contains(&code);
            let others =
                Capabilities::TOL.filter(offers(TOL)) | Capabilities::SEQUENCE.filter(offers(SEQUENCE));
            Ok(Box::new(Alone(self.exchange(others)?)))
        })
    }

    /// Begins the exchange of one connection. `others` are the capabilities beside EAF's own. It
    /// fails only by causes on this machine.
    pub(super) fn exchange(&self, others: Capabilities) -> Result<Exchange, crate::Error> {
        let ephemeral = Ephemeral::of_system(self.0.key_exchange).map_err(Error::local)?;
        Exchange::start(self.0.clone(), ephemeral, others).map_err(Error::local)
    }
}

/// EAF outside of a sequence.
struct Alone(Exchange);

impl Conversation for Alone {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Negotiated> {
        match self.0.step(scratch) {
            Step::Write(bytes) => Step::Write(bytes),
            Step::Read(room) => Step::Read(room),
            Step::Done(verified) => {
                let mut session = verified.session;
                session.methods.push(EAF);
                let negotiated = Negotiated::nothing().session(session).several_requests();
                Step::Done(Negotiated { dialect: Some(&SOCKS5A), ..negotiated })
            }
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), crate::Error> {
        self.0.advance(n)?;
        match self.0.control() {
            Some(method) => Err(Error::ControlUnexpected(method).logged().into()),
            None => Ok(()),
        }
    }

    fn stage(&self) -> Stage {
        self.0.stage()
    }

    fn failure(&self, kind: ErrorKind) -> crate::Error {
        self.0.failure(kind)
    }
}

impl Method for Alone {
    fn name(&self) -> &'static str {
        "EAF"
    }
}
