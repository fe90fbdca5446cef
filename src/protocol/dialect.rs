//! What a METHOD's dialect of SOCKS5 changes in later replies.

#[cfg(test)]
mod tests;

use crate::error::ErrorKind;
use crate::protocol::reply::Reply;

/// How the replies of a dialect are read.
///
/// A METHOD of this crate hands over its dialect in `Negotiated`.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Whether requests can have the commands and addresses of SOCKS5a.
    pub(crate) is_socks5a: bool,
    /// Returns how many more bytes of a refusal must be received, given all its received bytes.
    ///
    /// There are at least two of them, VER and REP.
    pub(crate) missing: fn(&[u8]) -> usize,
    /// Returns the error of a refusal with these bytes. Its details may be cut.
    pub(crate) refusal: fn(&[u8]) -> ErrorKind,
}

/// The longest refusal with its details, in bytes.
pub(crate) const LONGEST_REFUSAL: usize = 2048;

pub(crate) static RFC_1928: Dialect = Dialect { is_socks5a: false, missing: |_| 0, refusal: refused };

/// The length of the shortest reply of RFC 1928: VER, REP, RSV, ATYP, an empty name, and the port.
pub(crate) const LEAST_REPLY: usize = 7;

/// Returns the error of a refusal without details.
pub(crate) fn refused(reply: &[u8]) -> ErrorKind {
    ErrorKind::Refused(Reply::V5(reply.get(1).copied().unwrap_or_default()))
}
