//! What can go wrong.

use super::association_end::AssociationEnd;
use super::no_relay::{given_as, why_none};
use crate::error::escape::Escaped;
use crate::error::invalid::Invalid;
use crate::protocol::address::Address;
use crate::protocol::reply::Reply;
use std::borrow::Cow;
use std::{error, fmt, io};

/// What went wrong.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's own mistake. Nothing was sent.
    #[error(transparent)]
    Invalid(Invalid),
    /// The [rule](crate::Connector::by_rule) of a connector returned an error for the target.
    /// Nothing was sent.
    #[error("failed: the connector's rule refuses the target")]
    Rule(#[source] Box<dyn error::Error + Send + Sync>),
    /// An I/O error of the stream.
    #[error("failed")]
    Io(#[source] io::Error),
    /// A name can't be resolved, or not in time, or has no address that can be used.
    ///
    /// At most 32 lookups are in flight in a process. One more waits for a free thread until its
    /// deadline. Its error is then of the kind `TimedOut`, and its message names the limit.
    #[error("of {name} failed")]
    Unresolved {
        /// The name: the proxy's, or with local resolution the target's. Characters that are not
        /// printable are escaped.
        name: String,
        /// What the resolver says.
        #[source]
        error: io::Error,
    },
    /// No address of the proxy, or of the target of a direct connection, could be connected to. Each attempt is listed, in the order in which they failed; those that the
    /// deadline ended come last, with an error of the kind `TimedOut`.
    #[error("failed: {}", Attempt::list(.0))]
    Unreachable(Vec<Attempt>),
    /// The deadline passed while a conversation was held. Where it ended the lookup of a name it is [`Unresolved`](Self::Unresolved), and where the
    /// dialling, [`Unreachable`](Self::Unreachable); [`Error::is_timeout`](crate::Error::is_timeout) knows them all.
    #[error("timed out")]
    TimedOut,
    /// What answers is no SOCKS proxy of this version. `first` is the first byte that it sent.
    #[error("found {}: the answer begins with X'{first:02X}'", who_begins_with(*.first))]
    NotSocks {
        /// The first byte of the answer.
        first: u8,
    },
    /// The proxy accepts none of the METHODs that were offered (`FF`, RFC 1928 §3).
    #[error("refused: the proxy accepts none of the methods offered")]
    MethodsRefused,
    /// The proxy chose a METHOD that was not offered.
    #[error("failed: the proxy chose X'{0:02X}', a method that was not offered")]
    MethodNotOffered(u8),
    /// User name and password were refused with this STATUS (RFC 1929 §2).
    #[error("refused: wrong user name or password (status X'{0:02X}')")]
    PasswordRefused(u8),
    /// A METHOD of the caller's own failed.
    #[error("failed")]
    Method(#[source] Box<dyn error::Error + Send + Sync>),
    /// A frame of the encapsulation that was negotiated could not be sealed or opened.
    #[error("failed: a frame can't be sealed or opened")]
    Encapsulation(#[source] Box<dyn error::Error + Send + Sync>),
    /// The request was refused with this code.
    #[error("refused: {0}")]
    Refused(Reply),
    /// The proxy hung up in the middle.
    #[error("failed: the proxy closed the connection {}", after_bytes(*.received))]
    EndedEarly {
        /// How many bytes of the message that was waited for had come. What a METHOD of the caller's own had heard is not counted.
        received: usize,
    },
    /// The driver reported more bytes than the step had offered.
    #[error("failed: the driver reported {reported} bytes where {offered} were offered")]
    Overrun {
        /// What was reported.
        reported: usize,
        /// What had been offered.
        offered: usize,
    },
    /// The conversation has handed its outcome over already, or has failed already.
    #[error("is over already")]
    Over,
    /// The proxy grants an association, but its relay can't be at the address that it gives, or
    /// that the [`Relay`](crate::udp::Relay) policy makes of it: the port is 0, the address is not
    /// a unicast one, or it is a name that is not resolved on this machine
    /// ([`Resolve::ByProxy`](crate::Resolve::ByProxy)).
    #[error("failed: no relay at {relay}{}: {}", given_as(bound, relay), why_none(relay))]
    NoRelay {
        /// BND.ADDR and BND.PORT of the proxy's reply, as it sent them.
        bound: Address,
        /// The address that the policy has made of it.
        relay: Address,
    },
    /// The association is over. Calls that receive say so once nothing is left to receive, and those that send once that is known.
    #[error("ended: {0}")]
    AssociationEnded(AssociationEnd),
    /// A field of the answer has a value that it can't have.
    #[error("failed: the answer has X'{byte:02X}' as its {field}")]
    Malformed {
        /// The field's name in the protocol's text.
        field: &'static str,
        /// What stood there.
        byte: u8,
    },
}

/// One attempt to connect to one address of a proxy.
#[non_exhaustive]
pub struct Attempt {
    /// The address: `host:port`, or the path of a Unix-domain socket, in which characters that are
    /// not printable are escaped.
    pub address: String,
    /// Why it failed.
    pub error: io::Error,
}

impl Attempt {
    fn list(attempts: &[Self]) -> String {
        let each: Vec<_> = attempts.iter().map(|a| format!("{}: {}", a.address, Escaped(&a.error))).collect();
        each.join("; ")
    }
}

/// As it would be derived, but for what others wrote.
impl fmt::Debug for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_one = |f: &mut fmt::Formatter<'_>, name, value: &dyn fmt::Debug| {
            f.debug_tuple(name).field(value).finish()
        };
        match self {
            Self::Invalid(invalid) => of_one(f, "Invalid", invalid),
            Self::Rule(error) => of_one(f, "Rule", &Escaped(error)),
            Self::Io(error) => of_one(f, "Io", &Escaped(error)),
            Self::Unresolved { name, error } => {
                f.debug_struct("Unresolved").field("name", name).field("error", &Escaped(error)).finish()
            }
            Self::Unreachable(attempts) => of_one(f, "Unreachable", attempts),
            Self::TimedOut => f.write_str("TimedOut"),
            Self::NotSocks { first } => f.debug_struct("NotSocks").field("first", first).finish(),
            Self::MethodsRefused => f.write_str("MethodsRefused"),
            Self::MethodNotOffered(code) => of_one(f, "MethodNotOffered", code),
            Self::PasswordRefused(status) => of_one(f, "PasswordRefused", status),
            Self::Method(error) => of_one(f, "Method", &Escaped(error)),
            Self::Encapsulation(error) => of_one(f, "Encapsulation", &Escaped(error)),
            Self::Refused(reply) => of_one(f, "Refused", reply),
            Self::EndedEarly { received } => {
                f.debug_struct("EndedEarly").field("received", received).finish()
            }
            Self::Overrun { reported, offered } => {
                f.debug_struct("Overrun").field("reported", reported).field("offered", offered).finish()
            }
            Self::Over => f.write_str("Over"),
            Self::NoRelay { bound, relay } => {
                f.debug_struct("NoRelay").field("bound", bound).field("relay", relay).finish()
            }
            Self::AssociationEnded(end) => of_one(f, "AssociationEnded", end),
            Self::Malformed { field, byte } => {
                f.debug_struct("Malformed").field("field", field).field("byte", byte).finish()
            }
        }
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &Escaped(&self.error);
        f.debug_struct("Attempt").field("address", &self.address).field("error", error).finish()
    }
}

fn who_begins_with(first: u8) -> &'static str {
    match first {
        b'H' | b'<' => "an HTTP server, not a SOCKS proxy",
        0x00 | 0x04 => "a SOCKS4 proxy, not a SOCKS5 one",
        0x05 => "a SOCKS5 proxy, not a SOCKS4 one",
        0x15 | 0x16 => "a TLS server, not a bare SOCKS proxy",
        b'S' => "what may be an SSH server, not a SOCKS proxy",
        _ => "no SOCKS proxy",
    }
}

fn after_bytes(received: usize) -> Cow<'static, str> {
    match received {
        0 => "before it answered".into(),
        1 => "after 1 byte of its answer".into(),
        n => format!("after {n} bytes of its answer").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Stage};

    /// What it shows may be from anywhere.
    struct Raw;

    const TEXT: &str = "\u{1b}[2J\nforged\u{202e}";
    const ESCAPED: &str = r"\u{1b}[2J\nforged\u{202e}";

    impl fmt::Display for Raw {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(TEXT)
        }
    }

    impl fmt::Debug for Raw {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(TEXT)
        }
    }

    impl error::Error for Raw {}

    #[test]
    fn what_others_wrote_is_escaped() {
        let system = || io::Error::other(Raw);
        let attempt = || Attempt { address: "192.0.2.1:1080".into(), error: system() };
        for kind in [
            ErrorKind::Rule(Box::new(Raw)),
            ErrorKind::Io(system()),
            ErrorKind::Unresolved { name: "a.example".into(), error: system() },
            ErrorKind::Unreachable(vec![attempt()]),
            ErrorKind::Method(Box::new(Raw)),
            ErrorKind::Encapsulation(Box::new(Raw)),
        ] {
            let error = Error::new(Stage::Request, kind);
            let shown = [
                format!("{error:#}"),
                format!("{error:?}"),
                format!("{error:#?}"),
                format!("{:?}", error.kind()),
            ];
            for shown in shown.iter().chain([&format!("{:?}", attempt())]) {
                assert!(shown.contains(ESCAPED) && !shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
            }
            assert!(!format!("{error} {}", error.kind()).contains('\u{1b}'));
        }
    }
}
