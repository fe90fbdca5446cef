//! User name and password (RFC 1929).

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::conversation::Scratch;
use std::fmt;
use zeroize::Zeroizing;

/// The user name that marks the password as an isolation token of Tor.
pub(crate) const ISOLATED: &str = "<torS0X>0";

/// A user name and a password, of at most 255 bytes each (RFC 1929).
///
/// Both are bytes in any encoding. `Debug` redacts the password, and both are wiped on drop.
///
/// RFC 1929 requires at least one byte of each. An empty password is accepted, because it is in
/// use. An empty user name needs [`without_user`](Self::without_user).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: Zeroizing<Vec<u8>>,
    password: Zeroizing<Vec<u8>>,
}

impl Credentials {
    /// Creates credentials of a user name of 1 to 255 bytes and a password of 0 to 255 bytes.
    ///
    /// # Errors
    ///
    /// - [`Invalid::UserEmpty`], [`Invalid::UserTooLong`]: the user name has 0 or more than 255
    ///   bytes.
    /// - [`Invalid::PasswordTooLong`]: the password has more than 255 bytes.
    #[doc(alias = "connect_with_password_and_socket")]
    pub fn new(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Result<Self, Error> {
        if user.as_ref().is_empty() {
            return Err(Invalid::UserEmpty.into());
        }
        Self::checked(user.as_ref(), password.as_ref())
    }

    /// Creates credentials of an empty user name and a password of 0 to 255 bytes.
    ///
    /// Some proxies accept this, though RFC 1929 does not allow it.
    ///
    /// # Errors
    ///
    /// - [`Invalid::PasswordTooLong`]: the password has more than 255 bytes.
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

    /// Returns the user name.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        &self.user
    }

    /// Appends `01 | ULEN | UNAME | PLEN | PASSWD` (RFC 1929 §2).
    pub(crate) fn put(&self, message: &mut Scratch) {
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
