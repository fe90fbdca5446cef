//! Handshakes in records as transcripts, on every driver, over streams with every behaviour.

use crate::records::record;
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::script::{Line, Manner, Script, client, proxy};
use crate::{REPLY, REQUEST, TARGET, auth};
use anysocks::protocol::Established;
use anysocks::socks5a::{Error as S5aError, Obfuscation, Session};
use anysocks::{Error, ErrorKind, Reply, Stage};

/// The lines of a handshake with these records in the place of the reply.
fn lines(answer: &[u8]) -> Vec<Line> {
    vec![
        client([5, 1, 0x81]),
        proxy(Stage::MethodSelection, [5, 0x81]),
        client(record(0, b"", REQUEST)),
        proxy(Stage::Request, answer),
    ]
}

fn each(answer: &[u8], manner: Manner, check: impl Fn(&Script, Result<Established, Error>)) {
    for driver in DRIVERS {
        let _case = Case::new(format!("{} with {manner:?}", driver.name));
        let script = Script::new(&lines(answer), b"banner", manner).guarded(2 + answer.len());
        let dialogue = Dialogue::v5(auth(Obfuscation::None), TARGET);
        let outcome = (driver.converse)(&mut script.clone(), &mut dialogue.talk());
        check(&script, outcome);
    }
}

/// The reply in records of every type, with some without content around it.
#[test]
fn through_every_stream() {
    let (first, second) = REPLY.split_at(5);
    let timing = b"\0\x05\0\x32\x01\0\0\0";
    for answer in [
        record(0, b"", REPLY),
        record(1, &[9; 255], REPLY),
        [record(3, b"", b""), record(2, timing, first), record(4, timing, b""), record(3, b"", second)]
            .concat(),
    ] {
        for manner in Manner::each(2 + answer.len()) {
            each(&answer, manner, |script, outcome| {
                let established = outcome.expect("the tunnel");
                assert_eq!(established.bound.to_string(), "xyz:12345");
                assert!(established.frames().is_some());
                let session: &Session = established.session().expect("a session");
                assert_eq!((session.methods(), session.identity()), (&[0x81][..], None));
                assert_eq!(script.state().unread(), b"banner");
            });
        }
    }
}

#[test]
fn ended_at_every_byte() {
    let answer = [record(3, b"", b""), record(1, b"pad", REPLY)].concat();
    for end in 0..2 + answer.len() {
        each(&answer, Manner { end: Some(end), ..Manner::default() }, |_, outcome| {
            let error = outcome.expect_err("half a handshake");
            let stage = if end < 2 { Stage::MethodSelection } else { Stage::Request };
            assert_eq!(error.stage(), stage);
            assert!(matches!(error.kind(), ErrorKind::EndedEarly { .. }), "{error:?}");
        });
    }
}

#[test]
fn a_reply_that_is_forged() {
    let whole = record(1, b"pad", REPLY);
    for at in 0..whole.len() {
        // Other lengths are waited for.
        if (3..4).contains(&at) || (7..9).contains(&at) {
            continue;
        }
        let mut forged = whole.clone();
        forged[at] ^= 0x80;
        each(&forged, Manner::default(), |_, outcome| {
            let error = outcome.expect_err("a forged reply");
            assert!(matches!(error.kind(), ErrorKind::Encapsulation(_)), "{error:?}");
            let found = S5aError::of(&error).expect("an error of SOCKS5a");
            let is_type = matches!(found, S5aError::RecordType(0x81)) && at == 2;
            assert!(is_type || matches!(found, S5aError::Signature), "{at}: {found:?}");
        });
    }
}

/// A refusal and its details in two records, and cut at each byte: the code is always known.
#[test]
fn details() {
    let refusal = b"\x05\x0A\x00\x01\x00\x13\x00\x01Rate limit: 100/h";
    let code = record(0, b"", &refusal[..2]);
    let answer = [&code[..], &record(3, b"", b""), &record(0, b"", &refusal[2..])].concat();
    for manner in Manner::each(2 + answer.len()) {
        each(&answer, manner, |_, outcome| {
            let error = outcome.expect_err("a refusal");
            assert!(error.to_string().ends_with("(X'0A', detail 1): Rate limit: 100/h"), "{error}");
            assert!(error.is_retryable());
        });
    }
    for end in 2 + code.len()..2 + answer.len() {
        each(&answer, Manner { end: Some(end), ..Manner::default() }, |_, outcome| {
            let error = outcome.expect_err("a refusal");
            assert_eq!(error.reply(), Some(Reply::RATE_LIMITED));
            assert!(matches!(error.kind(), ErrorKind::RefusedExtended { details: None, .. }), "{error:?}");
        });
    }
}
