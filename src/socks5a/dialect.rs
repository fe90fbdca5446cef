//! The replies of SOCKS5a: six bytes without an address, and details behind a refusal.
//!
//! ```text
//! 05 | REP | RSV | 01 | ELEN(2) | CODE(2) | MESSAGE
//! ```

#[cfg(test)]
mod tests;

use crate::error::escape::Escaped;
use crate::error::{ErrorKind, RefusalDetails};
use crate::protocol::dialect::{Dialect, refused};
use crate::protocol::reply::Reply;

/// The dialect after a METHOD of SOCKS5a.
pub(super) static SOCKS5A: Dialect = Dialect { is_socks5a: true, missing, refusal };

/// The length of VER, REP, RSV, ATYP and ELEN.
const HEADER: usize = 6;

/// CODE and the longest MESSAGE. A longer one would be an IPv4 address above 4.2.0.0.
const LONGEST: usize = 2 + 1024;

const fn is_extended(reply: &[u8]) -> bool {
    matches!(reply, [_, 0x09..=0x10, ..])
}

/// Returns ELEN, if there are details. An address of other types has none.
fn details_len(reply: &[u8]) -> Option<usize> {
    let [_, _, _, 1, high, low, ..] = *reply else { return None };
    Some(usize::from(u16::from_be_bytes([high, low]))).filter(|len| (2..=LONGEST).contains(len))
}

fn missing(reply: &[u8]) -> usize {
    match (reply, details_len(reply)) {
        _ if !is_extended(reply) => 0,
        (_, Some(len)) => (HEADER + len).saturating_sub(reply.len()),
        ([_, _, _, 1] | [_, _, _, 1, _] | [_, _] | [_, _, _], None) => HEADER - reply.len(),
        _ => 0,
    }
}

fn refusal(reply: &[u8]) -> ErrorKind {
    if !is_extended(reply) {
        return refused(reply);
    }
    let whole = details_len(reply).and_then(|len| reply.get(HEADER..HEADER + len));
    let details = whole.and_then(|details| details.split_first_chunk()).map(|(code, message)| {
        let message = Escaped(String::from_utf8_lossy(message)).to_string();
        RefusalDetails { code: u16::from_be_bytes(*code), message }
    });
    ErrorKind::RefusedExtended { reply: Reply::V5(reply[1]), details }
}
