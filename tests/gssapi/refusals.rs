//! What a proxy does wrong during the negotiation and the request.

use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::methods::gssapi::{DATA, End, LEVEL, Play, message, octet};
use crate::support::script::{Line, Manner, Script, client, proxy};
use crate::{LEVELS, PROTECTED, REPLY, REQUEST, TARGET, found};
use anysocks::gssapi::{Cause, Error as GssError, Level, Order};
use anysocks::protocol::Command;
use anysocks::{Error, ErrorKind, Stage};
use std::io;

const ABORT: [u8; 2] = [1, 0xFF];
const CONFIDENTIALITY: Option<Level> = Some(Level::Confidentiality);

/// Checks the error on each driver. The proxy's bytes come whole, and one by one.
pub(crate) fn fails(play: &Play, lines: &[Line], check: impl Fn(&Error)) {
    for driver in DRIVERS {
        for manner in [Manner::default(), Manner { crumbs: true, ..Manner::default() }] {
            let _case = Case::new(format!("{} legs on {}, {manner:?}", play.fake.legs, driver.name));
            let auth = play.auth().prepare(Command::Connect).expect("it was prepared");
            let dialogue = Dialogue::v5(auth, TARGET);
            let mut script = Script::new(lines, b"", manner);
            check(&(driver.converse)(&mut script, &mut dialogue.talk()).expect_err("no tunnel"));
        }
    }
}

fn io_kind(error: &GssError) -> io::ErrorKind {
    match error {
        GssError::Refused | GssError::LevelRefused { .. } => io::ErrorKind::PermissionDenied,
        GssError::FlagsMissing(_) => io::ErrorKind::Unsupported,
        _ => io::ErrorKind::InvalidData,
    }
}

/// The lines up to the proxy's message at this position, from 0, which this replaces.
fn replaced(lines: &[Line], position: usize, answer: impl Into<Vec<u8>>) -> Vec<Line> {
    let (mut kept, mut count) = (Vec::new(), 0);
    for line in lines {
        if let Line::Proxy(stage, _) = line {
            if count == position {
                kept.push(proxy(*stage, answer));
                return kept;
            }
            count += 1;
        }
        kept.push(line.clone());
    }
    panic!("the proxy has {count} messages")
}

/// The proxy's messages are the selection, the tokens, the level and the reply.
fn positions(play: &Play) -> usize {
    1 + play.fake.legs / 2 + 2
}

#[test]
fn aborted_at_each_place() {
    for (legs, level) in (1..=4).flat_map(|legs| PROTECTED.map(|level| (legs, level))) {
        for is_pipelined in [false, true] {
            let play = Play { is_pipelined, ..Play::new(legs, level) };
            let (lines, _) = play.granted(REQUEST, REPLY);
            for position in 1..positions(&play) {
                fails(&play, &replaced(&lines, position, ABORT), |error| {
                    assert!(matches!(found(error), GssError::Refused), "{error:?}");
                });
            }
        }
    }
}

/// An abort after the empty token, and inside of what would be a header.
#[test]
fn aborted_after_an_empty_token() {
    let play = Play::new(2, CONFIDENTIALITY);
    let (lines, _) = play.granted(REQUEST, REPLY);
    fails(&play, &replaced(&lines, 2, [&[1, 1, 0, 0][..], &ABORT].concat()), |error| {
        assert!(matches!(found(error), GssError::Refused), "{error:?}");
        assert!(format!("{error:#}").contains("refused: its log says why"), "{error:#}");
    });
}

/// Dante grants an undefined 7.
#[test]
fn another_level() {
    for level in LEVELS {
        for is_pipelined in [false, true] {
            for granted in [0, 1, 2, 3, 7, 0xFF].into_iter().filter(|granted| *granted != octet(level)) {
                let play = Play { is_pipelined, ..Play::new(2, level) };
                let (lines, _) = play.lines(REQUEST, |end| end.message(LEVEL, false, &[granted]));
                let lines = if is_pipelined { lines } else { lines[..lines.len() - 1].to_vec() };
                fails(&play, &lines, |error| {
                    assert_eq!(error.stage(), Stage::Authentication);
                    assert!(matches!(error.kind(), ErrorKind::Method(_)));
                    let GssError::LevelRefused { asked, granted: found } = *found(error) else {
                        panic!("{error:?}")
                    };
                    assert_eq!((asked, found), (octet(level), granted));
                    let text = format!("{error:#}");
                    assert!(text.contains(&format!("X'{granted:02X}'")), "{text}");
                });
            }
        }
    }
}

fn with_level(level: impl FnOnce(&mut End) -> Vec<u8>) -> (Play, Vec<Line>) {
    let play = Play::new(2, CONFIDENTIALITY);
    let (lines, _) = play.lines(REQUEST, level);
    let lines = lines[..lines.len() - 1].to_vec();
    (play, lines)
}

#[test]
fn a_level_that_is_none() {
    for len in [0, 2, 300] {
        let (play, lines) = with_level(|end| end.message(LEVEL, false, &vec![2; len]));
        fails(&play, &lines, |error| {
            assert!(matches!(found(error), GssError::LevelLength(n) if *n == len), "{error:?}");
        });
    }
    let (play, lines) = with_level(|_| message(LEVEL, b""));
    fails(&play, &lines, |error| {
        assert!(matches!(found(error), GssError::Mechanism(_)), "{error:?}");
    });
    let (play, lines) = with_level(|end| {
        let mut forged = end.message(LEVEL, false, &[2]);
        *forged.last_mut().expect("a sum") ^= 1;
        forged
    });
    fails(&play, &lines, |error| {
        let GssError::Mechanism(failure) = found(error) else { panic!("{error:?}") };
        assert_eq!((failure.cause(), failure.to_string()), (Cause::Other, "a forged token".to_owned()));
    });
    let (play, lines) = with_level(|end| {
        end.skip();
        end.message(LEVEL, false, &[2])
    });
    fails(&play, &lines, |error| {
        assert!(matches!(found(error), GssError::OutOfOrder(Order::Gap)), "{error:?}");
    });
}

/// Messages of another type than the one that is due.
#[test]
fn out_of_step() {
    let malformed = |field, byte| GssError::Malformed { field, byte };
    let unexpected = || GssError::TokenUnexpected;
    let play = Play::new(2, CONFIDENTIALITY);
    let (lines, _) = play.granted(REQUEST, REPLY);
    let empty = message(1, b"");
    for (position, answer, expected) in [
        (1, vec![5], malformed("VER", 5)),
        (1, b"H".to_vec(), malformed("VER", b'H')),
        (1, vec![1, 0], malformed("MTYP", 0)),
        (1, message(LEVEL, b"x"), malformed("MTYP", LEVEL)),
        (1, message(DATA, b"x"), malformed("MTYP", DATA)),
        (2, message(DATA, b"x"), malformed("MTYP", DATA)),
        (2, vec![0], malformed("VER", 0)),
        (2, message(1, b"P1")[..4].to_vec(), unexpected()),
        // Once is enough.
        (2, [&empty[..], &empty].concat(), unexpected()),
    ] {
        fails(&play, &replaced(&lines, position, answer.clone()), |error| {
            assert_eq!(error.stage(), Stage::Authentication);
            assert_eq!(format!("{:?}", found(error)), format!("{expected:?}"), "{answer:?}");
        });
    }
    for (answer, byte) in [(message(LEVEL, b"x"), LEVEL), (message(1, b"x"), 1)] {
        fails(&play, &replaced(&lines, 3, answer), |error| {
            assert!(matches!(error.kind(), ErrorKind::Encapsulation(_)));
            assert!(
                matches!(found(error), GssError::Malformed { field: "MTYP", byte: found } if *found == byte),
                "{error:?}"
            );
        });
    }
}

#[test]
fn another_token() {
    let play = Play::new(2, CONFIDENTIALITY);
    let (lines, _) = play.granted(REQUEST, REPLY);
    for token in [&b"P2"[..], b"", &vec![7; 65_535]] {
        fails(&play, &replaced(&lines, 1, message(1, token)), |error| {
            let GssError::Mechanism(failure) = found(error) else { panic!("{error:?}") };
            assert_eq!(failure.to_string(), "another token");
        });
    }
}

/// The reply is refused if it is not what the level demands.
#[test]
fn a_reply_that_is_not_protected() {
    for (level, is_encrypted, is_refused) in [
        (Level::Confidentiality, false, true),
        (Level::Integrity, false, false),
        // More than was asked for.
        (Level::Integrity, true, false),
    ] {
        let play = Play::new(2, Some(level));
        let (lines, mut end) = {
            let octet = octet(Some(level));
            play.lines(REQUEST, |end| end.message(LEVEL, false, &[octet]))
        };
        let reply = end.message(DATA, is_encrypted, REPLY);
        let lines = [lines, vec![proxy(Stage::Request, reply)]].concat();
        if is_refused {
            fails(&play, &lines, |error| {
                assert_eq!(error.stage(), Stage::Request);
                assert!(matches!(found(error), GssError::NotConfidential), "{error:?}");
            });
        } else {
            let auth = play.auth().prepare(Command::Connect).expect("it was prepared");
            let mut script = Script::new(&lines, b"", Manner::default());
            let dialogue = Dialogue::v5(auth, TARGET);
            (DRIVERS[0].converse)(&mut script, &mut dialogue.talk()).expect("the tunnel");
        }
    }
}

/// A reply of the proxy that refuses is in a frame.
#[test]
fn refused_in_a_frame() {
    for (level, is_pipelined) in LEVELS.into_iter().flat_map(|level| [(level, false), (level, true)]) {
        let play = Play { is_pipelined, ..Play::new(2, level) };
        let (lines, _) = play.granted(REQUEST, &[5, 4]);
        fails(&play, &lines, |error| assert_eq!(error.reply(), Some(anysocks::Reply::HOST_UNREACHABLE)));
    }
}

/// The proxy accepts no METHOD, and has the first token already.
#[test]
fn not_accepted() {
    let play = Play::new(2, CONFIDENTIALITY);
    let lines =
        [client([&[5, 1, 1][..], &message(1, b"C1")].concat()), proxy(Stage::MethodSelection, [5, 0xFF])];
    fails(&play, &lines, |error| assert!(matches!(error.kind(), ErrorKind::MethodsRefused), "{error:?}"));
}

/// Each error converts to an I/O error of a fitting kind.
#[test]
fn as_an_io_error() {
    let play = Play::new(2, CONFIDENTIALITY);
    let (lines, _) = play.granted(REQUEST, REPLY);
    let (other, others) = with_level(|end| end.message(LEVEL, false, &[7]));
    for (play, lines) in
        [(&play, replaced(&lines, 1, ABORT)), (&play, replaced(&lines, 1, [9])), (&other, others)]
    {
        let auth = play.auth().prepare(Command::Connect).expect("it was prepared");
        let mut script = Script::new(&lines, b"", Manner::default());
        let dialogue = Dialogue::v5(auth, TARGET);
        let error = (DRIVERS[0].converse)(&mut script, &mut dialogue.talk()).expect_err("no tunnel");
        let kind = io_kind(found(&error));
        let error = io::Error::from(error);
        assert_eq!(error.kind(), kind);
        assert!(GssError::of(&error).is_some());
    }
    assert!(GssError::of(&Error::method("another error")).is_none());
}
