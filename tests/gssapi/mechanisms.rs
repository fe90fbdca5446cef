//! Mechanisms that protect less than was asked for.

use crate::refusals::fails;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::methods::gssapi::{Fake, LEVEL, Play, message};
use crate::support::script::{Manner, Script, proxy};
use crate::{REPLY, REQUEST, TARGET, found};
use anysocks::Stage;
use anysocks::gssapi::{Error as GssError, Flags, Level};
use anysocks::protocol::Command;

const CONFIDENTIALITY: Option<Level> = Some(Level::Confidentiality);

/// The mechanism says that it has not encrypted: the request is not sent.
#[test]
fn a_mechanism_that_does_not_encrypt() {
    let fake = Fake { is_bare: true, ..Fake::new(2) };
    let play = Play { fake, ..Play::new(2, CONFIDENTIALITY) };
    let (lines, _) = play.lines(REQUEST, |end| end.message(LEVEL, false, &[2]));
    fails(&play, &lines[..lines.len() - 1], |error| {
        assert!(matches!(found(error), GssError::NotEncrypted), "{error:?}");
    });
}

/// A mechanism without room for content in a message: the request is not sent.
#[test]
fn a_mechanism_without_room() {
    let fake = Fake { room: 0, ..Fake::new(2) };
    let play = Play { fake, ..Play::new(2, CONFIDENTIALITY) };
    let (lines, _) = play.lines(REQUEST, |end| end.message(LEVEL, false, &[2]));
    fails(&play, &lines[..lines.len() - 1], |error| {
        assert!(matches!(found(error), GssError::ContentLength), "{error:?}");
    });
}

/// Flags on which the protection depends, one by one.
#[test]
fn flags_that_are_not_granted() {
    let none = Flags::default();
    for (level, denied, is_refused) in [
        (CONFIDENTIALITY, Flags { mutual: true, ..none }, true),
        (CONFIDENTIALITY, Flags { integrity: true, ..none }, true),
        (CONFIDENTIALITY, Flags { confidentiality: true, ..none }, true),
        (CONFIDENTIALITY, Flags { replay: true, ..none }, true),
        (CONFIDENTIALITY, Flags { sequence: true, ..none }, true),
        (Some(Level::Integrity), Flags { sequence: true, ..none }, true),
        (Some(Level::Integrity), Flags { mutual: true, replay: true, ..none }, true),
        (Some(Level::Integrity), Flags { confidentiality: true, ..none }, false),
        (CONFIDENTIALITY, Flags { delegation: true, ..none }, false),
        (None, Flags { replay: true, sequence: true, ..none }, false),
        (None, Flags { mutual: true, ..none }, true),
        (None, Flags { integrity: true, ..none }, true),
    ] {
        for legs in [2, 3] {
            let fake = Fake { denied, ..Fake::new(legs) };
            let play = Play { fake, ..Play::new(legs, level) };
            let (lines, _) = play.granted(REQUEST, REPLY);
            if is_refused {
                // The level is not said.
                let token = Stage::Authentication;
                let lines = [&lines[..2], &[proxy(token, message(1, b"P1"))]].concat();
                fails(&play, &lines, |error| {
                    let GssError::FlagsMissing(missing) = found(error) else { panic!("{error:?}") };
                    assert_eq!(*missing, denied);
                });
                continue;
            }
            let auth = play.auth().prepare(Command::Connect).expect("it was prepared");
            let mut script = Script::new(&lines, b"", Manner::default());
            let dialogue = Dialogue::v5(auth, TARGET);
            (DRIVERS[0].converse)(&mut script, &mut dialogue.talk()).expect("the tunnel");
        }
    }
}
