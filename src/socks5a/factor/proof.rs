//! AUTH of the client's messages: the proof of its identity.

use super::{CHALLENGE_RESPONSE, Factor, Kind, PUBLIC_KEY, SEVERAL, TOKEN, TOTP};
use crate::socks5a::crypto::{LEN, joined, wiped};
use crate::socks5a::error::Error;
use crate::socks5a::metadata::NONCE;
use crate::socks5a::totp;
use ed25519_dalek::Signer;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// What a proof depends on beside the secret.
pub(in crate::socks5a) struct Terms<'a> {
    pub(in crate::socks5a) metadata: &'a [u8],
    /// The Unix time.
    pub(in crate::socks5a) time: u64,
}

impl Factor {
    /// Returns AUTH of the client's first message.
    pub(in crate::socks5a) fn auth(&self, terms: &Terms<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        match &*self.0 {
            Kind::PublicKey(key) => {
                let public = key.verifying_key().to_bytes();
                let signed = [b"socks5a eaf v1 public key", &public[..], terms.metadata].concat();
                let signature = wiped(|| key.sign(&signed).to_bytes());
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
    pub(in crate::socks5a) fn response(
        &self,
        challenge: &[u8],
        nonce: &[u8; NONCE],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let Kind::ChallengeResponse(secret) = &*self.0 else { return None };
        let response: [u8; LEN] = secret.sum(&[b"socks5a eaf v1 challenge", challenge, nonce]);
        Some(joined(&[&[CHALLENGE_RESPONSE, 0, 32], &response]))
    }
}

fn with_length(mid: u8, secret: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    Ok(joined(&[&[mid], &length(secret)?, secret]))
}

fn length(bytes: &[u8]) -> Result<[u8; 2], Error> {
    u16::try_from(bytes.len()).map(u16::to_be_bytes).map_err(|_| Error::FactorTooLong(bytes.len()))
}
