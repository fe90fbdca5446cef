//! A dialect of SOCKS5a, with details behind some refusals, and the replies of `KEEP_ALIVE`.

mod commands;

use super::{Dialect, LONGEST_REFUSAL, refused};
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::command::Command;
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::encapsulation::{Encapsulation, Extent, FrameError, Open, Seal};
use crate::protocol::established::Established;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::reply::Reply;
use crate::protocol::second_reply::SecondReply;
use crate::protocol::socks5::silent::Silent;
use crate::protocol::socks5::{Auth, Socks5};
use crate::protocol::target::Target;
use crate::protocol::version::V5;
use std::io;
use std::ops::Range;

static DIALECT: Dialect = Dialect { is_socks5a: true, missing, refusal };

/// `ATYP 01 | LEN(2) | DETAILS` behind the code 0A.
fn missing(reply: &[u8]) -> usize {
    match *reply {
        [_, 0x0A, ref rest @ ..] if rest.len() < 4 => 4 - rest.len(),
        [_, 0x0A, _, 1, high, low, ref rest @ ..] => {
            usize::from(u16::from_be_bytes([high, low])).saturating_sub(rest.len())
        }
        _ => 0,
    }
}

fn refusal(reply: &[u8]) -> ErrorKind {
    match (reply[1], reply.get(6..)) {
        (0x0A, details) => {
            ErrorKind::Rule(String::from_utf8_lossy(details.unwrap_or_default()).into_owned().into())
        }
        _ => refused(reply),
    }
}

fn bare() -> Negotiated {
    Negotiated { dialect: Some(&DIALECT), ..Negotiated::nothing() }
}

fn framed() -> Negotiated {
    Negotiated { frames: Some(Encapsulation::new(Pairs, Pairs).into()), ..bare() }
}

/// Frames of two bytes: a mark, and one byte of content.
struct Pairs;

impl Seal for Pairs {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        frames.extend([b'>', plain[0]]);
        Ok(1)
    }
}

impl Open for Pairs {
    fn extent(&self, _: &[u8]) -> Extent {
        Extent::Exactly(2)
    }

    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        if frame[0] == b'<' { Ok(1..2) } else { Err("a frame of another peer".into()) }
    }
}

/// The end of what the proxy sends.
#[derive(Clone, Copy, Debug)]
enum End {
    Closed,
    Reset,
    Timeout,
}

const ENDS: [End; 3] = [End::Closed, End::Reset, End::Timeout];

/// Plays these answers, none across the split. Returns the outcome and the bytes that are left.
fn play<C: Conversation>(
    conversation: &mut C,
    mut answers: &[u8],
    split: usize,
    end: End,
) -> (Result<C::Outcome, Error>, usize) {
    let mut split = split.min(answers.len());
    loop {
        let mut scratch = Scratch::new();
        let moved = match conversation.step(&mut scratch) {
            Step::Write(bytes) => Ok(bytes.len()),
            Step::Read(_) if answers.is_empty() => match end {
                End::Closed => Ok(0),
                End::Reset => Err(io::ErrorKind::ConnectionReset.into()),
                End::Timeout => return (Err(conversation.failure(ErrorKind::TimedOut)), 0),
            },
            Step::Read(buf) => {
                let most = if split == 0 { answers.len() } else { split };
                let n = buf.len().min(most);
                buf[..n].copy_from_slice(&answers[..n]);
                answers = &answers[n..];
                split -= split.min(n);
                Ok(n)
            }
            Step::Done(outcome) => return (Ok(outcome), answers.len()),
        };
        if let Err(error) = conversation.report(moved) {
            return (Err(error), answers.len());
        }
    }
}

/// Plays a reply behind the selection, or as BIND's second reply, in frames or plain.
fn reply(
    reply: &[u8],
    [framed, second]: [bool; 2],
    split: usize,
    end: End,
) -> (Result<Established, Error>, usize) {
    let negotiated = if framed { self::framed } else { bare };
    let auth = Auth::method(0x80, move |_| Ok(Box::new(Silent { negotiated, opening: b"" }))).unwrap();
    let target = Target::try_from("192.0.2.1:80").unwrap();
    let mut request = Socks5::new(&auth, Command::Bind, target).unwrap();
    let carried = |reply: &[u8]| -> Vec<u8> {
        if framed { reply.iter().flat_map(|byte| [b'<', *byte]).collect() } else { reply.to_vec() }
    };
    if !second {
        return play(&mut request, &[b"\x05\x80", &*carried(reply)].concat(), split, end);
    }
    let first = [b"\x05\x80", &*carried(b"\x05\0\0\x01\0\0\0\0\x1F\x90")].concat();
    let (first, left) = play(&mut request, &first, 0, end);
    assert_eq!(left, 0);
    let first = first.unwrap();
    assert_eq!(first.bound.to_string(), "0.0.0.0:8080");
    play(&mut SecondReply::<V5>::after(first), &carried(reply), split, end)
}

/// In frames and plain, as the first reply and as the second, at every split.
fn everywhere(bytes: &[u8], check: impl Fn([bool; 2], usize)) {
    for kind in [[false, false], [false, true], [true, false], [true, true]] {
        for split in 0..2 + 2 * bytes.len() {
            check(kind, split);
        }
    }
}

#[test]
fn every_reply_is_read_to_its_end() {
    for (bytes, bound) in [
        (&b"\x05\0\0\x01\xC0\0\x02\x07\0\x50"[..], "192.0.2.7:80"),
        (b"\x05\0\0\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\0\x50", "[2001:db8::7]:80"),
        (b"\x05\0\0\x03\0\0\x50", ":80"),
        (b"\x05\0\0\x03\x01a\0\x50", "a:80"),
        (b"\x05\0\0\x03\x09a.example\0\x50", "a.example:80"),
    ] {
        let behind = [bytes, b"behind"].concat();
        everywhere(bytes, |[framed, second], split| {
            let (established, left) = reply(&behind, [framed, second], split, End::Closed);
            assert_eq!(established.unwrap().bound.to_string(), bound, "split at {split}");
            assert_eq!(left, if framed { 12 } else { 6 }, "{bound} split at {split}");
        });
    }
}

/// Replies to `KEEP_ALIVE` after a negotiation, in frames or plain.
fn keep_alive(reply: &[u8], framed: bool, split: usize) -> (Result<Established, Error>, usize) {
    let negotiated = if framed { || self::framed().several_requests() } else { || bare().several_requests() };
    let auth = Auth::method(0x80, move |_| Ok(Box::new(Silent { negotiated, opening: b"" }))).unwrap();
    let (negotiated, left) = play(&mut Socks5::negotiate(&auth).unwrap(), b"\x05\x80", 0, End::Closed);
    assert_eq!(left, 0);
    let any = Target::try_from("192.0.2.1:80").unwrap();
    let mut request = Socks5::after(negotiated.unwrap(), Command::KeepAlive, any).unwrap();
    let carried: Vec<u8> =
        if framed { reply.iter().flat_map(|byte| [b'<', *byte]).collect() } else { reply.to_vec() };
    play(&mut request, &carried, split, End::Closed)
}

/// The shortest has six bytes. Nothing behind any of them is read.
#[test]
fn every_reply_to_keep_alive_is_read_to_its_end() {
    for (bytes, bound) in [
        (&b"\x05\0\0\0\0\x50"[..], "0.0.0.0:80"),
        (b"\x05\0\0\x01\xC0\0\x02\x07\0\x50", "192.0.2.7:80"),
        (b"\x05\0\0\x03\0\0\x50", ":80"),
        (b"\x05\0\0\x03\x01a\0\x50", "a:80"),
        (b"\x05\0\0\x03\x09a.example\0\x50", "a.example:80"),
        (b"\x05\0\0\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\0\x50", "[2001:db8::7]:80"),
    ] {
        for (framed, split) in
            [false, true].into_iter().flat_map(|framed| (0..44).map(move |at| (framed, at)))
        {
            let (established, left) = keep_alive(&[bytes, b"behind"].concat(), framed, split);
            assert_eq!(established.unwrap().bound.to_string(), bound, "split at {split}");
            assert_eq!(left, if framed { 12 } else { 6 }, "{bound} split at {split}");
        }
        let (cut, _) = keep_alive(&bytes[..bytes.len() - 1], false, 0);
        assert!(matches!(cut.unwrap_err().kind(), ErrorKind::EndedEarly { .. }));
    }
}

#[test]
fn other_replies_have_an_address() {
    everywhere(b"\x05\0\0\0\0\x50", |[framed, second], split| {
        let (malformed, _) = reply(b"\x05\0\0\0\0\x50\0", [framed, second], split, End::Closed);
        assert!(matches!(malformed.unwrap_err().kind(), ErrorKind::Malformed { field: "ATYP", byte: 0 }));
    });
}

const REFUSAL: &[u8] = b"\x05\x0A\0\x01\0\x04busy";

fn details(error: &Error, second: bool) -> String {
    assert_eq!(error.stage(), if second { Stage::SecondReply } else { Stage::Request });
    match error.kind() {
        ErrorKind::Rule(details) => details.to_string(),
        _ => panic!("{error:?}"),
    }
}

#[test]
fn details_are_read_to_their_end() {
    let behind = [REFUSAL, b"behind"].concat();
    everywhere(REFUSAL, |[framed, second], split| {
        let (refused, left) = reply(&behind, [framed, second], split, End::Closed);
        assert_eq!(details(&refused.unwrap_err(), second), "busy");
        assert_eq!(left, if framed { 12 } else { 6 }, "split at {split}");
    });
}

#[test]
fn a_known_code_is_never_hidden() {
    for end in ENDS {
        for received in 2..REFUSAL.len() {
            everywhere(b"", |kind, _| {
                let (refused, _) = reply(&REFUSAL[..received], kind, 0, end);
                let expected = String::from_utf8_lossy(REFUSAL[..received].get(6..).unwrap_or_default());
                assert_eq!(details(&refused.unwrap_err(), kind[1]), expected, "{end:?} after {received}");
            });
        }
    }
}

/// Without a code, and with one that has no details, nothing changes.
#[test]
fn other_ends_are_reported_as_such() {
    for end in ENDS {
        everywhere(b"", |kind, _| {
            let (failed, _) = reply(b"\x05", kind, 0, end);
            let failed = failed.unwrap_err();
            match (end, failed.kind()) {
                (End::Closed, ErrorKind::EndedEarly { .. })
                | (End::Reset, ErrorKind::Io(_))
                | (End::Timeout, ErrorKind::TimedOut) => {}
                _ => panic!("{end:?}: {failed:?}"),
            }
            let (refused, _) = reply(b"\x05\x05", kind, 0, end);
            assert_eq!(refused.unwrap_err().reply().map(Reply::code), Some(5));
        });
    }
}

#[test]
fn details_are_bounded() {
    let long = [&b"\x05\x0A\0\x01\xFF\xFF"[..], &vec![b'x'; 0xFFFF]].concat();
    let (refused, left) = reply(&long, [false; 2], 0, End::Closed);
    assert_eq!(details(&refused.unwrap_err(), false).len(), LONGEST_REFUSAL - 6);
    assert_eq!(left, long.len() - LONGEST_REFUSAL);
}
