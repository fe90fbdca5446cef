//! The answer to a question.

use super::event::Event;
use super::failure::Failure;
use super::note::Note;
use super::question::{Kind, Question};
use super::reason::reason;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::reply::Reply;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// The answer to a question about a proxy.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The question.
    pub question: Question,
    /// What the proxy can do, or why the answer is not yes.
    pub outcome: Result<Found, Failure>,
    /// The time from the first connection for this question to the end of the last one.
    pub took: Duration,
    pub(super) timeout: Duration,
}

/// The details of a yes.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Found {
    /// BND.ADDR and BND.PORT of the reply.
    pub bound: Option<Address>,
    /// The address to which datagrams are sent.
    pub relay: Option<SocketAddr>,
    /// The time through the proxy to the target and back. Only a target in this process sends
    /// data back.
    pub round_trip: Option<Duration>,
    /// Further details.
    pub notes: Vec<Note>,
}

/// An answer in one word, which is its [`Display`](fmt::Display).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The proxy can do this.
    Yes,
    /// The proxy speaks this version, but does not grant the request. The credentials or the
    /// target may be the reason.
    Refused,
    /// The proxy does not speak this version or METHOD, or does not know this request.
    No,
    /// Earlier answers, or this machine, make the question meaningless.
    NotTried,
}

impl Answer {
    /// Returns the answer in one word.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match &self.outcome {
            Ok(_) => Verdict::Yes,
            Err(Failure::NotTried(_)) => Verdict::NotTried,
            Err(failure) if failure.is_local() => Verdict::NotTried,
            Err(failure) if failure.is_refusal() || self.refuses_client() || self.refuses_target() => {
                Verdict::Refused
            }
            Err(_) => Verdict::No,
        }
    }

    /// Returns the proxy's code, if it has refused the request with one.
    #[must_use]
    pub fn reply(&self) -> Option<Reply> {
        self.socks_error().and_then(Error::reply)
    }

    /// Returns the notes, or the reason for the failure, as text.
    ///
    /// It contains neither the proxy's URL nor its credentials. It may contain addresses, that of
    /// the proxy among them. Text from the proxy is not escaped, unlike in the table.
    #[must_use]
    pub fn detail(&self) -> String {
        match &self.outcome {
            Ok(found) => found.notes.iter().map(Note::to_string).collect::<Vec<_>>().join("; "),
            Err(failure) => reason(failure, self.timeout),
        }
    }

    /// The proxy rejects the credentials, or their absence.
    pub(super) fn refuses_client(&self) -> bool {
        let Some(error) = self.socks_error() else { return false };
        match error.kind() {
            ErrorKind::PasswordRefused(_)
            | ErrorKind::ClosedDuringMethod { .. }
            | ErrorKind::Refused(Reply::NO_IDENTD | Reply::OTHER_USER_ID) => true,
            ErrorKind::Method(_) => error.stage() == Stage::Authentication,
            ErrorKind::MethodsRefused => self.question.kind() != Kind::Method,
            _ => false,
        }
    }

    /// The proxy understands CONNECT and does not connect to the target.
    pub(super) fn refuses_target(&self) -> bool {
        let Err(failure) = &self.outcome else { return false };
        let is_refusal =
            matches!(failure, Failure::DeadEnd(_)) || (failure.is_refusal() && !self.refuses_client());
        // After the METHOD is agreed, a closed connection or silence in place of a reply is
        // about the target.
        let without_reply =
            self.event().is_some() && failure.socks().map(Error::stage) == Some(Stage::Request);
        match self.question.kind() {
            Kind::Connect4 => is_refusal,
            Kind::Connect5 => is_refusal || without_reply,
            _ => false,
        }
    }

    /// Whether the reason for the failure is on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.failure().is_some_and(Failure::is_local)
    }

    /// Whether the answer is in SOCKS, a refusal included.
    pub(super) fn is_socks(&self) -> bool {
        match (&self.outcome, self.socks_error().map(Error::kind)) {
            (Ok(_), _) => self.question.kind() != Kind::Dial,
            (_, Some(ErrorKind::MethodsRefused | ErrorKind::MethodNotOffered(_) | ErrorKind::Refused(_))) => {
                true
            }
            _ => self.verdict() == Verdict::Refused,
        }
    }

    /// Whether the answer is in another protocol, or in another version of SOCKS.
    pub(super) fn is_another_protocol(&self) -> bool {
        self.failure().is_some_and(Failure::is_another_protocol)
    }

    pub(super) fn is_not_tried(&self) -> bool {
        self.verdict() == Verdict::NotTried
    }

    /// Whether there is no connection to the proxy.
    pub(super) fn is_lost_connection(&self) -> bool {
        let is_tried = !matches!(self.outcome, Err(Failure::NotTried(_)));
        self.question.kind() == Kind::Dial && self.outcome.is_err() && is_tried
    }

    /// Whether the proxy sent nothing until the timeout.
    pub(super) fn is_silence(&self) -> bool {
        self.socks_error().is_some() && self.event() == Some(Event::Silence)
    }

    fn event(&self) -> Option<Event> {
        self.failure().and_then(Event::of)
    }

    fn failure(&self) -> Option<&Failure> {
        self.outcome.as_ref().err()
    }

    fn socks_error(&self) -> Option<&Error> {
        self.failure().and_then(Failure::socks)
    }
}

impl Found {
    pub(super) fn note(note: Note) -> Self {
        Self { notes: vec![note], ..Self::default() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Yes => "yes",
            Self::Refused => "refused",
            Self::No => "no",
            Self::NotTried => "not tried",
        })
    }
}
