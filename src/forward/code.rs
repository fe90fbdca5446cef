//! The reply code of a failed request.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::reply::Reply;
use std::io;

/// Returns the reply code that is closest to the error.
///
/// Timeouts have X'06'. Every other error of a proxy on the route has X'01', because the remaining
/// codes are about the target.
pub(super) fn reply_code(error: &Error) -> Reply {
    // Only the request to the last proxy has the target.
    let is_last_hop = error.hop() == error.hops();
    match (error.stage(), error.kind()) {
        (_, ErrorKind::Refused(reply @ Reply::V5(1..=8 | 0xF0..))) if is_last_hop => *reply,
        (_, ErrorKind::RefusedExtended { reply: Reply::PERMISSION_DENIED, .. }) if is_last_hop => {
            Reply::NOT_ALLOWED
        }
        (_, ErrorKind::Rule(_)) => Reply::NOT_ALLOWED,
        _ if error.is_timeout() => Reply::TTL_EXPIRED,
        _ if error.is_unresolved_target() => Reply::HOST_UNREACHABLE,
        (Stage::Direct, _) => match error.io_kind() {
            io::ErrorKind::ConnectionRefused => Reply::CONNECTION_REFUSED,
            io::ErrorKind::NetworkUnreachable => Reply::NETWORK_UNREACHABLE,
            io::ErrorKind::HostUnreachable => Reply::HOST_UNREACHABLE,
            _ => Reply::GENERAL_FAILURE,
        },
        _ => Reply::GENERAL_FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Attempt;

    #[test]
    fn codes_of_direct_connections() {
        let system = |kind: io::ErrorKind| {
            let attempts = vec![Attempt { address: String::new(), error: kind.into() }];
            reply_code(&Error::new(Stage::Direct, ErrorKind::Unreachable(attempts)))
        };
        assert_eq!(system(io::ErrorKind::ConnectionRefused), Reply::CONNECTION_REFUSED);
        assert_eq!(system(io::ErrorKind::NetworkUnreachable), Reply::NETWORK_UNREACHABLE);
        assert_eq!(system(io::ErrorKind::HostUnreachable), Reply::HOST_UNREACHABLE);
        assert_eq!(system(io::ErrorKind::TimedOut), Reply::TTL_EXPIRED);
        assert_eq!(system(io::ErrorKind::OutOfMemory), Reply::GENERAL_FAILURE);
    }

    #[test]
    fn codes_of_unresolved_names() {
        let unresolved = |name: &str| {
            let error = io::ErrorKind::NotFound.into();
            Error::new(Stage::Resolve, ErrorKind::Unresolved { name: name.to_owned(), error })
        };
        let target = "target.example:80";
        let of_target = unresolved("target.example").of_target_name();
        assert_eq!(reply_code(&of_target.about(target)), Reply::HOST_UNREACHABLE);
        assert_eq!(reply_code(&unresolved("proxy.example").about(target)), Reply::GENERAL_FAILURE);
        assert_eq!(reply_code(&unresolved("proxy.example")), Reply::GENERAL_FAILURE);
        let late = Error::new(Stage::Resolve, ErrorKind::TimedOut).about(target);
        assert_eq!(reply_code(&late), Reply::TTL_EXPIRED);
    }
}
