//! The values that only one connection of EAF has.

use super::agreement::PrivateKey;
use super::error::Error;
use super::metadata::NONCE;
use super::random;
use std::time::SystemTime;

pub(super) struct Ephemeral {
    /// The Unix time.
    pub(super) time: u64,
    pub(super) nonce: [u8; NONCE],
    /// The client's private key, if keys are exchanged.
    pub(super) private_key: Option<PrivateKey>,
}

impl Ephemeral {
    pub(super) fn of_system(key_exchange: bool) -> Result<Self, Error> {
        let mut nonce = [0; NONCE];
        random::fill(&mut nonce)?;
        let private_key = if key_exchange { Some(PrivateKey::random()?) } else { None };
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(Self { time: since_epoch.as_secs(), nonce, private_key })
    }
}
