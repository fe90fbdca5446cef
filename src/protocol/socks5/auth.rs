//! The METHODs that a client offers.

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

/// The METHODs that a SOCKS5 client offers, in this order (RFC 1928 §3).
///
/// The proxy chooses one of them. A handshake fails with
/// [`ErrorKind::MethodsRefused`](crate::ErrorKind::MethodsRefused) if it accepts none.
///
/// ```
/// use anysocks::{Auth, Credentials};
///
/// let none = Auth::none();                                                    // X'00'
/// let either = Auth::password(Credentials::new("user", "secret")?);           // X'00', X'02'
/// let only = Auth::password_only(Credentials::new("user", "secret")?);        // X'02'
/// # Ok::<(), anysocks::Error>(())
/// ```
///
/// [`Proxy::auth`](crate::Proxy::auth) sets them for a proxy. A `handshake` over the caller's
/// stream takes them as an argument.
#[doc(alias = "AuthenticationMethod")]
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

/// The METHOD that the proxy has selected.
pub(super) enum Selected {
    None,
    Password,
    Custom(Box<dyn Method>),
}

impl Auth {
    /// Offers no authentication (`00`).
    #[must_use]
    pub fn none() -> Self {
        Self::offering(Offer::None)
    }

    /// Offers no authentication and username/password (`00`, `02`).
    ///
    /// The order matters: a few proxies without accounts choose passwords if these are offered
    /// first, and then refuse every password. Proxies with accounts choose passwords in either
    /// order.
    #[must_use]
    pub fn password(credentials: Credentials) -> Self {
        Self { offers: vec![Offer::None, Offer::Password(credentials)], pipelined: false }
    }

    /// Offers username/password alone (`02`).
    ///
    /// This suits a proxy that distinguishes its users but also accepts clients without a
    /// password. For stream isolation in Tor, see [`Proxy::isolated`](crate::Proxy::isolated).
    #[must_use]
    pub fn password_only(credentials: Credentials) -> Self {
        Self::offering(Offer::Password(credentials))
    }

    /// Offers a custom [`Method`] alone.
    ///
    /// `start` creates the METHOD for each connection on which the proxy chooses it. This function
    /// calls it once, for its code.
    ///
    /// # Errors
    ///
    /// - [`Invalid::NotAMethod`]: its code is `FF`.
    pub fn method(start: impl Fn() -> Box<dyn Method> + Send + Sync + 'static) -> Result<Self, Error> {
        match start().code() {
            NO_ACCEPTABLE => Err(Invalid::NotAMethod.into()),
            code => Ok(Self::offering(Offer::Custom(code, Arc::new(start)))),
        }
    }

    /// Appends the METHODs of `other`.
    ///
    /// # Errors
    ///
    /// - [`Invalid::MethodTwice`]: a METHOD would be offered twice.
    pub fn or(mut self, other: Self) -> Result<Self, Error> {
        if let Some(twice) = other.offers.iter().find(|offer| self.offers(offer.code())) {
            return Err(Invalid::MethodTwice(twice.code()).into());
        }
        self.offers.extend(other.offers);
        self.pipelined |= other.pipelined;
        Ok(self)
    }

    /// Sets whether greeting, credentials and request are sent in one `write`. It is off by
    /// default.
    ///
    /// The client then does not wait for the proxy's answers in between. This saves one round
    /// trip, with a password two. A client knows what to send only if it offers exactly one
    /// METHOD: none, or username/password. Otherwise a handshake fails with
    /// [`Invalid::NotPipelinable`] before anything is sent.
    ///
    /// A proxy must support it:
    ///
    /// | proxy | pipelined handshake |
    /// |---|---|
    /// | Tor, Dante, OpenSSH, shadowsocks-libev, v2ray, fast-socks5 | accepted |
    /// | plink, asyncssh, pproxy, shadowsocks-rust (sslocal), socks5-impl, 3proxy, go-socks5, @heroku/socksv5, mitmproxy | accepted |
    /// | microsocks, simple-socks | hangs |
    /// | trojan | connection closed |
    #[doc(alias = "send_optimistically")]
    #[doc(alias = "set_skip_auth")]
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

    /// Returns whether a handshake is pipelined, or an error if it can't be.
    pub(super) fn checked_pipelined(&self) -> Result<bool, Error> {
        match (self.pipelined, self.offers.as_slice()) {
            (false, _) => Ok(false),
            (true, [Offer::None | Offer::Password(_)]) => Ok(true),
            (true, _) => Err(Invalid::NotPipelinable.into()),
        }
    }

    /// Returns whether a custom METHOD is offered. Only after such a one can the proxy speak next.
    pub(crate) fn has_custom_method(&self) -> bool {
        self.offers.iter().any(|offer| matches!(offer, Offer::Custom(..)))
    }

    /// Returns the credentials of an offered username/password METHOD.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.offers.iter().find_map(|offer| match offer {
            Offer::Password(credentials) => Some(credentials),
            _ => None,
        })
    }

    /// Returns the METHOD with this code, if it is offered.
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
