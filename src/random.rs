//! Random names and passwords.

use std::io;
use zeroize::Zeroizing;

/// 128 random bits, as text.
pub(crate) fn random_token() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; 16]);
    getrandom::fill(&mut *bytes)?;
    let mut token = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in *bytes {
        for digit in [byte >> 4, byte & 0xF] {
            token.extend(char::from_digit(digit.into(), 16));
        }
    }
    Ok(token)
}
