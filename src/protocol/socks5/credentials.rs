//! User name and password (RFC 1929).

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::conversation::Scratch;
use std::fmt;
use zeroize::Zeroizing;

/// A user name and a password: bytes, 255 at most of each. The password is never shown, and wiped when it is dropped.
///
/// RFC 1929 wants at least one byte of each. An empty password is in use and taken; an empty user name must be asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: Zeroizing<Vec<u8>>,
    password: Zeroizing<Vec<u8>>,
}

impl Credentials {
    /// A user name of 1 to 255 bytes and a password of 0 to 255.
    ///
    /// # Errors
    ///
    /// The user name is empty, or one of them is too long.
    pub fn new(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self, Error> {
        if user.as_ref().is_empty() {
            return Err(Invalid::UserEmpty.into());
        }
        Self::checked(user.as_ref(), password.as_ref())
    }

    /// A password of 0 to 255 bytes with an empty user name, as some proxies take it against RFC 1929.
    ///
    /// # Errors
    ///
    /// The password is too long.
    pub fn without_user(password: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::checked(&[], password.as_ref())
    }

    fn checked(user: &[u8], password: &[u8]) -> Result<Self, Error> {
        if user.len() > 255 {
            return Err(Invalid::UserTooLong(user.len()).into());
        }
        if password.len() > 255 {
            return Err(Invalid::PasswordTooLong(password.len()).into());
        }
        Ok(Self { user: Zeroizing::new(user.to_vec()), password: Zeroizing::new(password.to_vec()) })
    }

    /// The user name.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        &self.user
    }

    /// Appends `01 | ULEN | UNAME | PLEN | PASSWD` (RFC 1929 §2).
    pub(super) fn put(&self, message: &mut Scratch) {
        message.put(&[1]);
        for part in [&self.user, &self.password] {
            message.put_count(part.len());
            message.put_secret(part);
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials(\"{}\", [redacted])", self.user.escape_ascii())
    }
}
