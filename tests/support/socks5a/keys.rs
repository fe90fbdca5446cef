//! The keys of EAF and TOL.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

pub(crate) type Key = [u8; 32];

/// HKDF-SHA256 (RFC 5869): extract, then expand.
fn derive(salt: &[u8], material: &[u8], info: &str) -> Key {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), material).expand(info.as_bytes(), &mut key).expect("32 bytes");
    key
}

/// HMAC-SHA256 of the concatenated parts.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The keys of EAF messages, by sender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    pub(crate) client: Key,
    pub(crate) server: Key,
}

impl Keys {
    pub(crate) fn of(psk: &[u8]) -> Self {
        Self {
            client: derive(b"socks5a eaf v1", psk, "client hmac"),
            server: derive(b"socks5a eaf v1", psk, "server hmac"),
        }
    }
}

/// The session key of EAF. The transcript has all messages of both sides. `shared` is the X25519
/// shared secret, or empty.
pub(crate) fn session_key(transcript: &[u8], psk: &[u8], shared: &[u8]) -> Key {
    derive(&Sha256::digest(transcript), &[psk, shared].concat(), "session key")
}

/// The session key of TOL without EAF.
pub(crate) fn tol_key(psk: &[u8]) -> Key {
    derive(b"socks5a tol v1", psk, "session key")
}
