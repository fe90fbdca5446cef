//! The pre-shared key.

use super::error::Error;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A secret of at least 16 bytes that the client and the proxy share.
///
/// Its bytes must be random: a password can be guessed from one recorded handshake. `Debug` shows
/// nothing of it, and it is wiped on drop. Clones share one copy.
///
/// ```
/// use anysocks::socks5a::{Error, Psk};
///
/// let psk = Psk::new([7; 32])?;
/// let error = Psk::new("short").unwrap_err();
/// assert!(matches!(Error::of(&error), Some(Error::PskTooShort(5))));
/// # Ok::<(), anysocks::Error>(())
/// ```
#[derive(Clone)]
pub struct Psk(Arc<Zeroizing<Vec<u8>>>);

impl Psk {
    /// The least number of bytes.
    pub const LEAST: usize = 16;

    /// Copies the bytes.
    ///
    /// # Errors
    ///
    /// - [`Error::PskTooShort`]: there are fewer than 16 bytes.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, crate::Error> {
        let bytes = bytes.as_ref();
        if bytes.len() < Self::LEAST {
            return Err(Error::PskTooShort(bytes.len()).local());
        }
        Ok(Self(Arc::new(Zeroizing::new(bytes.to_vec()))))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Psk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Psk([redacted])")
    }
}
