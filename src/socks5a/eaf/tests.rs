//! EAF as the METHOD of a whole handshake.

use super::*;
use crate::protocol::command::Command;
use crate::protocol::established::Established;
use crate::protocol::socks5::{Credentials, Socks5};
use crate::protocol::target::Target;
use crate::socks5a::crypto::{self, Mac};
use crate::socks5a::{Obfuscation, Sequence, Session, Tol, message};
use std::time::SystemTime;

const PSK: [u8; 16] = [7; 16];

fn eaf(factor: Factor) -> Eaf {
    Eaf::new(Psk::new(PSK).unwrap(), factor)
}

fn token() -> Factor {
    Factor::token("t").unwrap()
}

/// The first message with the factor `token`: HEADER, AUTH, capabilities, context, HMAC.
const FIRST: usize = 5 + 4 + 7 + 27 + 32;

/// A Result for the client that has written these bytes.
fn result(written: &[u8], more: &[u8]) -> Vec<u8> {
    let first = &written[written.len() - FIRST..];
    let nonce = &first[5 + 4 + 7 + 3 + 8..][..16];
    let metadata = [&b"\x04\x00\x18\0\0\0\0\x69\x80\x0E\x81"[..], nonce, more].concat();
    message::seal(&Mac::new(&*crypto::server_key(&PSK)), &[5, 0], &metadata).unwrap().to_vec()
}

/// What a proxy sends when the client has written this many bytes more.
type Answer<'a> = (usize, &'a dyn Fn(&[u8]) -> Vec<u8>);

/// Plays a handshake. Returns all that the client has written, too.
fn play(request: &mut Socks5<'_>, answers: &[Answer<'_>]) -> (Vec<u8>, Result<Established, crate::Error>) {
    let (mut written, mut pending, mut next, mut since) = (Vec::new(), Vec::new(), answers.iter(), 0);
    let mut waiting = next.next();
    loop {
        while let Some((len, answer)) = waiting.filter(|(len, _)| *len <= since) {
            since -= len;
            pending.extend(answer(&written));
            waiting = next.next();
        }
        let n = match request.step(&mut Scratch::new()) {
            Step::Write(bytes) => {
                written.extend(bytes);
                since += bytes.len();
                bytes.len()
            }
            Step::Read(room) => {
                let n = room.len().min(pending.len());
                room[..n].copy_from_slice(&pending[..n]);
                pending.drain(..n);
                n
            }
            Step::Done(established) => return (written, Ok(established)),
        };
        if let Err(error) = request.advance(n) {
            return (written, Err(error));
        }
    }
}

fn connect(auth: &Auth, answers: &[Answer<'_>]) -> (Vec<u8>, Result<Established, crate::Error>) {
    let target = Target::try_from("192.0.2.1:80").unwrap();
    play(&mut Socks5::new(auth, Command::Connect, target).unwrap(), answers)
}

fn found(outcome: Result<Established, crate::Error>) -> String {
    format!("{:?}", Error::of(&outcome.unwrap_err()).unwrap())
}

const GRANTED: &[u8] = b"\x05\0\0\x01\xC0\0\x02\x07\0\x50";
const REQUEST: &[u8] = b"\x05\x01\0\x01\xC0\0\x02\x01\0\x50";

#[test]
fn a_connection() {
    let auth = eaf(token()).auth();
    let answers: [Answer<'_>; 4] = [
        (3, &|_| vec![5, EAF]),
        (1, &|_| vec![1]),
        (FIRST, &|written| result(written, b"\x05\0\x02#!")),
        (10, &|_| GRANTED.to_vec()),
    ];
    let (written, outcome) = connect(&auth, &answers);
    assert_eq!(written[..4], [5, 1, EAF, 1]);
    assert_eq!(written[4 + FIRST..], *REQUEST);
    let established = outcome.unwrap();
    let session: &Session = established.session().unwrap();
    assert_eq!((session.methods(), session.parameters()), (&[EAF][..], Some(&b"#!"[..])));
    assert!(session.server_time() > Some(SystemTime::UNIX_EPOCH));
    assert!(!format!("{session:?}").contains("#!"), "{session:?}");
    // The proxy takes further requests.
    let target = Target::try_from("192.0.2.1:80").unwrap();
    let mut next = Socks5::after(established, Command::Connect, target).unwrap();
    let (written, outcome) = play(&mut next, &[(10, &|_| b"\x05\x10\0\x01\0\x03\0\x01!".to_vec())]);
    assert_eq!(written, REQUEST);
    let error = outcome.unwrap_err();
    let ErrorKind::RefusedExtended { details: Some(details), .. } = error.kind() else { panic!("{error}") };
    assert_eq!((details.code, &*details.message, error.is_retryable()), (1, "!", true));
}

#[test]
fn what_is_offered_beside_it() {
    let tol = || Tol::new(Obfuscation::None).psk(Psk::new(PSK).unwrap()).auth().unwrap();
    let sequence = || Sequence::new().then(Credentials::new("u", "p").unwrap()).unwrap().auth().unwrap();
    for (others, expected) in [(vec![], 0), (vec![tol()], 1), (vec![tol(), sequence()], 3)] {
        let auth = others.into_iter().try_fold(eaf(token()).auth(), Auth::or).unwrap();
        let (_, of_greeting) = connect(&auth, &[]);
        assert!(of_greeting.is_err());
        let answers: [Answer<'_>; 2] = [(3, &|_| vec![5, EAF]), (1, &|_| vec![1])];
        let (written, _) = connect(&auth, &answers);
        let first = &written[written.len() - FIRST..];
        assert_eq!(first[5 + 4..][..7], [2, 0, 4, 0, 0, expected, 0x10]);
    }
}

#[test]
fn a_sequence_is_announced_outside_of_one() {
    for (at, control) in [(0, b"\x06\0\x01\x00"), (0x81, b"\x06\0\x01\x81")] {
        let answers: [Answer<'_>; 3] =
            [(3, &|_| vec![5, EAF]), (1, &|_| vec![1]), (FIRST, &|written| result(written, control))];
        let (written, outcome) = connect(&eaf(token()).auth(), &answers);
        assert_eq!(written.len(), 4 + FIRST, "no request");
        assert_eq!(found(outcome), format!("ControlUnexpected({at})"));
    }
}

#[test]
fn a_code_that_fails_is_not_sent() {
    for (factor, expected) in [
        (Factor::code(|_| Err("no device".into())), "CodeSource(\"no device\")"),
        (Factor::code(|_| Ok(String::new())), "SecretEmpty"),
        (Factor::code(|_| Ok("1 2".into())), "CodeDigits"),
        (Factor::code(|_| Ok("1".repeat(65_533))), "FactorTooLong(65536)"),
    ] {
        let sequence = Sequence::new().then(eaf(factor.clone())).unwrap().auth().unwrap();
        let (_, outcome) = connect(&sequence, &[(3, &|_| vec![5, SEQUENCE, 5, EAF])]);
        assert_eq!(outcome.as_ref().err().unwrap().stage(), Stage::Preparation);
        assert_eq!(found(outcome), expected);
        let (written, outcome) = connect(&eaf(factor).auth(), &[(3, &|_| vec![5, EAF])]);
        assert_eq!(written, [5, 1, EAF]);
        let error = outcome.as_ref().err().unwrap();
        assert_eq!(error.stage(), Stage::Preparation);
        assert!(!error.is_worth_another_proxy(), "{error:?}");
        assert_eq!(found(outcome), expected);
    }
}

#[test]
fn mistakes() {
    let error = |error: crate::Error| {
        assert_eq!(error.stage(), Stage::Preparation);
        format!("{:?}", Error::of(&error).unwrap())
    };
    let long = "i".repeat(256);
    assert_eq!(error(eaf(token()).identity(&long).unwrap_err()), "IdentityTooLong(256)");
    assert!(eaf(token()).identity(&long[1..]).is_ok());
    assert_eq!(error(Psk::new([7; 15]).unwrap_err()), "PskTooShort(15)");
    assert_eq!(error(Tol::new(Obfuscation::None).auth().unwrap_err()), "KeyMissing");
    assert_eq!(error(Sequence::new().auth().unwrap_err()), "SequenceEmpty");
    let twice = Sequence::new().then(eaf(token())).unwrap().optionally(eaf(token()));
    assert_eq!(error(twice.unwrap_err()), "MemberTwice(128)");
    let shown = format!("{:?}", eaf(token()).identity("alice").unwrap());
    assert!(shown.contains("alice") && shown.contains("[redacted]"), "{shown}");
}

/// EAF, then TOL, then nothing: as `Auth` of a whole handshake.
#[test]
fn a_sequence() {
    let sequence = Sequence::new().then(eaf(token())).unwrap();
    let sequence = sequence.optionally(Credentials::new("u", "p").unwrap()).unwrap();
    let answers: [Answer<'_>; 5] = [
        (3, &|_| vec![5, SEQUENCE, 5, EAF]),
        (1, &|_| vec![1]),
        (FIRST, &|written| [&result(written, b"\x06\0\x01\x02")[..], &[5, 2]].concat()),
        (5, &|_| vec![1, 0, 5, 0]),
        (10, &|_| GRANTED.to_vec()),
    ];
    let (written, outcome) = connect(&sequence.auth().unwrap(), &answers);
    assert_eq!(written[..3], [5, 1, SEQUENCE]);
    let established = outcome.unwrap();
    assert_eq!(established.session::<Session>().unwrap().methods(), [EAF, 2]);
}
