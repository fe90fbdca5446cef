//! Who asks, as SOCKS4 puts it.

use crate::error::Error;
use crate::error::invalid::Invalid;
use std::fmt;
use zeroize::Zeroizing;

/// The user id of a SOCKS4 request: 0 to 255 bytes without a NUL. Proxies that check it ask the client's identd.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserId(Zeroizing<Vec<u8>>);

impl UserId {
    /// No user id: what most proxies expect.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A user id.
    ///
    /// # Errors
    ///
    /// It holds a NUL, or is longer than 255 bytes.
    pub fn new(id: impl AsRef<[u8]>) -> Result<Self, Error> {
        let id = id.as_ref();
        if id.contains(&0) {
            return Err(Invalid::UserIdNul.into());
        }
        if id.len() > 255 {
            return Err(Invalid::UserIdTooLong(id.len()).into());
        }
        Ok(Self(Zeroizing::new(id.to_vec())))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
