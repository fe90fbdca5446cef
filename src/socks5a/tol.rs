//! The Traffic Obfuscation Layer, METHOD X'81'.

use super::codes::TOL;
use super::crypto::{self, Key};
use super::dialect::SOCKS5A;
use super::error::Error;
use super::obfuscation::Obfuscation;
use super::psk::Psk;
use super::records;
use super::session::Session;
use crate::error::Stage;
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::encapsulation::Encapsulation;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::pause::Clock;
use crate::protocol::socks5::{Auth, Method};

/// Traffic obfuscation: METHOD X'81'.
///
/// All later bytes are in records, and each datagram is one. An [`Obfuscation`] changes their
/// sizes and times.
///
/// **What it does not protect.** Nothing is encrypted, and an observer that parses records can
/// read the lengths of content and padding. Sizes are hidden only inside of TLS. The signature of
/// a record has 16 bits: it detects errors and not attacks.
///
/// **The key.** With a key of [`psk`](Self::psk), records of one connection can be replayed in
/// another one, and reflected. After [`Eaf`](super::Eaf) in the same
/// [`Sequence`](super::Sequence), the key belongs to the connection. Prefer that.
///
/// ```
/// use anysocks::Proxy;
/// use anysocks::socks5a::{Obfuscation, Psk, Tol};
///
/// # fn example(psk: [u8; 32]) -> Result<Proxy, anysocks::Error> {
/// let tol = Tol::new(Obfuscation::Padding).psk(Psk::new(psk)?);
/// let proxy = Proxy::socks5("proxy.example:1080")?.auth(tol.auth()?)?;
/// # Ok(proxy) }
/// ```
#[derive(Clone, Debug)]
pub struct Tol {
    obfuscation: Obfuscation,
    psk: Option<Psk>,
    clock: Option<Clock>,
}

impl Tol {
    /// Sends records like this. The key must come from [`psk`](Self::psk) or from EAF.
    #[must_use]
    pub const fn new(obfuscation: Obfuscation) -> Self {
        Self { obfuscation, psk: None, clock: None }
    }

    /// Sets the pre-shared key of TOL alone. If EAF has run before in a sequence, its key is used.
    #[must_use]
    pub fn psk(self, psk: Psk) -> Self {
        Self { psk: Some(psk), ..self }
    }

    /// Sets the clock for delays on the front end `futures`, which has none.
    ///
    /// Without it, a delay fails there with [`Invalid::NoClock`](crate::Invalid::NoClock).
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Offers TOL alone (`81`).
    ///
    /// Do not add alternatives by [`Auth::or`]: an attacker on the path can choose the weakest
    /// one.
    ///
    /// # Errors
    ///
    /// - [`Error::KeyMissing`]: there is no pre-shared key.
    pub fn auth(self) -> Result<Auth, crate::Error> {
        if self.psk.is_none() {
            return Err(Error::KeyMissing.local());
        }
        Ok(Auth::selected_method(TOL, true, move |_| {
            let encapsulation = self.encapsulation(None)?;
            Ok(Box::new(Alone(Some(encapsulation))))
        }))
    }

    /// Returns the records of a connection. `key` is EAF's.
    pub(super) fn encapsulation(&self, key: Option<Key>) -> Result<Encapsulation, Error> {
        let own = || self.psk.as_ref().map(|psk| crypto::tol_key(psk.bytes()));
        let key = key.or_else(own).ok_or(Error::KeyMissing)?;
        Ok(records::encapsulation(&*key, self.obfuscation, self.clock))
    }

    pub(super) const fn has_key(&self) -> bool {
        self.psk.is_some()
    }
}

/// TOL outside of a sequence. It has no messages.
struct Alone(Option<Encapsulation>);

impl Conversation for Alone {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Negotiated> {
        let Some(encapsulation) = self.0.take() else { return Step::Read(&mut []) };
        let session = Session { methods: vec![TOL], ..Session::default() };
        let negotiated = Negotiated::from(encapsulation).session(session).several_requests();
        Step::Done(Negotiated { dialect: Some(&SOCKS5A), ..negotiated })
    }

    fn advance(&mut self, _: usize) -> Result<(), crate::Error> {
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

impl Method for Alone {
    fn name(&self) -> &'static str {
        "TOL"
    }
}
