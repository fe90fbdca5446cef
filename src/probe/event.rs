//! The event that ended a wait for the proxy.

use super::failure::Failure;
use crate::error::{Error, ErrorKind, Stage};
use std::io;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The proxy closed the connection after so many bytes of the message.
    Closed(usize),
    Reset,
    /// Nothing came until the timeout.
    Silence,
}

impl Event {
    pub(super) fn of(failure: &Failure) -> Option<Self> {
        match failure {
            Failure::Socks(error) => Self::of_socks(error),
            Failure::DeadEnd(error) | Failure::Datagrams { error, .. } => Self::of_io(error),
            _ => None,
        }
    }

    pub(super) fn of_socks(error: &Error) -> Option<Self> {
        match (error.stage(), error.kind()) {
            // There is no connection yet.
            (Stage::Resolve | Stage::Dial, _) => None,
            (_, ErrorKind::TimedOut) => Some(Self::Silence),
            (_, ErrorKind::EndedEarly { received }) => Some(Self::Closed(*received)),
            (_, ErrorKind::Io(error)) => Self::of_io(error),
            _ => None,
        }
    }

    pub(super) fn of_io(error: &io::Error) -> Option<Self> {
        Some(match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Closed(0),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::Reset
            }
            // A socket's read timeout is reported as either.
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::Silence,
            _ => return None,
        })
    }

    pub(super) fn text(self, timeout: Duration) -> String {
        match self {
            Self::Closed(0) => "the proxy closed the connection".into(),
            Self::Closed(1) => "the proxy closed the connection after 1 byte of its answer".into(),
            Self::Closed(n) => format!("the proxy closed the connection after {n} bytes of its answer"),
            Self::Reset => "the proxy reset the connection".into(),
            Self::Silence => format!("nothing came back within {} s", timeout.as_secs_f64()),
        }
    }
}
