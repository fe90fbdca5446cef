//! The kinds of errors.

use super::association_end::AssociationEnd;
use super::extended::{self, RefusalDetails};
use super::no_relay::{in_reply, reason};
use crate::error::escape::Escaped;
use crate::error::invalid::Invalid;
use crate::protocol::address::Address;
use crate::protocol::reply::Reply;
use std::borrow::Cow;
use std::{error, fmt, io};

/// The kind of a failure, from [`Error::kind`](crate::Error::kind).
///
/// | cause | kinds |
/// |---|---|
/// | the arguments | [`Invalid`](Self::Invalid), [`Rule`](Self::Rule) |
/// | the way to the proxy | [`Unresolved`](Self::Unresolved), [`Unreachable`](Self::Unreachable), [`Io`](Self::Io), [`TimedOut`](Self::TimedOut), [`EndedEarly`](Self::EndedEarly) |
/// | a refusal by the proxy | [`MethodsRefused`](Self::MethodsRefused), [`PasswordRefused`](Self::PasswordRefused), [`Refused`](Self::Refused), [`RefusedExtended`](Self::RefusedExtended) |
/// | an answer against the protocol | [`NotSocks`](Self::NotSocks), [`MethodNotOffered`](Self::MethodNotOffered), [`NeedsSocks5a`](Self::NeedsSocks5a), [`Malformed`](Self::Malformed) |
/// | GSS-API, or a custom METHOD | [`Method`](Self::Method), [`ClosedDuringMethod`](Self::ClosedDuringMethod), [`Encapsulation`](Self::Encapsulation) |
/// | an association | [`NoRelay`](Self::NoRelay), [`AssociationEnded`](Self::AssociationEnded) |
/// | a driver | [`Overrun`](Self::Overrun), [`Over`](Self::Over) |
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A mistake in the arguments. Nothing was sent.
    #[doc(alias = "InvalidTargetAddress")]
    #[doc(alias = "InvalidAuthValues")]
    #[error(transparent)]
    Invalid(Invalid),
    /// The [rule](crate::Connector::by_rule) of a connector returned an error for the target.
    ///
    /// Nothing was sent.
    #[error("failed: the connector's rule refuses the target")]
    Rule(#[source] Box<dyn error::Error + Send + Sync>),
    /// An I/O error of the stream.
    #[error("failed")]
    Io(#[source] io::Error),
    /// A name can't be resolved in time, or has no usable address.
    ///
    /// At most 32 threads of a process run lookups and preparations of METHODs. One more lookup
    /// waits for a free thread until its deadline. Its error is then of the kind `TimedOut`, and
    /// its message names the limit.
    #[doc(alias = "dns")]
    #[error("of {name} failed")]
    Unresolved {
        /// The name: the proxy's, or with local resolution the target's.
        ///
        /// Characters that are not printable are escaped.
        name: String,
        /// The error of the resolver.
        #[source]
        error: io::Error,
    },
    /// No address of the proxy, or of the target of a direct connection, could be connected to.
    ///
    /// The attempts are in the order in which they failed. Attempts that the deadline ended come
    /// last, with an error of the kind `TimedOut`.
    #[doc(alias = "ProxyServerUnreachable")]
    #[doc(alias = "ConnectError")]
    #[error("failed: {}", Attempt::list(.0))]
    Unreachable(Vec<Attempt>),
    /// The deadline passed during a conversation with the proxy, or during the preparation of a
    /// custom METHOD ([`Stage::Preparation`](crate::Stage::Preparation)).
    ///
    /// If it passes during the lookup of a name, the kind is [`Unresolved`](Self::Unresolved);
    /// during dialling, it is [`Unreachable`](Self::Unreachable).
    /// [`Error::is_timeout`](crate::Error::is_timeout) covers all three.
    #[error("timed out")]
    TimedOut,
    /// The server at the proxy's address does not speak this version of SOCKS.
    #[doc(alias = "InvalidResponseVersion")]
    #[doc(alias = "WrongVersion")]
    #[doc(alias = "InvalidVersion")]
    #[doc(alias = "UnsupportedSocksVersion")]
    #[error("found {}: the answer begins with X'{first:02X}'", server_with_first_byte(*.first))]
    NotSocks {
        /// The first byte of its answer.
        first: u8,
    },
    /// The proxy accepts none of the offered METHODs (`FF`, RFC 1928 §3).
    #[doc(alias = "NoAcceptableMethods")]
    #[doc(alias = "NoAcceptableAuthMethods")]
    #[doc(alias = "AuthMethodUnacceptable")]
    #[error("refused: the proxy accepts none of the methods offered")]
    MethodsRefused,
    /// The proxy chose a METHOD that was not offered.
    ///
    /// The field is the METHOD's code.
    #[doc(alias = "UnknownAuthMethod")]
    #[doc(alias = "AuthorizationRequired")]
    #[doc(alias = "InvalidAuthMethod")]
    #[error("failed: the proxy chose X'{0:02X}', a method that was not offered")]
    MethodNotOffered(u8),
    /// The proxy refused the user name and password.
    ///
    /// The field is the STATUS (RFC 1929 §2).
    #[doc(alias = "PasswordAuthFailure")]
    #[doc(alias = "AuthenticationRejected")]
    #[doc(alias = "InvalidAuthStatus")]
    #[error("refused: wrong user name or password (status X'{0:02X}')")]
    PasswordRefused(u8),
    /// The proxy chose a METHOD with which a request can't have this command or target.
    ///
    /// Only SOCKS5a carries them, and its METHODs were offered among others. Nothing was
    /// requested. The variant exists in builds without the feature `socks5a` too.
    #[error("failed: the proxy chose X'{method:02X}', and only methods of SOCKS5a carry this request")]
    NeedsSocks5a {
        /// The chosen METHOD's code.
        method: u8,
    },
    /// GSS-API or a custom METHOD failed, during its preparation or its sub-negotiation.
    ///
    /// [`gssapi::Error::of`](crate::gssapi::Error::of) returns the error of GSS-API.
    ///
    /// If the source is an `io::Error`, this error converts to an `io::Error` of the same kind.
    #[error("failed")]
    Method(#[source] Box<dyn error::Error + Send + Sync>),
    /// The negotiated encapsulation could not seal or open a frame or a datagram, or has no
    /// encapsulation of datagrams for UDP ASSOCIATE.
    #[error("failed: a frame can't be sealed or opened")]
    Encapsulation(#[source] Box<dyn error::Error + Send + Sync>),
    /// The proxy refused the request with this code.
    #[doc(alias = "ReplyError")]
    #[doc(alias = "UnsuccessfulReply")]
    #[error("refused: {0}")]
    Refused(Reply),
    /// The proxy refused the request with a code of SOCKS5a: X'09' to X'10'.
    ///
    /// These codes have a meaning only after a METHOD of SOCKS5a. Otherwise the kind is
    /// [`Refused`](Self::Refused). The variant exists in builds without the feature `socks5a` too,
    /// where nothing creates it.
    ///
    /// The text of the error has the meaning of the code. `Display` of `reply` alone has not: it
    /// does not know the METHOD.
    #[error("refused: {}", extended::reason(*.reply, details.as_ref()))]
    RefusedExtended {
        /// The code.
        reply: Reply,
        /// The details behind it, if the proxy sent them and they are whole.
        details: Option<RefusalDetails>,
    },
    /// The proxy closed the connection before its answer was complete.
    #[error("failed: the proxy closed the connection {}", after_bytes(*.received))]
    EndedEarly {
        /// The number of bytes of the expected message that were received.
        ///
        /// Bytes that a custom METHOD received are not counted.
        received: usize,
    },
    /// The proxy closed the connection during the sub-negotiation of GSS-API or a custom METHOD.
    ///
    /// Some proxies refuse a client in this way, without a code.
    #[error(
        "failed: the proxy closed the connection during {name} (X'{code:02X}'); its log may say why{}",
        reasons(name)
    )]
    ClosedDuringMethod {
        /// The METHOD's code.
        code: u8,
        /// The METHOD's name.
        name: &'static str,
    },
    /// The driver reported more bytes than the step offered.
    #[error("failed: the driver reported {reported} bytes where {offered} were offered")]
    Overrun {
        /// The reported number of bytes.
        reported: usize,
        /// The offered number of bytes.
        offered: usize,
    },
    /// The conversation is over: it has returned its outcome, or it has failed.
    #[error("is over already")]
    Over,
    /// The proxy granted an association, but there can be no relay at the address.
    ///
    /// This is the address in the reply, or the one that the [`Relay`](crate::udp::Relay) policy
    /// returns for it. There is no relay if:
    ///
    /// - the port is 0;
    /// - the IP address is not a unicast address;
    /// - it is a name, and names are not resolved on this machine
    ///   ([`Resolve::ByProxy`](crate::Resolve::ByProxy)).
    #[error("failed: no relay at {relay}{}: {}", in_reply(bound, relay), reason(relay))]
    NoRelay {
        /// BND.ADDR and BND.PORT of the proxy's reply, as sent.
        bound: Address,
        /// The address that the policy returned for it.
        relay: Address,
    },
    /// The association has ended.
    ///
    /// A receiving call returns this once all received datagrams have been taken. A sending call
    /// returns it as soon as the end is known.
    #[error("ended: {0}")]
    AssociationEnded(AssociationEnd),
    /// A field of the proxy's answer has a value that the protocol does not allow.
    #[doc(alias = "InvalidAtyp")]
    #[error("failed: the answer has X'{byte:02X}' as its {field}")]
    Malformed {
        /// The name of the field in the protocol's specification.
        field: &'static str,
        /// Its value.
        byte: u8,
    },
}

/// An attempt to connect to one address of the proxy, or of the target of a direct connection.
#[non_exhaustive]
pub struct Attempt {
    /// The address: `host:port`, or the path of a Unix-domain socket.
    ///
    /// Characters that are not printable are escaped.
    pub address: String,
    /// The error of the attempt.
    pub error: io::Error,
}

impl Attempt {
    fn list(attempts: &[Self]) -> String {
        let each: Vec<_> = attempts.iter().map(|a| format!("{}: {}", a.address, Escaped(&a.error))).collect();
        each.join("; ")
    }
}

/// The derived form, but text from outside is escaped.
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
            Self::NeedsSocks5a { method } => f.debug_struct("NeedsSocks5a").field("method", method).finish(),
            Self::Method(error) => of_one(f, "Method", &Escaped(error)),
            Self::Encapsulation(error) => of_one(f, "Encapsulation", &Escaped(error)),
            Self::Refused(reply) => of_one(f, "Refused", reply),
            Self::RefusedExtended { reply, details } => {
                f.debug_struct("RefusedExtended").field("reply", reply).field("details", details).finish()
            }
            Self::ClosedDuringMethod { code, name } => {
                f.debug_struct("ClosedDuringMethod").field("code", code).field("name", name).finish()
            }
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

fn server_with_first_byte(first: u8) -> &'static str {
    match first {
        b'H' | b'<' => "an HTTP server, not a SOCKS proxy",
        0x00 | 0x04 => "a SOCKS4 proxy, not a SOCKS5 one",
        0x05 => "a SOCKS5 proxy, not a SOCKS4 one",
        0x15 | 0x16 => "a TLS server, not a bare SOCKS proxy",
        b'S' => "what may be an SSH server, not a SOCKS proxy",
        _ => "no SOCKS proxy",
    }
}

/// Returns the usual reasons why a proxy closes the connection during this METHOD.
fn reasons(name: &str) -> &'static str {
    match name {
        "GSS-API" => " (its clock, its keytab, the realm)",
        "EAF" => " (another pre-shared key)",
        _ => "",
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

    /// An error with unprintable characters in its text.
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
    fn text_from_outside_is_escaped() {
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
