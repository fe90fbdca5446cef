//! Random tokens, as user names and passwords.

use super::Proxy;
use crate::error::{Error, Stage};
use std::io;
use zeroize::Zeroizing;

/// # Random isolation
impl Proxy {
    /// Isolates streams in Tor, like [`isolated`](Self::isolated), with a random token.
    ///
    /// Clones of the returned proxy share the token.
    ///
    /// # Errors
    ///
    /// - [`Invalid::PasswordOverSocks4`]: this is a SOCKS4 proxy.
    /// - [`ErrorKind::Io`](crate::ErrorKind::Io) at [`Stage::Preparation`]: the system returned no
    ///   random bytes.
    ///
    /// [`Invalid::PasswordOverSocks4`]: crate::Invalid::PasswordOverSocks4
    #[doc(alias = "tor")]
    #[doc(alias = "isolation")]
    pub fn isolated_randomly(self) -> Result<Self, Error> {
        let token = random_token::<16>().map_err(|error| Error::io(Stage::Preparation, error))?;
        self.isolated(token.as_bytes())
    }
}

/// Returns `BYTES` random bytes as hexadecimal digits.
pub(crate) fn random_token<const BYTES: usize>() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(&mut *bytes)?;
    // Allocated in its final size: growth would leave a copy behind.
    let mut token = Zeroizing::new(String::with_capacity(2 * BYTES));
    for byte in bytes.iter() {
        for digit in [byte >> 4, byte & 0xF] {
            token.extend(char::from_digit(digit.into(), 16));
        }
    }
    Ok(token)
}
