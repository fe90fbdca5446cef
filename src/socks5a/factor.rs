//! How a client authenticates in EAF.

mod proof;
#[cfg(test)]
mod tests;

use super::capabilities::Capabilities;
use super::crypto::{Mac, wiped};
use super::error::Error;
use ed25519_dalek::SigningKey;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;
use zeroize::{Zeroize, Zeroizing};

pub(super) use proof::Terms;

const PUBLIC_KEY: u8 = 1;
pub(super) const CHALLENGE_RESPONSE: u8 = 2;
const TOTP: u8 = 3;
const SEVERAL: u8 = 4;
const TOKEN: u8 = 5;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How a client authenticates in [`Eaf`](super::Eaf): AUTH of its messages.
///
/// EAF does not encrypt. A token and a code are sent in the clear, before the proxy has proved
/// that it knows the pre-shared key: use TLS to the proxy. [`public_key`](Self::public_key) and
/// [`challenge_response`](Self::challenge_response) reveal no secret. The identity and the public
/// key are in the clear.
///
/// `Debug` names the method and shows no secret. Clones share one copy of the secrets, which are
/// wiped on drop.
///
/// ```
/// use anysocks::socks5a::Factor;
///
/// let token = Factor::token("0123456789")?;
/// let both = Factor::several([token, Factor::totp("12345678901234567890")?])?;
/// assert_eq!(format!("{both:?}"), "Factor([token, TOTP])");
/// # Ok::<(), anysocks::Error>(())
/// ```
#[derive(Clone)]
pub struct Factor(Arc<Kind>);

enum Kind {
    PublicKey(SigningKey),
    ChallengeResponse(Mac),
    Totp(Zeroizing<Vec<u8>>),
    Code(Box<CodeSource>),
    Token(Zeroizing<Vec<u8>>),
    Several(Vec<Factor>),
}

type CodeSource = dyn Fn(SystemTime) -> Result<String, BoxError> + Send + Sync;

impl Factor {
    /// Signs with the Ed25519 key of this seed (RFC 8032 §5.1.5).
    ///
    /// The proxy must know the public key, which [`verifying_key`](Self::verifying_key) returns.
    #[must_use]
    pub fn public_key(mut seed: [u8; 32]) -> Self {
        let factor = wiped(|| Self(Arc::new(Kind::PublicKey(SigningKey::from_bytes(&seed)))));
        seed.zeroize();
        factor
    }

    /// Returns the public key of public key authentication, for the configuration of the proxy.
    ///
    /// ```
    /// use anysocks::socks5a::Factor;
    ///
    /// /// Prints what the administrator of the proxy needs.
    /// fn enroll(seed: [u8; 32]) {
    ///     println!("{:02x?}", Factor::public_key(seed).verifying_key());
    /// }
    /// ```
    #[must_use]
    pub fn verifying_key(&self) -> Option<[u8; 32]> {
        match &*self.0 {
            Kind::PublicKey(key) => Some(key.verifying_key().to_bytes()),
            _ => None,
        }
    }

    /// Answers a challenge of the proxy with an HMAC of this secret.
    ///
    /// This takes one round trip more than the other methods.
    ///
    /// # Errors
    ///
    /// - [`Error::SecretEmpty`]: the secret has no bytes.
    pub fn challenge_response(secret: impl AsRef<[u8]>) -> Result<Self, crate::Error> {
        let secret = filled(secret.as_ref())?;
        Ok(Self(Arc::new(Kind::ChallengeResponse(Mac::new(&secret)))))
    }

    /// Sends a time-based one-time password of this secret (RFC 6238): 6 digits of HMAC-SHA-1,
    /// with steps of 30 seconds.
    ///
    /// `secret` has the bytes themselves, not the base32 text of an authenticator. For other
    /// parameters, use [`code`](Self::code). The code is sent in the clear.
    ///
    /// Each connection authenticates with the code of its time. The second connection of a URL's
    /// fallback, a retry, and another connection within the same 30 seconds send the same code. A
    /// proxy that accepts each code only once refuses them.
    ///
    /// # Errors
    ///
    /// - [`Error::SecretEmpty`]: the secret has no bytes.
    pub fn totp(secret: impl AsRef<[u8]>) -> Result<Self, crate::Error> {
        Ok(Self(Arc::new(Kind::Totp(filled(secret.as_ref())?))))
    }

    /// Sends a one-time password that this function returns for the time of the connection.
    ///
    /// It must not block: on an asynchronous front end it runs inside a poll. Its codes consist of
    /// ASCII digits, and are sent in the clear.
    ///
    /// The function runs once for each connection, and so again for the second connection of a
    /// URL's fallback and for a retry. A proxy that accepts each code only once refuses a code
    /// that the function returns again.
    ///
    /// A connection fails with these errors at [`Stage::Preparation`](crate::Stage::Preparation),
    /// before anything of EAF is sent:
    ///
    /// - [`Error::CodeSource`]: the function failed.
    /// - [`Error::SecretEmpty`]: the code is empty.
    /// - [`Error::CodeDigits`]: the code has a character that is not an ASCII digit.
    /// - [`Error::FactorTooLong`]: the code does not fit a message.
    ///
    /// ```
    /// use anysocks::socks5a::Factor;
    /// use std::io;
    ///
    /// fn of_device(read: fn() -> io::Result<String>) -> Factor {
    ///     Factor::code(move |_time| Ok(read()?))
    /// }
    /// ```
    pub fn code(source: impl Fn(SystemTime) -> Result<String, BoxError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Kind::Code(Box::new(source))))
    }

    /// Sends a token, such as an API key, in the clear.
    ///
    /// # Errors
    ///
    /// - [`Error::SecretEmpty`]: the token has no bytes.
    /// - [`Error::FactorTooLong`]: it has more than 65,532 bytes.
    pub fn token(token: impl AsRef<[u8]>) -> Result<Self, crate::Error> {
        let token = filled(token.as_ref())?;
        let auth = 3 + token.len();
        if auth > usize::from(u16::MAX) {
            return Err(Error::FactorTooLong(auth).local());
        }
        Ok(Self(Arc::new(Kind::Token(token))))
    }

    /// Sends several factors in one message, in this order.
    ///
    /// These are public key, one-time password and token, each at most once.
    ///
    /// # Errors
    ///
    /// - [`Error::TooFewFactors`]: there are fewer than two.
    /// - [`Error::FactorTwice`]: two factors are of one method.
    /// - [`Error::FactorAlone`]: one of them is challenge-response, or has several factors.
    /// - [`Error::FactorTooLong`]: they do not fit a message.
    pub fn several(factors: impl IntoIterator<Item = Self>) -> Result<Self, crate::Error> {
        let mut all: Vec<Self> = Vec::new();
        for factor in factors {
            let mid = factor.mid();
            if matches!(mid, CHALLENGE_RESPONSE | SEVERAL) {
                return Err(Error::FactorAlone(mid).local());
            }
            if all.iter().any(|earlier| earlier.mid() == mid) {
                return Err(Error::FactorTwice(mid).local());
            }
            all.push(factor);
        }
        if all.len() < 2 {
            return Err(Error::TooFewFactors(all.len()).local());
        }
        let auth = 2 + all.iter().map(|factor| 2 + factor.least_len()).sum::<usize>();
        if auth > usize::from(u16::MAX) {
            return Err(Error::FactorTooLong(auth).local());
        }
        Ok(Self(Arc::new(Kind::Several(all))))
    }

    /// The method's identifier.
    pub(super) fn mid(&self) -> u8 {
        match &*self.0 {
            Kind::PublicKey(_) => PUBLIC_KEY,
            Kind::ChallengeResponse(_) => CHALLENGE_RESPONSE,
            Kind::Totp(_) | Kind::Code(_) => TOTP,
            Kind::Several(_) => SEVERAL,
            Kind::Token(_) => TOKEN,
        }
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        match &*self.0 {
            Kind::PublicKey(_) => Capabilities::PUBLIC_KEY,
            Kind::ChallengeResponse(_) => Capabilities::CHALLENGE_RESPONSE,
            Kind::Totp(_) | Kind::Code(_) => Capabilities::TOTP,
            Kind::Several(all) => {
                all.iter().fold(Capabilities::MULTI_FACTOR, |sum, factor| sum | factor.capabilities())
            }
            Kind::Token(_) => Capabilities::TOKEN,
        }
    }

    /// Returns the length of AUTH, with a code of one digit.
    fn least_len(&self) -> usize {
        match &*self.0 {
            Kind::PublicKey(_) => 5 + 32 + 64,
            Kind::Token(token) => 3 + token.len(),
            _ => 4,
        }
    }

    fn name(&self) -> &'static str {
        match &*self.0 {
            Kind::PublicKey(_) => "public key",
            Kind::ChallengeResponse(_) => "challenge-response",
            Kind::Totp(_) | Kind::Code(_) => "TOTP",
            Kind::Several(_) => "several factors",
            Kind::Token(_) => "token",
        }
    }
}

fn filled(secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, crate::Error> {
    if secret.is_empty() {
        return Err(Error::SecretEmpty.local());
    }
    Ok(Zeroizing::new(secret.to_vec()))
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Several(all) => {
                let names: Vec<_> = all.iter().map(Self::name).collect();
                write!(f, "Factor([{}])", names.join(", "))
            }
            _ => write!(f, "Factor({})", self.name()),
        }
    }
}
