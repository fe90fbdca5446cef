//! AUTH: the methods of EAF, as the server verifies them.

use super::keys::mac;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

pub(crate) const PUBLIC_KEY: u8 = 1;
pub(crate) const CHALLENGE_RESPONSE: u8 = 2;
pub(crate) const TOTP: u8 = 3;
pub(crate) const MULTI_FACTOR: u8 = 4;
pub(crate) const TOKEN: u8 = 5;

pub(crate) const VERIFIED: u8 = 0;
pub(crate) const REFUSED: u8 = 1;
pub(crate) const EXPIRED: u8 = 2;

/// A factor that the server requires.
#[derive(Clone, Debug)]
pub(crate) enum Factor {
    /// An Ed25519 key.
    PublicKey([u8; 32]),
    /// The secret of challenge-response.
    Challenge(Vec<u8>),
    /// The secret of six-digit codes, one for each 30 seconds.
    Totp(Vec<u8>),
    /// Exactly this code.
    Code(String),
    Token(Vec<u8>),
    /// All of these, in any order.
    Several(Vec<Factor>),
}

impl Factor {
    pub(crate) const fn method(&self) -> u8 {
        match self {
            Self::PublicKey(_) => PUBLIC_KEY,
            Self::Challenge(_) => CHALLENGE_RESPONSE,
            Self::Totp(_) | Self::Code(_) => TOTP,
            Self::Several(_) => MULTI_FACTOR,
            Self::Token(_) => TOKEN,
        }
    }

    /// Returns the STATUS of the Result for this AUTH, or the rule that AUTH violates.
    pub(crate) fn verify(&self, auth: &[u8], metadata: &[u8], unix_time: u64) -> Result<u8, String> {
        let parsed = Auth::parse(auth)?;
        Ok(self.status(&parsed, metadata, unix_time))
    }

    fn status(&self, auth: &Auth, metadata: &[u8], unix_time: u64) -> u8 {
        let verified = match (self, auth) {
            (Self::PublicKey(expected), Auth::PublicKey { key, signature }) => {
                key == expected && verify_signature(key, signature, metadata)
            }
            (Self::Totp(secret), Auth::Code(code)) => {
                let step = unix_time / 30;
                let at = |step: u64| totp(secret, step * 30, 6) == *code;
                if (step.saturating_sub(1)..=step + 1).any(at) {
                    return VERIFIED;
                }
                // A code of the last hour was once right.
                return if (step.saturating_sub(120)..step).any(at) { EXPIRED } else { REFUSED };
            }
            (Self::Code(expected), Auth::Code(code)) => code == expected,
            (Self::Token(expected), Auth::Token(token)) => token == expected,
            (Self::Several(factors), Auth::Several(auths)) => {
                let status = |factor: &Self| {
                    let own = auths.iter().find(|auth| auth.method() == factor.method());
                    own.map_or(REFUSED, |auth| factor.status(auth, metadata, unix_time))
                };
                if factors.len() != auths.len() {
                    return REFUSED;
                }
                return factors.iter().map(status).find(|status| *status != VERIFIED).unwrap_or(VERIFIED);
            }
            _ => false,
        };
        if verified { VERIFIED } else { REFUSED }
    }
}

/// A client's AUTH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    PublicKey {
        key: [u8; 32],
        signature: [u8; 64],
    },
    /// An empty one requests the challenge.
    Response(Vec<u8>),
    Code(String),
    Several(Vec<Auth>),
    Token(Vec<u8>),
}

impl Auth {
    pub(crate) const fn method(&self) -> u8 {
        match self {
            Self::PublicKey { .. } => PUBLIC_KEY,
            Self::Response(_) => CHALLENGE_RESPONSE,
            Self::Code(_) => TOTP,
            Self::Several(_) => MULTI_FACTOR,
            Self::Token(_) => TOKEN,
        }
    }

    /// The capability bits that a client with this AUTH must set.
    pub(crate) fn capabilities(&self) -> u32 {
        let own = 1 << (self.method() - 1);
        match self {
            Self::Several(factors) => factors.iter().fold(own, |bits, factor| bits | factor.capabilities()),
            _ => own,
        }
    }

    pub(crate) fn parse(auth: &[u8]) -> Result<Self, String> {
        let (method, rest) = auth.split_first().ok_or("an empty AUTH")?;
        match *method {
            PUBLIC_KEY => match rest.split_first_chunk() {
                Some(([0, 32, 0, 64], fields)) if fields.len() == 96 => {
                    let (key, signature) = fields.split_at(32);
                    let size = "a key and a signature";
                    let (key, signature) = (key.try_into().expect(size), signature.try_into().expect(size));
                    Ok(Self::PublicKey { key, signature })
                }
                _ => Err("KLEN and SLEN are not 32 and 64, or AUTH has another length".into()),
            },
            CHALLENGE_RESPONSE => match sized(rest)? {
                response if response.is_empty() || response.len() == 32 => {
                    Ok(Self::Response(response.into()))
                }
                response => Err(format!("a RESPONSE of {} bytes", response.len())),
            },
            TOTP => match sized(rest)? {
                [] => Err("an empty CODE".into()),
                code if code.iter().all(u8::is_ascii_digit) => {
                    Ok(Self::Code(String::from_utf8_lossy(code).into_owned()))
                }
                _ => Err("a CODE with other bytes than digits".into()),
            },
            MULTI_FACTOR => {
                let (count, mut rest) = rest.split_first().ok_or("no COUNT")?;
                let mut factors: Vec<Self> = Vec::new();
                for _ in 0..*count {
                    let (length, behind) = rest.split_first_chunk().ok_or("fewer factors than COUNT")?;
                    let length = usize::from(u16::from_be_bytes(*length));
                    let factor = behind.get(..length).ok_or("an FLEN that runs past AUTH")?;
                    let factor = Self::parse(factor)?;
                    if matches!(factor.method(), CHALLENGE_RESPONSE | MULTI_FACTOR) {
                        return Err(format!("a factor of method {:02x}", factor.method()));
                    }
                    if factors.iter().any(|other| other.method() == factor.method()) {
                        return Err("two factors of one method".into());
                    }
                    factors.push(factor);
                    rest = &behind[length..];
                }
                match factors.len() {
                    _ if !rest.is_empty() => Err("bytes behind the last factor".into()),
                    0 | 1 => Err("fewer than two factors".into()),
                    _ => Ok(Self::Several(factors)),
                }
            }
            TOKEN => match sized(rest)? {
                [] => Err("an empty TOKEN".into()),
                token => Ok(Self::Token(token.into())),
            },
            other => Err(format!("an AUTH of method {other:02x}")),
        }
    }
}

/// A field that is all the rest of AUTH, behind its length of two bytes.
fn sized(bytes: &[u8]) -> Result<&[u8], String> {
    match bytes.split_first_chunk() {
        Some((length, field)) if usize::from(u16::from_be_bytes(*length)) == field.len() => Ok(field),
        _ => Err("a length in AUTH that AUTH does not have".into()),
    }
}

fn verify_signature(key: &[u8; 32], signature: &[u8; 64], metadata: &[u8]) -> bool {
    let message = [&b"socks5a eaf v1 public key"[..], key, metadata].concat();
    VerifyingKey::from_bytes(key)
        .is_ok_and(|key| key.verify_strict(&message, &Signature::from_bytes(signature)).is_ok())
}

/// The RESPONSE that a client with this secret must send.
pub(crate) fn response(secret: &[u8], challenge: &[u8], nonce: &[u8; 16]) -> [u8; 32] {
    mac(secret, &[b"socks5a eaf v1 challenge", challenge, nonce])
}

/// The code of RFC 6238 at this time, with SHA-1 and a time step of 30 seconds.
pub(crate) fn totp(secret: &[u8], unix_time: u64, digits: u32) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("a key of any length");
    mac.update(&(unix_time / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 15);
    let word = [hash[offset] & 0x7f, hash[offset + 1], hash[offset + 2], hash[offset + 3]];
    let code = u32::from_be_bytes(word) % 10_u32.pow(digits);
    format!("{code:0width$}", width = digits as usize)
}
