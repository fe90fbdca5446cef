//! How a client authenticates in EAF.

use super::capabilities::Capabilities;
use super::crypto::{LEN, Mac, joined};
use super::error::Error;
use super::metadata::NONCE;
use super::totp;
use ed25519_dalek::{Signer, SigningKey};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

const PUBLIC_KEY: u8 = 1;
pub(super) const CHALLENGE_RESPONSE: u8 = 2;
const TOTP: u8 = 3;
const SEVERAL: u8 = 4;
const TOKEN: u8 = 5;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How a client authenticates in [`Eaf`](super::Eaf): AUTH of its messages.
///
/// EAF does not encrypt. A token and a code are sent in the clear, before the proxy has proved that
/// it knows the pre-shared key. [`public_key`](Self::public_key) and
/// [`challenge_response`](Self::challenge_response) reveal nothing. For the others, use TLS to the
/// proxy.
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

/// What a proof depends on beside the secret.
pub(super) struct Terms<'a> {
    pub(super) metadata: &'a [u8],
    /// The Unix time.
    pub(super) time: u64,
}

impl Factor {
    /// Signs with the Ed25519 key of this seed (RFC 8032 §5.1.5).
    ///
    /// The proxy must know the public key, which [`verifying_key`](Self::verifying_key) returns.
    #[must_use]
    pub fn public_key(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        Self(Arc::new(Kind::PublicKey(SigningKey::from_bytes(&seed))))
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
    /// - [`Error::SecretEmpty`]
    pub fn challenge_response(secret: impl AsRef<[u8]>) -> Result<Self, crate::Error> {
        let secret = filled(secret.as_ref())?;
        Ok(Self(Arc::new(Kind::ChallengeResponse(Mac::new(&secret)))))
    }

    /// Sends a time-based one-time password of this secret (RFC 6238): 6 digits of HMAC-SHA-1, with
    /// steps of 30 seconds.
    ///
    /// `secret` has the bytes themselves, not the base32 text of an authenticator. For other
    /// parameters, use [`code`](Self::code). The code is sent in the clear.
    ///
    /// # Errors
    ///
    /// - [`Error::SecretEmpty`]
    pub fn totp(secret: impl AsRef<[u8]>) -> Result<Self, crate::Error> {
        Ok(Self(Arc::new(Kind::Totp(filled(secret.as_ref())?))))
    }

    /// Sends a one-time password that this function returns for the time of the connection.
    ///
    /// It must not block: on an asynchronous front end it runs inside a poll. Its codes consist of
    /// ASCII digits, and are sent in the clear. A connection fails with these errors before
    /// anything of EAF is sent:
    ///
    /// - [`Error::CodeSource`]: the function failed.
    /// - [`Error::SecretEmpty`], [`Error::CodeDigits`]: the code is empty, or has other characters.
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
    /// - [`Error::SecretEmpty`]
    /// - [`Error::FactorTooLong`]: it has more than 65,532 bytes.
    pub fn token(token: impl AsRef<[u8]>) -> Result<Self, crate::Error> {
        let token = filled(token.as_ref())?;
        let auth = 3 + token.len();
        if auth > usize::from(u16::MAX) {
            return Err(Error::FactorTooLong(auth).mistake());
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
                return Err(Error::FactorAlone(mid).mistake());
            }
            if all.iter().any(|earlier| earlier.mid() == mid) {
                return Err(Error::FactorTwice(mid).mistake());
            }
            all.push(factor);
        }
        if all.len() < 2 {
            return Err(Error::TooFewFactors(all.len()).mistake());
        }
        let auth = 2 + all.iter().map(|factor| 2 + factor.least_len()).sum::<usize>();
        if auth > usize::from(u16::MAX) {
            return Err(Error::FactorTooLong(auth).mistake());
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

    /// Returns AUTH of the client's first message.
    pub(super) fn auth(&self, terms: &Terms<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        match &*self.0 {
            Kind::PublicKey(key) => {
                let public = key.verifying_key().to_bytes();
                let signed = [b"socks5a eaf v1 public key", &public[..], terms.metadata].concat();
                let signature = key.sign(&signed).to_bytes();
                Ok(joined(&[&[PUBLIC_KEY, 0, 32, 0, 64], &public, &signature]))
            }
            Kind::ChallengeResponse(_) => Ok(joined(&[&[CHALLENGE_RESPONSE, 0, 0]])),
            Kind::Totp(secret) => with_length(TOTP, totp::code(secret, terms.time).as_bytes()),
            Kind::Code(source) => {
                let time = SystemTime::UNIX_EPOCH + Duration::from_secs(terms.time);
                let code = Zeroizing::new(source(time).map_err(Error::CodeSource)?);
                match &**code {
                    "" => Err(Error::SecretEmpty),
                    code if !code.bytes().all(|byte| byte.is_ascii_digit()) => Err(Error::CodeDigits),
                    code => with_length(TOTP, code.as_bytes()),
                }
            }
            Kind::Token(token) => with_length(TOKEN, token),
            Kind::Several(all) => {
                let auths: Vec<_> = all.iter().map(|factor| factor.auth(terms)).collect::<Result<_, _>>()?;
                let lengths: Vec<_> = auths.iter().map(|auth| length(auth)).collect::<Result<_, _>>()?;
                let count = [SEVERAL, u8::try_from(all.len()).unwrap_or(u8::MAX)];
                let each = lengths.iter().zip(&auths).flat_map(|(len, auth)| [&len[..], auth]);
                Ok(joined(&[&count[..]].into_iter().chain(each).collect::<Vec<_>>()))
            }
        }
    }

    /// Returns AUTH that answers a challenge.
    pub(super) fn response(&self, challenge: &[u8], nonce: &[u8; NONCE]) -> Option<Zeroizing<Vec<u8>>> {
        let Kind::ChallengeResponse(secret) = &*self.0 else { return None };
        let response: [u8; LEN] = secret.sum(&[b"socks5a eaf v1 challenge", challenge, nonce]);
        Some(joined(&[&[CHALLENGE_RESPONSE, 0, 32], &response]))
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
        return Err(Error::SecretEmpty.mistake());
    }
    Ok(Zeroizing::new(secret.to_vec()))
}

fn with_length(mid: u8, secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    Ok(joined(&[&[mid], &length(secret)?, secret]))
}

fn length(bytes: &[u8]) -> Result<[u8; 2], Error> {
    u16::try_from(bytes.len()).map(u16::to_be_bytes).map_err(|_| Error::FactorTooLong(bytes.len()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake<T: fmt::Debug>(made: Result<T, crate::Error>) -> String {
        let error = made.unwrap_err();
        assert_eq!(error.stage(), crate::Stage::Preparation);
        format!("{:?}", Error::of(&error).unwrap())
    }

    fn token(len: usize) -> Result<Factor, crate::Error> {
        Factor::token(vec![b't'; len])
    }

    #[test]
    fn mistakes() {
        let challenge = || Factor::challenge_response("s").unwrap();
        let totp = || Factor::totp("s").unwrap();
        let both = || Factor::several([token(1).unwrap(), totp()]).unwrap();
        for (made, expected) in [
            (Factor::token(""), "SecretEmpty"),
            (Factor::totp(""), "SecretEmpty"),
            (Factor::challenge_response(""), "SecretEmpty"),
            (token(65_533), "FactorTooLong(65536)"),
            (Factor::several([]), "TooFewFactors(0)"),
            (Factor::several([totp()]), "TooFewFactors(1)"),
            (Factor::several([totp(), Factor::code(|_| Ok("1".into()))]), "FactorTwice(3)"),
            (Factor::several([totp(), challenge()]), "FactorAlone(2)"),
            (Factor::several([totp(), both()]), "FactorAlone(4)"),
            (Factor::several([totp(), token(65_532).unwrap()]), "FactorTooLong(65545)"),
        ] {
            assert_eq!(mistake(made), expected);
        }
        assert!(token(65_532).is_ok());
    }

    #[test]
    fn codes_of_the_caller() {
        let auth = |code: &'static str| {
            Factor::code(move |_| Ok(code.into())).auth(&Terms { metadata: b"", time: 0 })
        };
        assert_eq!(**auth("0123").unwrap(), *b"\x03\x00\x040123");
        assert!(matches!(auth(""), Err(Error::SecretEmpty)));
        assert!(matches!(auth("12a"), Err(Error::CodeDigits)));
        let failing = Factor::code(|_| Err("no device".into()));
        let failed = failing.auth(&Terms { metadata: b"", time: 0 });
        assert!(matches!(failed, Err(Error::CodeSource(_))));
        let at = Factor::code(|time| Ok(time.duration_since(SystemTime::UNIX_EPOCH)?.as_secs().to_string()));
        assert_eq!(**at.auth(&Terms { metadata: b"", time: 77 }).unwrap(), *b"\x03\x00\x0277");
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = "secret-1";
        let factors = [
            Factor::public_key([0x41; 32]),
            Factor::challenge_response(secret).unwrap(),
            Factor::totp(secret).unwrap(),
            Factor::code(|_| Ok("1".into())),
            Factor::token(secret).unwrap(),
        ];
        let shown = factors.map(|factor| format!("{factor:?}"));
        let expected = ["public key", "challenge-response", "TOTP", "TOTP", "token"];
        assert_eq!(shown, expected.map(|name| format!("Factor({name})")));
    }
}
