//! Refusals with the reply codes of SOCKS5a.

use crate::protocol::reply::Reply;
use std::io;

/// What a proxy adds to a refusal, in
/// [`ErrorKind::RefusedExtended`](crate::ErrorKind::RefusedExtended).
///
/// ```
/// use anysocks::{Error, ErrorKind};
///
/// fn message(error: &Error) -> Option<&str> {
///     match error.kind() {
///         ErrorKind::RefusedExtended { details: Some(details), .. } => Some(&details.message),
///         _ => None,
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RefusalDetails {
    /// The proxy's own code.
    pub code: u16,
    /// The proxy's message for people, of up to 1,024 bytes. Bytes that are not UTF-8 are replaced, and
    /// characters that are not printable are escaped.
    pub message: String,
}

/// Returns the reason and the details, for the text of the error.
pub(super) fn reason(reply: Reply, details: Option<&RefusalDetails>) -> String {
    let code = reply.code();
    let meaning = meaning(reply);
    match details {
        None => format!("{meaning} (X'{code:02X}')"),
        Some(RefusalDetails { code: detail, message }) => {
            format!("{meaning} (X'{code:02X}', detail {detail}): {message}")
        }
    }
}

const fn meaning(reply: Reply) -> &'static str {
    match reply {
        Reply::AUTHENTICATION_EXPIRED => "the authentication has expired",
        Reply::RATE_LIMITED => "rate limit exceeded",
        Reply::PROTOCOL_VIOLATION => "protocol violation",
        Reply::TEMPORARY_FAILURE => "temporary failure of the proxy",
        Reply::CLIENT_MISCONFIGURED => "the client's configuration is invalid",
        Reply::NETWORK_MISCONFIGURED => "the network's configuration has a problem",
        Reply::PERMISSION_DENIED => "permission denied",
        Reply::RESOURCES_EXHAUSTED => "the proxy's resources are exhausted",
        _ => "unassigned reply",
    }
}

pub(super) const fn is_retryable(reply: Reply) -> bool {
    matches!(reply, Reply::RATE_LIMITED | Reply::TEMPORARY_FAILURE | Reply::RESOURCES_EXHAUSTED)
}

pub(super) const fn io_kind(reply: Reply) -> io::ErrorKind {
    match reply {
        Reply::AUTHENTICATION_EXPIRED | Reply::PERMISSION_DENIED => io::ErrorKind::PermissionDenied,
        Reply::PROTOCOL_VIOLATION => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    }
}
