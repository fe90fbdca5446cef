//! The key exchange of EAF: X25519 (RFC 7748 §6.1).

use super::crypto::{Key, wiped};
use super::error::Error;
use super::random;
use x25519_dalek::{PublicKey, StaticSecret};

/// The private key of one connection.
pub(super) struct PrivateKey(Key);

impl PrivateKey {
    pub(super) fn random() -> Result<Self, Error> {
        let mut key = Key::default();
        random::fill(&mut *key)?;
        Ok(Self(key))
    }

    #[cfg(test)]
    pub(super) fn from_key(key: Key) -> Self {
        Self(key)
    }

    pub(super) fn public_key(&self) -> [u8; 32] {
        wiped(|| PublicKey::from(&StaticSecret::from(*self.0)).to_bytes())
    }

    /// Returns the shared secret.
    pub(super) fn agree(&self, server: [u8; 32]) -> Result<Key, Error> {
        wiped(|| {
            let shared = StaticSecret::from(*self.0).diffie_hellman(&server.into());
            if !shared.was_contributory() {
                return Err(Error::KeyExchangeWeak.logged());
            }
            let mut key = Key::default();
            key.copy_from_slice(shared.as_bytes());
            Ok(key)
        })
    }
}
