//! The answer to a question, and the word that sums it up.

use crate::event::Event;
use crate::questions::{Kind, Question};
use anysocks::{Error, ErrorKind, Reply, Stage};
use std::error::Error as StdError;
use std::net::SocketAddr;
use std::time::Duration;
use std::{fmt, io};

/// What was found, or why the answer is not yes.
pub(crate) type Answer = Result<Found, Box<dyn StdError>>;

/// The details of a yes.
#[derive(Default)]
pub(crate) struct Found {
    /// BND.ADDR and BND.PORT of the reply.
    pub(crate) bound: Option<String>,
    /// Where the relay takes datagrams.
    pub(crate) relay: Option<SocketAddr>,
    /// Through the proxy to the target and back.
    pub(crate) round_trip: Option<Duration>,
    pub(crate) note: String,
}

/// An answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Yes,
    /// The proxy speaks this version and does not grant the request.
    Refused,
    No,
    NotTried,
}

/// A question and its answer.
pub(crate) struct Row {
    pub(crate) question: &'static Question,
    pub(crate) answer: Answer,
    pub(crate) took: Duration,
}

/// Why a question was not asked.
#[derive(Debug)]
pub(crate) struct NotTried(pub(crate) &'static str);

/// The connection was granted, but no data came through: some proxies connect to the target later.
#[derive(Debug)]
pub(crate) struct DeadEnd(pub(crate) io::Error);

impl Row {
    pub(crate) fn verdict(&self) -> Verdict {
        match &self.answer {
            Ok(_) => Verdict::Yes,
            Err(error) if error.is::<NotTried>() => Verdict::NotTried,
            Err(_) if self.refuses_client() || self.refuses_target() => Verdict::Refused,
            Err(error) if is_refusal(&**error) => Verdict::Refused,
            Err(_) => Verdict::No,
        }
    }

    /// The proxy speaks SOCKS5 and rejects the credentials, or their absence.
    fn refuses_client(&self) -> bool {
        match self.error().map(Error::kind) {
            Some(ErrorKind::PasswordRefused(_)) => true,
            Some(ErrorKind::MethodsRefused) => self.question.kind != Kind::Method,
            _ => false,
        }
    }

    /// The proxy understands CONNECT and does not connect to the target.
    pub(crate) fn refuses_target(&self) -> bool {
        let Err(error) = &self.answer else { return false };
        // After the METHOD is agreed, a closed connection or silence in place of a reply is
        // about the target.
        let without_reply = self.event().is_some() && self.stage() == Some(Stage::Request);
        match self.question.kind {
            Kind::Connect4 => is_refusal(&**error),
            Kind::Connect5 => is_refusal(&**error) || without_reply,
            _ => false,
        }
    }

    /// Whether the answer is in SOCKS, a refusal included.
    pub(crate) fn is_socks(&self) -> bool {
        match (&self.answer, self.error().map(Error::kind)) {
            (Ok(_), _) => self.question.kind != Kind::Dial,
            (_, Some(ErrorKind::MethodsRefused | ErrorKind::MethodNotOffered(_) | ErrorKind::Refused(_))) => {
                true
            }
            _ => self.verdict() == Verdict::Refused,
        }
    }

    /// Whether the answer is in another protocol, or in another version of SOCKS.
    pub(crate) fn is_another_protocol(&self) -> bool {
        matches!(self.error().map(Error::kind), Some(ErrorKind::NotSocks { .. }))
    }

    pub(crate) fn is_not_tried(&self) -> bool {
        self.verdict() == Verdict::NotTried
    }

    /// Whether there is no connection to the proxy.
    pub(crate) fn is_lost_connection(&self) -> bool {
        self.question.kind == Kind::Dial && self.answer.is_err() && !self.is_not_tried()
    }

    /// Whether the proxy sent nothing until the time limit.
    pub(crate) fn is_silence(&self) -> bool {
        self.error().is_some() && self.event() == Some(Event::Silence)
    }

    fn event(&self) -> Option<Event> {
        self.answer.as_ref().err().and_then(|error| Event::of(&**error))
    }

    fn error(&self) -> Option<&Error> {
        self.answer.as_ref().err().and_then(|error| error.downcast_ref())
    }

    fn stage(&self) -> Option<Stage> {
        self.error().map(Error::stage)
    }

    /// The code of the proxy's refusal.
    pub(crate) fn reply(&self) -> Option<Reply> {
        self.error().and_then(Error::reply)
    }
}

/// Whether the request was understood and not granted.
pub(crate) fn is_refusal(error: &(dyn StdError + 'static)) -> bool {
    match error.downcast_ref().and_then(Error::reply) {
        Some(Reply::COMMAND_NOT_SUPPORTED | Reply::ADDRESS_TYPE_NOT_SUPPORTED) => false,
        Some(_) => true,
        None => error.is::<DeadEnd>(),
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

impl fmt::Display for NotTried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for DeadEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("granted, but the tunnel does not work")
    }
}

impl StdError for NotTried {}

impl StdError for DeadEnd {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}
