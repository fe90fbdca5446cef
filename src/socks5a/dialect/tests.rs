//! Refusals through a whole handshake, in records, at every split and cut.

use crate::error::{Error, ErrorKind, RefusalDetails};
use crate::protocol::command::Command;
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::reply::Reply;
use crate::protocol::socks5::Socks5;
use crate::protocol::target::Target;
use crate::socks5a::crypto::{self, Mac};
use crate::socks5a::record::On;
use crate::socks5a::vectors::case;
use crate::socks5a::{Obfuscation, Psk, Tol};
use std::io;

#[derive(Clone, Copy, Debug)]
enum End {
    Closed,
    Reset,
    Timeout,
}

/// The error of this reply, in records of at most `split` bytes.
fn refused(reply: &[u8], split: usize, end: End) -> Error {
    let auth = Tol::new(Obfuscation::None).psk(Psk::new([7; 16]).unwrap()).auth().unwrap();
    let target = Target::try_from("192.0.2.1:80").unwrap();
    let mut request = Socks5::new(&auth, Command::Connect, target).unwrap();
    let mac = Mac::new(&*crypto::tol_key(&[7; 16]));
    let mut answers = vec![5, 0x81];
    for part in reply.chunks(split) {
        On::Stream.put(&mac, 1, |_| Ok(()), part, &mut answers).unwrap();
    }
    let mut answers = &answers[..];
    loop {
        let moved = match request.step(&mut Scratch::new()) {
            Step::Write(bytes) => Ok(bytes.len()),
            Step::Read(_) if answers.is_empty() => match end {
                End::Closed => Ok(0),
                End::Reset => Err(io::ErrorKind::ConnectionReset.into()),
                End::Timeout => return request.failure(ErrorKind::TimedOut),
            },
            Step::Read(room) => {
                let n = room.len().min(answers.len());
                room[..n].copy_from_slice(&answers[..n]);
                answers = &answers[n..];
                Ok(n)
            }
            Step::Done(_) => panic!("granted"),
        };
        if let Err(error) = request.report(moved) {
            return error;
        }
    }
}

fn details(error: &Error, code: u8) -> Option<&RefusalDetails> {
    assert_eq!(error.reply(), Some(Reply::V5(code)));
    let ErrorKind::RefusedExtended { details, .. } = error.kind() else { panic!("{error:?}") };
    details.as_ref()
}

const ENDS: [End; 3] = [End::Closed, End::Reset, End::Timeout];

#[test]
fn the_vectors() {
    let vectors = case("reply 0A with details");
    let reply = vectors.bytes("reply");
    for split in 1..=reply.len() {
        let error = refused(&reply, split, End::Closed);
        let found = details(&error, 0x0A).unwrap();
        assert_eq!((found.code, &*found.message), (1, vectors.text("details_utf8")));
        let text = "request refused: rate limit exceeded (X'0A', detail 1): Rate limit: 100/h";
        assert_eq!((error.to_string(), error.is_retryable()), (text.to_owned(), true));
    }
    let reply = case("reply 0F without details").bytes("reply");
    for split in 1..=reply.len() {
        let error = refused(&reply, split, End::Timeout);
        assert_eq!(details(&error, 0x0F), None);
        assert_eq!(error.to_string(), "request refused: permission denied (X'0F')");
    }
}

#[test]
fn a_code_is_never_hidden() {
    let reply = case("reply 0A with details").bytes("reply");
    for end in ENDS {
        for len in 2..reply.len() {
            assert_eq!(details(&refused(&reply[..len], 1, end), 0x0A), None, "{end:?}, {len}");
        }
    }
}

/// These end at once, although more could come.
#[test]
fn no_details() {
    for behind in [
        &b"\0\x01\0\0"[..],
        b"\0\x01\0\x01",
        b"\0\x01\x04\x03",
        b"\0\x01\x7F\0\0\x01\x04\x38",
        b"\0\0\0\0",
        b"\0\x04\0\x05",
        b"\0\x03\0\x05",
        b"\0\x03",
    ] {
        let error = refused(&[b"\x05\x0C", behind].concat(), 1, End::Timeout);
        assert_eq!(details(&error, 0x0C), None, "{behind:?}");
        assert!(error.is_retryable());
    }
}

#[test]
fn all_codes() {
    for code in 1..=0xFF {
        let reply = [5, code, 0, 1, 0, 3, 0, 7, b'?'];
        let error = refused(&reply, 4, End::Closed);
        if (0x09..=0x10).contains(&code) {
            assert_eq!(details(&error, code).map(|details| details.code), Some(7));
        } else {
            assert!(matches!(error.kind(), ErrorKind::Refused(Reply::V5(c)) if *c == code), "{error:?}");
        }
    }
}

#[test]
fn messages() {
    let of = |message: &[u8]| {
        let [high, low] = u16::try_from(2 + message.len()).unwrap().to_be_bytes();
        refused(&[&[5, 0x0E, 0, 1, high, low, 0xFF, 0xFF], message].concat(), 9, End::Closed)
    };
    for (message, expected, shown) in [
        (&b""[..], "", ""),
        (b"a\x1B[2J\n", r"a\u{1b}[2J\n", r"a\u{1b}[2J\n"),
        (b"\xFF", "\u{FFFD}", "\u{FFFD}"),
    ] {
        let error = of(message);
        assert_eq!(details(&error, 0x0E).unwrap().message, expected);
        let text = error.to_string();
        let start = "request refused: the network's configuration has a problem (X'0E', detail 65535): ";
        assert_eq!(text.strip_prefix(start), Some(shown), "{text}");
    }
    let longest = of(&[b'x'; 1024]);
    assert_eq!(details(&longest, 0x0E).unwrap().message.len(), 1024);
}
