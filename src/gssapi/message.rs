//! The messages of RFC 1961 as bytes: VER, MTYP, LEN and TOKEN.

use super::error::Error;

const VER: u8 = 1;
/// MTYP of a token of the context.
pub(super) const CONTEXT: u8 = 1;
/// MTYP of the level.
pub(super) const LEVEL: u8 = 2;
/// MTYP of everything after the negotiation.
pub(super) const DATA: u8 = 3;
/// MTYP of an abort, which has neither LEN nor TOKEN.
const ABORT: u8 = 0xFF;

/// The length of VER, MTYP and LEN.
pub(super) const HEADER: usize = 4;
/// The longest token.
pub(super) const LONGEST: usize = 65_535;

/// Appends a message whose token is appended by `put`.
pub(super) fn put<T>(
    mtyp: u8,
    out: &mut Vec<u8>,
    put: impl FnOnce(&mut Vec<u8>) -> Result<T, Error>,
) -> Result<T, Error> {
    let token = out.len() + HEADER;
    out.extend([VER, mtyp, 0, 0]);
    let done = put(out)?;
    let len = out.len().saturating_sub(token);
    let len = u16::try_from(len).map_err(|_| Error::TokenTooLong(len))?;
    if let Some(field) = out.get_mut(token - 2..token) {
        field.copy_from_slice(&len.to_be_bytes());
    }
    Ok(done)
}

/// Returns MTYP, if it was received.
///
/// # Errors
///
/// The proxy has aborted, or this is no message.
pub(super) fn mtyp(start: &[u8]) -> Result<Option<u8>, Error> {
    match *start {
        [] | [VER] => Ok(None),
        [VER, ABORT, ..] => Err(Error::Refused),
        [VER, mtyp, ..] => Ok(Some(mtyp)),
        [byte, ..] => Err(Error::Malformed { field: "VER", byte }),
    }
}

/// Checks that this may be the start of data.
pub(super) fn check_data(start: &[u8]) -> Result<(), Error> {
    match mtyp(start)? {
        None | Some(DATA) => Ok(()),
        Some(byte) => Err(Error::Malformed { field: "MTYP", byte }),
    }
}

/// Returns LEN, if it was received.
pub(super) fn len(start: &[u8]) -> Option<usize> {
    match *start {
        [_, _, high, low, ..] => Some(usize::from(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}
