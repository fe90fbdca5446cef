//! Which METHODs a client offers, and with what.

use super::credentials::Credentials;
use super::method::Method;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::conversation::Scratch;
use std::fmt;
use std::sync::Arc;

pub(super) const NONE: u8 = 0x00;
pub(crate) const PASSWORD: u8 = 0x02;
pub(super) const NO_ACCEPTABLE: u8 = 0xFF;

/// The METHODs that a SOCKS5 client offers, in their order, and nothing beside them (RFC 1928 §3).
///
/// ```
/// use anysocks::{Auth, Credentials};
///
/// let open = Auth::none();                                                    // X'00'
/// let either = Auth::password(Credentials::new("user", "secret")?);           // X'00', X'02'
/// let only = Auth::password_only(Credentials::new("user", "secret")?);        // X'02'
/// # Ok::<(), anysocks::Error>(())
/// ```
#[derive(Clone)]
pub struct Auth {
    offers: Vec<Offer>,
    pipelined: bool,
}

#[derive(Clone)]
enum Offer {
    None,
    Password(Credentials),
    Custom(u8, Start),
}

type Start = Arc<dyn Fn() -> Box<dyn Method> + Send + Sync>;

impl Offer {
    const fn code(&self) -> u8 {
        match self {
            Self::None => NONE,
            Self::Password(_) => PASSWORD,
            Self::Custom(code, _) => *code,
        }
    }
}

/// What follows when the proxy has chosen a METHOD.
pub(super) enum Selected {
    None,
    Password,
    Custom(Box<dyn Method>),
}

impl Auth {
    /// No authentication.
    #[must_use]
    pub fn none() -> Self {
        Self::offering(Offer::None)
    }

    /// User name and password if the proxy wants them; no authentication if it does not.
    ///
    /// No authentication is offered first: a few proxies without accounts choose passwords when they come first, and then refuse
    /// every one; those with accounts choose them wherever they stand.
    #[must_use]
    pub fn password(credentials: Credentials) -> Self {
        Self { offers: vec![Offer::None, Offer::Password(credentials)], pipelined: false }
    }

    /// User name and password, and nothing else: for a proxy that tells its users apart but would let anyone in. Tor's stream isolation is
    /// [`Proxy::isolated`](crate::Proxy::isolated).
    #[must_use]
    pub fn password_only(credentials: Credentials) -> Self {
        Self::offering(Offer::Password(credentials))
    }

    /// A METHOD of your own, and nothing else. `start` is called for each connection on which the proxy chooses it, and once here
    /// for its code.
    ///
    /// # Errors
    ///
    /// Its code is `FF`.
    pub fn method(start: impl Fn() -> Box<dyn Method> + Send + Sync + 'static) -> Result<Self, Error> {
        match start().code() {
            NO_ACCEPTABLE => Err(Invalid::NotAMethod.into()),
            code => Ok(Self::offering(Offer::Custom(code, Arc::new(start)))),
        }
    }

    /// Offers what `other` offers too, behind what is offered already.
    ///
    /// # Errors
    ///
    /// A METHOD would be offered twice.
    pub fn or(mut self, other: Self) -> Result<Self, Error> {
        if let Some(twice) = other.offers.iter().find(|offer| self.offers(offer.code())) {
            return Err(Invalid::MethodTwice(twice.code()).into());
        }
        self.offers.extend(other.offers);
        self.pipelined |= other.pipelined;
        Ok(self)
    }

    /// Sets whether greeting, credentials and request leave in one `write`, without waiting for
    /// the proxy's answers between them. Default: off.
    ///
    /// This saves one round trip, with a password two. A client can know what to send only if it
    /// offers exactly one METHOD: none, or username/password. Otherwise a handshake fails with
    /// [`Invalid::NotPipelinable`](crate::Invalid::NotPipelinable) before anything is sent.
    ///
    /// A proxy must support it:
    ///
    /// | proxy | pipelined handshake |
    /// |---|---|
    /// | Tor, Dante, OpenSSH, shadowsocks-libev, v2ray, fast-socks5 | accepted |
    /// | plink, asyncssh, pproxy, shadowsocks-rust (sslocal), socks5-impl, 3proxy, go-socks5, @heroku/socksv5, mitmproxy | accepted |
    /// | microsocks, simple-socks | hangs |
    /// | trojan | connection closed |
    #[must_use]
    pub const fn pipelined(mut self, pipelined: bool) -> Self {
        self.pipelined = pipelined;
        self
    }

    pub(crate) const fn is_pipelined(&self) -> bool {
        self.pipelined
    }

    fn offering(offer: Offer) -> Self {
        Self { offers: vec![offer], pipelined: false }
    }

    fn offers(&self, code: u8) -> bool {
        self.offers.iter().any(|offer| offer.code() == code)
    }

    /// Whether a handshake is pipelined, if it can be.
    pub(super) fn checked_pipelined(&self) -> Result<bool, Error> {
        match (self.pipelined, self.offers.as_slice()) {
            (false, _) => Ok(false),
            (true, [Offer::None | Offer::Password(_)]) => Ok(true),
            (true, _) => Err(Invalid::NotPipelinable.into()),
        }
    }

    /// Whether a METHOD of the caller's own is offered: only that may let the proxy speak next.
    pub(crate) fn has_custom_method(&self) -> bool {
        self.offers.iter().any(|offer| matches!(offer, Offer::Custom(..)))
    }

    /// The credentials that are offered, if any.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.offers.iter().find_map(|offer| match offer {
            Offer::Password(credentials) => Some(credentials),
            _ => None,
        })
    }

    /// What this code stands for, if it was offered.
    pub(super) fn selected(&self, code: u8) -> Option<Selected> {
        let offer = self.offers.iter().find(|offer| offer.code() == code)?;
        Some(match offer {
            Offer::None => Selected::None,
            Offer::Password(_) => Selected::Password,
            Offer::Custom(_, start) => Selected::Custom(start()),
        })
    }

    /// Appends `05 | NMETHODS | METHODS`.
    pub(super) fn put_greeting(&self, message: &mut Scratch) {
        message.put(&[5]);
        message.put_count(self.offers.len());
        for offer in &self.offers {
            message.put(&[offer.code()]);
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for offer in &self.offers {
            match offer {
                Offer::None => list.entry(&format_args!("none")),
                Offer::Password(credentials) => list.entry(credentials),
                Offer::Custom(code, _) => list.entry(&format_args!("X'{code:02X}'")),
            };
        }
        list.finish()
    }
}
