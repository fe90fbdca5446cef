//! The user id of SOCKS4.

use crate::error::Error;
use crate::error::invalid::Invalid;
use std::fmt;
use zeroize::Zeroizing;

/// The user id of a SOCKS4 request: 0 to 255 bytes without a NUL.
///
/// A proxy that checks it queries the client's identd. It is wiped on drop.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserId(Zeroizing<Vec<u8>>);

impl UserId {
    /// Creates an empty user id, which most proxies expect.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Creates a user id.
    ///
    /// # Errors
    ///
    /// - [`Invalid::UserIdNul`]: it contains a NUL.
    /// - [`Invalid::UserIdTooLong`]: it has more than 255 bytes.
    #[doc(alias = "connect_with_userid_and_socket")]
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

    /// Returns the bytes.
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
