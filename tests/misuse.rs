//! Drivers that break the rules of a conversation get errors: no panic, no byte twice, no outcome
//! twice.

mod support;

use anysocks::protocol::{Conversation, Scratch, Step};
use anysocks::{Auth, Error, ErrorKind, Stage};
use std::collections::VecDeque;
use support::case::Case;
use support::dialogue::{Dialogue, Talk, credentials};
use support::drivers::DRIVERS;
use support::script::{Line, Manner, Script, client, proxy};
use support::toy::{self, Level};

/// The kind of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Write(Vec<u8>),
    Read(usize),
    Done,
}

fn step(talk: &mut Talk<'_>) -> Asked {
    match talk.step(&mut Scratch::new()) {
        Step::Write(bytes) => Asked::Write(bytes.to_vec()),
        Step::Read(buf) => Asked::Read(buf.len()),
        Step::Done(_) => Asked::Done,
    }
}

/// Moves one byte as a driver should: whether there was one to be moved.
fn move_one(talk: &mut Talk<'_>, answers: &mut VecDeque<u8>) -> bool {
    match talk.step(&mut Scratch::new()) {
        Step::Write(_) => {}
        Step::Read(buf) => buf[0] = answers.pop_front().expect("the proxy has more to say"),
        Step::Done(_) => return false,
    }
    talk.advance(1).expect("the proxy is friendly");
    true
}

fn dialogues() -> Vec<(&'static str, Dialogue, Vec<u8>)> {
    const REPLY: &[u8] = b"\x05\x00\x00\x03\x03a.b\x00\x50";
    let password = Auth::password_only(credentials("me", "key"));
    let heard = |lines: Vec<Line>| -> Vec<u8> {
        let heard = |line| if let Line::Proxy(_, bytes) = line { bytes } else { Vec::new() };
        lines.into_iter().flat_map(heard).collect()
    };
    let behind = |level, reply: &[u8]| [&heard(toy::lines(level)), reply].concat();
    vec![
        ("SOCKS4", Dialogue::v4("me", "a.b:80"), b"\x00\x5A\0\0\0\0\0\0".to_vec()),
        ("none", Dialogue::v5(Auth::none(), "a.b:80"), [&[5, 0], REPLY].concat()),
        ("password", Dialogue::v5(password.clone(), "a.b:80"), [&[5, 2, 1, 0], REPLY].concat()),
        ("pipelined", Dialogue::v5(password.pipelined(true), "a.b:80"), [&[5, 2, 1, 0], REPLY].concat()),
        ("SOCKS4 BIND", Dialogue::v4("me", "a.b:80").bind(), b"\x00\x5A\0\0\0\0\0\0".repeat(2)),
        ("BIND", Dialogue::v5(Auth::none(), "a.b:80").bind(), [&[5, 0], REPLY, REPLY].concat()),
        (
            "BIND in frames",
            Dialogue::v5(toy::auth(), "a.b:80").bind(),
            behind(Level::Framed, &toy::sealed(&[REPLY, REPLY].concat())),
        ),
        ("own METHOD", Dialogue::v5(toy::auth(), "a.b:80"), behind(Level::Bare, REPLY)),
        ("frames", Dialogue::v5(toy::auth(), "a.b:80"), behind(Level::Framed, &toy::sealed(REPLY))),
    ]
}

/// Runs a test on each dialogue, after each number of bytes, with a new conversation each time.
/// The last one is about to be done.
fn at_every_byte(test: impl Fn(&mut Talk<'_>)) {
    for (name, dialogue, answers) in dialogues() {
        for moved in 0.. {
            let _case = Case::new(format!("{name}, after {moved} bytes"));
            let (mut talk, mut answers) = (dialogue.talk(), VecDeque::from(answers.clone()));
            let more = (0..moved).all(|_| move_one(&mut talk, &mut answers));
            if !more {
                assert!(moved > answers.len(), "the conversation ended too early");
                break;
            }
            test(&mut talk);
        }
    }
}

/// Whether it was found to be the driver's mistake.
fn is_misuse(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Overrun { .. } | ErrorKind::Over) && error.stage() != Stage::Preparation
}

/// A finished conversation requests a read of no bytes, and accepts no report, not even of 0
/// bytes.
fn assert_over(talk: &mut Talk<'_>) {
    for n in [0, 1, 0, usize::MAX] {
        assert_eq!(step(talk), Asked::Read(0));
        talk.advance(n).expect_err("it is over");
    }
    talk.advance(1).expect_err("it is over");
    talk.advance(0).expect_err("it is over");
}

#[test]
fn asking_again_changes_nothing() {
    at_every_byte(|talk| {
        let asked = step(talk);
        if asked != Asked::Done {
            assert_eq!(step(talk), asked);
            assert_eq!(step(talk), asked);
        }
    });
}

/// A scratch that was used before is as good as a new one.
#[test]
fn one_scratch_for_all_steps() {
    at_every_byte(|talk| {
        let mut scratch = Scratch::new();
        let expected = step(talk);
        for _ in 0..2 {
            if let Step::Write(bytes) = talk.step(&mut scratch) {
                assert_eq!(Asked::Write(bytes.to_vec()), expected);
            }
        }
    });
}

#[test]
fn more_than_was_offered() {
    for excess in [1, 2, 300, usize::MAX / 2] {
        at_every_byte(|talk| {
            let offered = match step(talk) {
                Asked::Write(bytes) => bytes.len(),
                Asked::Read(len) => len,
                Asked::Done => return,
            };
            let error = talk.advance(offered + excess).expect_err("more than was offered");
            assert!(is_misuse(&error), "{error:?}");
            assert_over(talk);
        });
    }
}

#[test]
fn a_report_without_a_step() {
    for n in [1, 2, 10, usize::MAX] {
        at_every_byte(|talk| {
            let error = talk.advance(n).expect_err("nothing was offered");
            assert!(is_misuse(&error), "{error:?}");
            assert_over(talk);
        });
    }
}

/// The step counts for one report.
#[test]
fn a_report_twice() {
    at_every_byte(|talk| {
        if step(talk) != Asked::Done && talk.advance(1).is_ok() {
            let error = talk.advance(1).expect_err("this was reported already");
            assert!(is_misuse(&error), "{error:?}");
            assert_over(talk);
        }
    });
}

#[test]
fn an_end_at_every_byte() {
    at_every_byte(|talk| {
        if step(talk) != Asked::Done {
            let error = talk.advance(0).expect_err("the proxy hung up");
            let is_early =
                matches!(error.kind(), ErrorKind::EndedEarly { .. } | ErrorKind::ClosedDuringMethod { .. });
            assert!(is_early, "{error:?}");
            assert_over(talk);
        }
    });
}

#[test]
fn going_on_after_the_end() {
    at_every_byte(|talk| {
        if step(talk) == Asked::Done {
            assert_over(talk);
        }
    });
}

/// A driver with a finished conversation does not wait for the stream, but returns an error.
#[test]
fn a_driver_of_what_is_over() {
    let lines = [client([5, 1, 0]), proxy(Stage::MethodSelection, [5, 0])];
    let request = [
        client(*b"\x05\x01\x00\x03\x03a.b\x00\x50"),
        proxy(Stage::Request, *b"\x05\x00\x00\x01\0\0\0\0\0\0"),
    ];
    let refusal = [request[0].clone(), proxy(Stage::Request, [5, 2])];
    for end in [request, refusal] {
        for driver in DRIVERS {
            let _case = Case::new(driver.name);
            let dialogue = Dialogue::v5(Auth::none(), "a.b:80");
            let mut talk = dialogue.talk();
            let mut script = Script::new(&[&lines[..], &end].concat(), b"", Manner::default());
            let _ = (driver.converse)(&mut script, &mut talk);
            let error = (driver.converse)(&mut script, &mut talk).expect_err("it is over");
            assert!(matches!(error.kind(), ErrorKind::Over), "{error:?}");
        }
    }
}
