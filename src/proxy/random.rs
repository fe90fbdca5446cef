//! Random tokens, as user names and passwords.

use std::io;
use zeroize::Zeroizing;

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
