//! What came of a question.

use anysocks::{Error, ErrorKind, Reply, Stage};
use std::error::Error as StdError;
use std::net::SocketAddr;
use std::time::Duration;
use std::{fmt, io};

/// What was found, or why not.
pub(crate) type Answer = Result<Found, Box<dyn StdError>>;

/// What there is to be said beside yes.
#[derive(Default)]
pub(crate) struct Found {
    /// BND.ADDR and BND.PORT of the reply.
    pub(crate) bound: Option<String>,
    /// Where datagrams go.
    pub(crate) relay: Option<SocketAddr>,
    /// Through the proxy to the target and back.
    pub(crate) round_trip: Option<Duration>,
    pub(crate) note: String,
}

/// An answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Yes,
    /// This SOCKS is spoken, and the request not granted.
    Refused,
    No,
    NotTried,
}

/// A question, answered.
pub(crate) struct Row {
    pub(crate) question: Question,
    pub(crate) answer: Answer,
    pub(crate) took: Duration,
}

#[derive(Clone, Copy)]
pub(crate) struct Question {
    /// For programs: it stays as it is.
    pub(crate) id: &'static str,
    /// For people.
    pub(crate) text: &'static str,
    pub(crate) kind: Kind,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A connection to the target, by SOCKS4.
    Connect4,
    /// The same, by SOCKS5.
    Connect5,
    /// A METHOD, and no more.
    Method,
    Other,
}

/// Why a question was not asked.
#[derive(Debug)]
pub(crate) struct NotTried(pub(crate) &'static str);

/// The connection was granted, and led nowhere: some proxies try the target afterwards.
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

    /// It speaks SOCKS5, and lets nobody in with these credentials, or without.
    fn refuses_client(&self) -> bool {
        match self.error().map(Error::kind) {
            Some(ErrorKind::PasswordRefused(_)) => true,
            Some(ErrorKind::MethodsRefused) => self.question.kind != Kind::Method,
            _ => false,
        }
    }

    /// It understands that a connection is wanted, and does not make it.
    pub(crate) fn refuses_target(&self) -> bool {
        let Err(error) = &self.answer else { return false };
        // Behind the choice of a METHOD, an end or silence in place of a reply is about the target.
        let without_reply =
            self.reply().is_none() && self.error().is_some_and(|error| error.stage() == Stage::Request);
        match self.question.kind {
            Kind::Connect4 => is_refusal(&**error),
            Kind::Connect5 => is_refusal(&**error) || without_reply,
            Kind::Method | Kind::Other => false,
        }
    }

    /// Whether SOCKS was spoken, be it to say no.
    pub(crate) fn is_socks(&self) -> bool {
        let said_no = || match self.error().map(Error::kind) {
            Some(ErrorKind::MethodsRefused | ErrorKind::MethodNotOffered(_) | ErrorKind::Refused(_)) => true,
            _ => self.verdict() == Verdict::Refused,
        };
        match self.answer {
            Ok(_) => self.question.id != "tcp",
            Err(_) => said_no(),
        }
    }

    fn error(&self) -> Option<&Error> {
        self.answer.as_ref().err().and_then(|error| error.downcast_ref())
    }

    /// The proxy's code, where it was that which said no.
    pub(crate) fn reply(&self) -> Option<Reply> {
        self.error().and_then(Error::reply)
    }
}

/// Whether the request was understood, and not granted.
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
        write!(f, "granted, and then: {}", self.0)
    }
}

impl StdError for NotTried {}
impl StdError for DeadEnd {}
