//! The syntax of host names.

use crate::error::invalid::Invalid;

/// The bytes that a name can contain.
static ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0x21;
    while byte < 0x7F {
        allowed[byte as usize] =
            !matches!(byte, b'#' | b'%' | b'/' | b':' | b'<' | b'>' | b'?' | b'@' | b'['..=b'^' | b'|');
        byte += 1;
    }
    allowed
};

/// Checks a name.
pub(crate) fn check(name: &str) -> Result<(), Invalid> {
    if name.is_empty() {
        return Err(Invalid::NameEmpty);
    }
    if name.len() > 255 {
        return Err(Invalid::NameTooLong(name.len()));
    }
    match name.bytes().find(|byte| !ALLOWED[usize::from(*byte)]) {
        None => Ok(()),
        Some(_) if !name.is_ascii() => Err(Invalid::NameNotAscii),
        Some(byte) => Err(Invalid::NameCharacter(char::from(byte))),
    }
}
