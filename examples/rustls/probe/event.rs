//! The event that ended a wait for the proxy, and the reason of a failure as text. Equal events
//! have equal texts.

use crate::answer::DeadEnd;
use crate::prober::LIMIT;
use anysocks::{Error, ErrorKind, Stage};
use std::error::Error as StdError;
use std::{fmt, io};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The proxy closed the connection after so many bytes of the message.
    Closed(usize),
    Reset,
    /// Nothing came until the time limit.
    Silence,
}

impl Event {
    pub(crate) fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        if let Some(error) = error.downcast_ref::<Error>() {
            return match (error.stage(), error.kind()) {
                // There is no connection yet.
                (Stage::Resolve | Stage::Dial, _) => None,
                (_, ErrorKind::TimedOut) => Some(Self::Silence),
                (_, ErrorKind::EndedEarly { received }) => Some(Self::Closed(*received)),
                (_, ErrorKind::Io(error)) => Self::of_io(error),
                _ => None,
            };
        }
        match error.downcast_ref::<DeadEnd>() {
            Some(DeadEnd(error)) => Self::of_io(error),
            None => error.downcast_ref().and_then(Self::of_io),
        }
    }

    fn of_io(error: &io::Error) -> Option<Self> {
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
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(0) => f.write_str("the proxy closed the connection"),
            Self::Closed(1) => f.write_str("the proxy closed the connection after 1 byte of its answer"),
            Self::Closed(n) => write!(f, "the proxy closed the connection after {n} bytes of its answer"),
            Self::Reset => f.write_str("the proxy reset the connection"),
            Self::Silence => write!(f, "nothing came back within {} s", LIMIT.as_secs()),
        }
    }
}

/// The stage that failed, and why: the event, the proxy's code, or the system's error. The
/// proxy's URL is left out.
pub(crate) fn reason(error: &(dyn StdError + 'static)) -> String {
    let event = Event::of(error);
    if let Some(error) = error.downcast_ref::<Error>() {
        return match (error.kind(), event) {
            (_, Some(event)) => format!("{} failed: {event}", error.stage()),
            (ErrorKind::Invalid(invalid), _) => invalid.to_string(),
            (ErrorKind::Unreachable(attempts), _) => {
                let attempts = attempts.iter().map(|a| format!("{}: {}", a.address, system(&a.error)));
                format!("{} failed: {}", error.stage(), attempts.collect::<Vec<_>>().join("; "))
            }
            (kind, _) => with_source(&format!("{} {kind}", error.stage()), error.source()),
        };
    }
    match (error.downcast_ref::<io::Error>(), event) {
        (Some(_), Some(event)) => event.to_string(),
        (Some(error), None) => system(error),
        (None, Some(event)) => format!("granted, but {event}"),
        (None, None) => with_source(&error.to_string(), error.source()),
    }
}

fn with_source(text: &str, source: Option<&(dyn StdError + 'static)>) -> String {
    source.map_or_else(|| text.to_owned(), |source| format!("{text}: {}", reason(source)))
}

/// The kind of a system's error: its text is the same on each system.
fn system(error: &io::Error) -> String {
    if let Some(inner) = error.get_ref() {
        return reason(inner);
    }
    match error.kind().to_string() {
        // The standard library has no kind for some of them.
        kind if kind == "uncategorized error" => error.to_string(),
        kind => kind,
    }
}
