//! What a forwarder answers when there is no connection.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::reply::Reply;
use std::io;

/// The code that comes nearest to why the target, a name or not, can't be reached. Whatever else a proxy on the way suffered, it
/// is a general failure if it was not the time that ran out: the other codes are about the target.
pub(super) fn code(error: &Error, name: Option<&str>) -> Reply {
    // The last proxy was asked for the target, and each other one for the next proxy.
    let of_the_last = error.hop() == error.hops();
    match (error.stage(), error.kind()) {
        (_, ErrorKind::Refused(reply @ Reply::V5(1..=8 | 0xF0..))) if of_the_last => *reply,
        (_, ErrorKind::Rule(_)) => Reply::NOT_ALLOWED,
        _ if error.is_timeout() => Reply::TTL_EXPIRED,
        (_, ErrorKind::Unresolved { name: unresolved, .. }) if name == Some(unresolved) => {
            Reply::HOST_UNREACHABLE
        }
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
    fn of_a_direct_connection() {
        let system = |kind: io::ErrorKind| {
            let attempts = vec![Attempt { address: String::new(), error: kind.into() }];
            code(&Error::new(Stage::Direct, ErrorKind::Unreachable(attempts)), None)
        };
        assert_eq!(system(io::ErrorKind::ConnectionRefused), Reply::CONNECTION_REFUSED);
        assert_eq!(system(io::ErrorKind::NetworkUnreachable), Reply::NETWORK_UNREACHABLE);
        assert_eq!(system(io::ErrorKind::HostUnreachable), Reply::HOST_UNREACHABLE);
        assert_eq!(system(io::ErrorKind::TimedOut), Reply::TTL_EXPIRED);
        assert_eq!(system(io::ErrorKind::OutOfMemory), Reply::GENERAL_FAILURE);
    }

    #[test]
    fn of_names() {
        let unresolved = |name: &str| {
            let error = io::ErrorKind::NotFound.into();
            Error::new(Stage::Resolve, ErrorKind::Unresolved { name: name.to_owned(), error })
        };
        assert_eq!(code(&unresolved("target.example"), Some("target.example")), Reply::HOST_UNREACHABLE);
        assert_eq!(code(&unresolved("proxy.example"), Some("target.example")), Reply::GENERAL_FAILURE);
        assert_eq!(code(&unresolved("proxy.example"), None), Reply::GENERAL_FAILURE);
        let late = Error::new(Stage::Resolve, ErrorKind::TimedOut);
        assert_eq!(code(&late, Some("target.example")), Reply::TTL_EXPIRED);
    }
}
