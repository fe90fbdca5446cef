//! Each command of SOCKS5a after a negotiation: its bytes, and its reply at every split and end.

use super::{ENDS, End, bare, framed};
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::command::Command;
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::established::Established;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::socks5::silent::Silent;
use crate::protocol::socks5::{Auth, Credentials, Socks5};
use crate::protocol::target::{Host, PoolId, Target, TargetUrl, UnixName};
use std::io;

struct Row {
    command: Command,
    target: Target<'static>,
    request: &'static [u8],
    reply: &'static [u8],
    bound: &'static str,
}

const IPV4: (&[u8], &str) = (b"\x05\0\0\x01\xC0\0\x02\x07\0\x50", "192.0.2.7:80");
const IPV6: (&[u8], &str) =
    (b"\x05\0\0\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\0\0", "[2001:db8::7]:0");
const ID: (&[u8], &str) = (b"\x05\0\0\x03\x02id\0\0", "id:0");
const NOTHING: (&[u8], &str) = (b"\x05\0\0\0\0\0", "0.0.0.0:0");

fn rows() -> Vec<Row> {
    let unix = |name: &[u8]| UnixName::new(name).unwrap();
    let id = || PoolId::new([0, 0xFF]).unwrap();
    let row = |command, target: Target<'static>, request, (reply, bound)| Row {
        command,
        target,
        request,
        reply,
        bound,
    };
    vec![
        row(Command::KeepAlive, "192.0.2.1:80".parse().unwrap(), b"\x05\x04\0\0\0\0", NOTHING),
        row(Command::KeepAlive, id().into(), b"\x05\x04\0\0\0\0", IPV6),
        row(Command::DnsResolve, "a.b:0".parse().unwrap(), b"\x05\x05\0\x03\x03a.b\0\0", IPV6),
        row(Command::PoolNew, "a.b:80".parse().unwrap(), b"\x05\x06\0\x03\x03a.b\0\x50", ID),
        row(
            Command::PoolNew,
            Target::new(Host::AbstractUnix(unix(b"\xFF")), 0),
            b"\x05\x06\0\x06\x01\xFF\0\0",
            ID,
        ),
        row(Command::PoolGet, id().into(), b"\x05\x07\0\x03\x02\0\xFF\0\0", IPV4),
        row(Command::UdpAssociateExt, "0.0.0.0:0".parse().unwrap(), b"\x05\x08\0\x01\0\0\0\0\0\0", IPV4),
        row(
            Command::Connect,
            Target::url("ws://a.b/c").unwrap(),
            b"\x05\x01\0\x07\x01\0\x0Aws://a.b/c\0\x50",
            IPV4,
        ),
        row(Command::Bind, Target::new(Host::Unix(unix(b"/a")), 0), b"\x05\x02\0\x05\x02/a\0\0", IPV6),
    ]
}

fn auth(negotiated: fn() -> Negotiated) -> Auth {
    Auth::selected_method(0x80, true, move |_| Ok(Box::new(Silent { negotiated, opening: b"" })))
}

fn several(is_framed: bool) -> Auth {
    if is_framed {
        auth(|| framed().session(7_u32).several_requests())
    } else {
        auth(|| bare().session(7_u32).several_requests())
    }
}

fn carried(is_framed: bool, mark: u8, message: &[u8]) -> Vec<u8> {
    if is_framed { message.iter().flat_map(|byte| [mark, *byte]).collect() } else { message.to_vec() }
}

/// The outcome of a conversation, and the bytes that the client wrote and left.
struct Played {
    outcome: Result<Established, Error>,
    written: Vec<u8>,
    left: usize,
}

impl Played {
    fn granted(self, left: usize) -> Established {
        assert_eq!(self.left, left, "bytes behind the answer");
        self.outcome.unwrap()
    }
}

/// Plays these answers, none across the split. Each write takes at most `most` bytes.
fn play(request: &mut Socks5<'_>, answers: &[u8], split: usize, most: usize, end: End) -> Played {
    let (mut written, mut read) = (Vec::new(), 0);
    loop {
        let mut scratch = Scratch::new();
        let moved = match request.step(&mut scratch) {
            Step::Write(bytes) => {
                let n = bytes.len().min(most);
                written.extend_from_slice(&bytes[..n]);
                Ok(n)
            }
            Step::Read(_) if read == answers.len() => match end {
                End::Closed => Ok(0),
                End::Reset => Err(io::ErrorKind::ConnectionReset.into()),
                End::Timeout => {
                    return Played { outcome: Err(request.failure(ErrorKind::TimedOut)), written, left: 0 };
                }
            },
            Step::Read(buf) => {
                let until = if read < split { split.min(answers.len()) } else { answers.len() };
                let n = buf.len().min(until - read);
                buf[..n].copy_from_slice(&answers[read..read + n]);
                read += n;
                Ok(n)
            }
            Step::Done(outcome) => {
                return Played { outcome: Ok(outcome), written, left: answers.len() - read };
            }
        };
        if let Err(error) = request.report(moved) {
            return Played { outcome: Err(error), written, left: answers.len() - read };
        }
    }
}

fn negotiated(auth: &Auth) -> Established {
    play(&mut Socks5::negotiate(auth).unwrap(), b"\x05\x80", 0, usize::MAX, End::Closed).granted(0)
}

fn assert_ended(outcome: Result<Established, Error>, end: End, stage: Stage) {
    let error = outcome.unwrap_err();
    assert_eq!(error.stage(), stage);
    match (end, error.kind()) {
        (End::Closed, ErrorKind::EndedEarly { .. })
        | (End::Reset, ErrorKind::Io(_))
        | (End::Timeout, ErrorKind::TimedOut) => {}
        _ => panic!("{end:?}: {error:?}"),
    }
}

fn invalid<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Invalid {
    match outcome.unwrap_err().kind() {
        ErrorKind::Invalid(invalid) => invalid.clone(),
        kind => panic!("{kind:?}"),
    }
}

/// Nothing is requested, and nothing behind the METHOD is read.
#[test]
fn negotiations() {
    let credentials = || Credentials::new("u", "p").unwrap();
    for (auth, answers, expected) in [
        (several(false), &b"\x05\x80"[..], &b"\x05\x01\x80"[..]),
        (several(true), b"\x05\x80", b"\x05\x01\x80"),
        (Auth::none(), b"\x05\0", b"\x05\x01\0"),
        (Auth::password_only(credentials()), b"\x05\x02\x01\0", b"\x05\x01\x02\x01\x01u\x01p"),
    ] {
        let behind = [answers, b"behind"].concat();
        for split in 0..=answers.len() {
            for most in [1, usize::MAX] {
                let played = play(&mut Socks5::negotiate(&auth).unwrap(), &behind, split, most, End::Closed);
                assert_eq!(played.written, expected);
                assert_eq!(played.granted(6).bound.to_string(), "0.0.0.0:0");
            }
        }
        for end in ENDS {
            for len in 0..answers.len() {
                let played =
                    play(&mut Socks5::negotiate(&auth).unwrap(), &answers[..len], 0, usize::MAX, end);
                let stage = if len < 2 { Stage::MethodSelection } else { Stage::Authentication };
                assert_ended(played.outcome, end, stage);
            }
        }
        assert_eq!(invalid(Socks5::negotiate(&auth.pipelined(true))), Invalid::NotPipelinable);
    }
}

/// All of them in a row, on one connection.
#[test]
fn every_split() {
    for is_framed in [false, true] {
        let auth = several(is_framed);
        for split in 0..50 {
            for most in [1, usize::MAX] {
                let mut earlier = negotiated(&auth);
                for row in rows() {
                    let mut next = Socks5::after(earlier, row.command, row.target).unwrap();
                    let mut answers = carried(is_framed, b'<', row.reply);
                    answers.extend(b"behind");
                    let played = play(&mut next, &answers, split, most, End::Closed);
                    assert_eq!(played.written, carried(is_framed, b'>', row.request), "{:?}", row.command);
                    earlier = played.granted(6);
                    assert_eq!(earlier.bound.to_string(), row.bound, "{:?} split at {split}", row.command);
                    assert_eq!(earlier.session(), Some(&7_u32));
                }
            }
        }
    }
}

#[test]
fn every_truncation() {
    for is_framed in [false, true] {
        let auth = several(is_framed);
        for row in rows() {
            let reply = carried(is_framed, b'<', row.reply);
            for end in ENDS {
                for len in 0..reply.len() {
                    let mut next =
                        Socks5::after(negotiated(&auth), row.command, row.target.borrowed()).unwrap();
                    let played = play(&mut next, &reply[..len], 0, usize::MAX, end);
                    assert_ended(played.outcome, end, Stage::Request);
                }
            }
        }
    }
}

/// Each as the first request, behind a greeting.
#[test]
fn as_the_first_request() {
    for is_framed in [false, true] {
        let auth = several(is_framed);
        for row in rows() {
            let answers = [b"\x05\x80", &*carried(is_framed, b'<', row.reply)].concat();
            for split in 0..answers.len() {
                let mut first = Socks5::new(&auth, row.command, row.target.borrowed()).unwrap();
                let played = play(&mut first, &answers, split, usize::MAX, End::Closed);
                let expected = [b"\x05\x01\x80", &*carried(is_framed, b'>', row.request)].concat();
                assert_eq!(played.written, expected);
                assert_eq!(played.granted(0).bound.to_string(), row.bound);
            }
        }
    }
}

/// Without the dialect, only the requests of RFC 1928 are carried.
#[test]
fn without_the_dialect() {
    let plain = auth(|| Negotiated::nothing().several_requests());
    for row in rows() {
        let after = Socks5::after(negotiated(&plain), row.command, row.target.borrowed());
        assert_eq!(invalid(after), Invalid::NeedsSocks5a);
        let unoffered = Auth::none();
        let first = Socks5::new(&unoffered, row.command, row.target.borrowed());
        assert_eq!(invalid(first), Invalid::NeedsSocks5a);
        // The METHOD is known only when the proxy has selected it.
        let mut first = Socks5::new(&plain, row.command, row.target).unwrap();
        let played = play(&mut first, b"\x05\x80", 0, usize::MAX, End::Closed);
        let error = played.outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NeedsSocks5a { method: 0x80 }), "{error:?}");
        assert_eq!(played.written, b"\x05\x01\x80");
    }
    let url = || Target::from(TargetUrl::new("ws://a.b/c").unwrap().with_fallback());
    let request = b"\x05\x01\0\x03\x03a.b\0\x50";
    let mut after = Socks5::after(negotiated(&plain), Command::Connect, url()).unwrap();
    assert_eq!(play(&mut after, IPV4.0, 0, usize::MAX, End::Closed).written, request);
    let mut first = Socks5::new(&plain, Command::Connect, url()).unwrap();
    let answers = [b"\x05\x80", IPV4.0].concat();
    let written = play(&mut first, &answers, 0, usize::MAX, End::Closed).written;
    assert_eq!(written, [b"\x05\x01\x80", &request[..]].concat());
}

#[test]
fn requests_that_can_not_be_made() {
    let auth = several(false);
    for (command, target) in [
        (Command::DnsResolve, Target::try_from("192.0.2.1:0").unwrap()),
        (Command::DnsResolve, Target::unix("/a").unwrap()),
        (Command::DnsResolve, Target::url("ws://a.b").unwrap()),
        (Command::PoolGet, Target::try_from("id:0").unwrap()),
        (Command::PoolNew, PoolId::new("id").unwrap().into()),
        (Command::Connect, PoolId::new("id").unwrap().into()),
        (Command::Resolve, Target::unix("/a").unwrap()),
        (Command::ResolvePtr, Target::url("ws://a.b").unwrap()),
    ] {
        let expected = Invalid::TargetOfCommand(command.name());
        let after = Socks5::after(negotiated(&auth), command, target.borrowed());
        assert_eq!(invalid(after), expected);
        assert_eq!(invalid(Socks5::new(&auth, command, target)), expected);
    }
    let one = self::auth(bare);
    let any = Target::try_from("192.0.2.1:80").unwrap();
    assert_eq!(invalid(Socks5::after(negotiated(&one), Command::KeepAlive, any)), Invalid::OneRequest);
}
