//! Random names and passwords.

use std::io;
use zeroize::Zeroizing;

/// So many random bytes, in hexadecimal digits.
pub(crate) fn random_token<const BYTES: usize>() -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(&mut *bytes)?;
    // In its final size, so that growing leaves no copy behind.
    let mut token = Zeroizing::new(String::with_capacity(2 * BYTES));
    for byte in bytes.iter() {
        for digit in [byte >> 4, byte & 0xF] {
            token.extend(char::from_digit(digit.into(), 16));
        }
    }
    Ok(token)
}
