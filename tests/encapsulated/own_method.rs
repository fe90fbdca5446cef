//! A custom METHOD: its sub-negotiation on every driver, with and without an encapsulation.

use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::script::{Line, Manner, Script, client, proxy};
use crate::support::toy::{self, Level};
use anysocks::{Auth, Error, ErrorKind, Stage};

const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
const REPLY: &[u8] = b"\x05\x00\x00\x03\x03xyz\x30\x39";

fn dialogue() -> Dialogue {
    Dialogue::v5(toy::auth(), "a.b:80")
}

fn lines(level: Level) -> Vec<Line> {
    toy::connection(level, REQUEST, REPLY)
}

fn answers(lines: &[Line]) -> Vec<(Stage, usize)> {
    let answer =
        |line: &Line| if let Line::Proxy(stage, bytes) = line { Some((*stage, bytes.len())) } else { None };
    lines.iter().filter_map(answer).collect()
}

/// Each manner that a stream can have, with all levels and on all drivers.
#[test]
fn through_every_stream() {
    for level in [Level::Bare, Level::Framed] {
        let lines = lines(level);
        let all: usize = answers(&lines).iter().map(|(_, len)| len).sum();
        let manners = Manner::each(all);
        for driver in DRIVERS {
            for manner in &manners {
                let _case = Case::new(format!("{level:?} on {}, {manner:?}", driver.name));
                let script = Script::new(&lines, b"banner", *manner).guarded(all);
                let established = (driver.converse)(&mut script.clone(), &mut dialogue().talk());
                let established = established.expect("the tunnel");
                assert_eq!(established.bound.to_string(), "xyz:12345");
                assert_eq!(established.frames().is_some(), level == Level::Framed);
                assert_eq!(script.state().unread(), b"banner");
            }
        }
    }
}

/// The proxy sends next in this METHOD: its bytes must not be read together with the selection,
/// nor the reply with them.
#[test]
fn no_message_is_read_with_another() {
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        let glued = Manner { glued: true, ..Manner::default() };
        let script = Script::new(&lines(Level::Bare), b"banner", glued);
        (driver.converse)(&mut script.clone(), &mut dialogue().talk()).expect("the tunnel");
        // The selection, the METHOD's two messages, the least of a reply, and its rest.
        assert_eq!(script.state().offers, [2, 3, 4, 7, 3]);
    }
}

/// An offer of the METHOD is enough: the proxy's choice is not known yet.
#[test]
fn offered_beside_others() {
    let auth = || Auth::none().or(toy::auth()).expect("two METHODs");
    let begins_with = |chosen: u8, mut lines: Vec<Line>| {
        lines.splice(..2, [client([5, 2, 0, toy::CODE]), proxy(Stage::MethodSelection, [5, chosen])]);
        lines
    };
    let none = [client([]), proxy(Stage::Request, []), client(REQUEST), proxy(Stage::Request, REPLY)];
    for (lines, first) in
        [(begins_with(toy::CODE, lines(Level::Bare)), 2), (begins_with(0, none.to_vec()), 2)]
    {
        for driver in DRIVERS {
            let glued = Manner { glued: true, ..Manner::default() };
            let script = Script::new(&lines, b"banner", glued);
            let dialogue = Dialogue::v5(auth(), "a.b:80");
            (driver.converse)(&mut script.clone(), &mut dialogue.talk()).expect("the tunnel");
            assert_eq!(script.state().offers[0], first);
            assert_eq!(script.state().unread(), b"banner");
        }
    }
}

fn fails(lines: &[Line], manner: Manner) -> Vec<(String, Error)> {
    let fail = |driver: &crate::support::drivers::Driver| {
        let mut script = Script::new(lines, b"", manner);
        let failed = (driver.converse)(&mut script, &mut dialogue().talk());
        (format!("{}, {manner:?}", driver.name), failed.expect_err("no tunnel"))
    };
    DRIVERS.iter().map(fail).collect()
}

#[test]
fn the_methods_own_error() {
    for (name, error) in fails(&toy::lines(Level::Unknown)[..5], Manner::default()) {
        let _case = Case::new(name);
        assert_eq!(error.stage(), Stage::Authentication);
        let ErrorKind::Method(cause) = error.kind() else { panic!("{error:?}") };
        assert_eq!(cause.to_string(), "no such level");
    }
}

/// An end at each byte is an `EndedEarly`, at the current stage. Its `received` counts the bytes
/// of the answer.
#[test]
fn ended_at_every_byte() {
    for level in [Level::Bare, Level::Framed] {
        let lines = lines(level);
        let mut from = 0;
        for (stage, len) in answers(&lines) {
            for end in from..from + len {
                for (name, error) in fails(&lines, Manner { end: Some(end), ..Manner::default() }) {
                    let _case = Case::new(format!("{level:?} on {name}"));
                    assert_eq!(error.stage(), stage);
                    match *error.kind() {
                        ErrorKind::EndedEarly { received } => {
                            assert_eq!(received > 0, end > from, "{received} bytes of the answer received");
                        }
                        // Only the METHOD knows the number of bytes that it has received.
                        ErrorKind::ClosedDuringMethod { code, name } => {
                            assert_eq!((code, name), (toy::CODE, "the toy METHOD"));
                            assert_eq!(stage, Stage::Authentication);
                        }
                        _ => panic!("{error:?}"),
                    }
                }
            }
            from += len;
        }
    }
}

/// A refusal is encapsulated too.
#[test]
fn refused_in_a_frame() {
    let mut lines = toy::lines(Level::Framed);
    lines.extend([client(toy::sealed(REQUEST)), proxy(Stage::Request, toy::frame(&[5, 4]))]);
    for (name, error) in fails(&lines, Manner::default()) {
        let _case = Case::new(name);
        assert_eq!(error.reply(), Some(anysocks::Reply::HOST_UNREACHABLE));
    }
}

/// A reply in a frame that is none.
#[test]
fn a_forged_reply() {
    let whole = toy::frame(REPLY.split_at(7).0);
    for forged in [
        [&[0][..], &whole[1..]].concat(),
        [&[1][..], &whole[1..]].concat(),
        [&[toy::LONGEST + 1][..], &whole[1..]].concat(),
        [&[0xFF][..], &whole[1..]].concat(),
        // More content than there is.
        [&whole[..1], &[9 ^ toy::KEY][..], &whole[2..]].concat(),
    ] {
        let mut lines = toy::lines(Level::Framed);
        lines.extend([client(toy::sealed(REQUEST)), proxy(Stage::Request, forged)]);
        for (name, error) in fails(&lines, Manner::default()) {
            let _case = Case::new(name);
            assert_eq!(error.stage(), Stage::Request);
            assert!(matches!(error.kind(), ErrorKind::Encapsulation(_)), "{error:?}");
        }
    }
}
