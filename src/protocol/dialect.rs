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
    /// The length of the shortest reply, in bytes: 6 or [`RFC_1928`]'s 7.
    pub(crate) least_reply: usize,
    /// The ATYP of a reply that has a port and no address.
    pub(crate) no_address: Option<u8>,
    /// Returns how many more bytes of a refusal must be received, given all its received bytes.
    ///
    /// There are at least two of them, VER and REP.
    pub(crate) missing: fn(&[u8]) -> usize,
    /// Returns the error of a refusal with these bytes. Its details may be cut.
    pub(crate) refusal: fn(&[u8]) -> ErrorKind,
}

/// The longest refusal with its details, in bytes.
pub(crate) const LONGEST_REFUSAL: usize = 2048;

/// Without a dialect: the shortest reply has VER, REP, RSV, ATYP, an empty name, and the port.
pub(crate) static RFC_1928: Dialect =
    Dialect { least_reply: 7, no_address: None, missing: |_| 0, refusal: refused };

/// Returns the error of a refusal without details.
pub(crate) fn refused(reply: &[u8]) -> ErrorKind {
    ErrorKind::Refused(Reply::V5(reply.get(1).copied().unwrap_or_default()))
}
