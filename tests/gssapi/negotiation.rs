//! The whole negotiation as transcripts, on every driver, over streams with every behaviour.

use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::methods::gssapi::{Fake, Play};
use crate::support::script::{Line, Manner, Script, Stall};
use crate::{LEVELS, REPLY, REQUEST, TARGET};
use anysocks::protocol::{Command, Established};
use anysocks::{Error, ErrorKind, Stage};
use std::io;

fn plays() -> Vec<Play> {
    let mut plays = Vec::new();
    for legs in 1..=4 {
        for level in LEVELS {
            plays.push(Play::new(legs, level));
            plays.push(Play { has_choice: true, ..Play::new(legs, level) });
            plays.push(Play { is_pipelined: true, ..Play::new(legs, level) });
            plays.push(Play { is_empty_sent: true, ..Play::new(legs, level) });
        }
    }
    plays
}

fn name(play: &Play) -> String {
    let Play { fake, level, has_choice, is_pipelined, is_empty_sent } = play;
    format!(
        "{} legs, {level:?}, a choice: {has_choice}, pipelined: {is_pipelined}, empty: {is_empty_sent}",
        fake.legs
    )
}

/// Each run needs a context of its own.
fn dialogue(play: &Play) -> Dialogue {
    Dialogue::v5(play.auth().prepare(Command::Connect).expect("it was prepared"), TARGET)
}

fn each(check: impl Fn(&Play, &[Line], &dyn Fn(&Script) -> Result<Established, Error>)) {
    for play in plays() {
        let (lines, _) = play.granted(REQUEST, REPLY);
        for driver in DRIVERS {
            let _case = Case::new(format!("{} on {}", name(&play), driver.name));
            check(&play, &lines, &|script| {
                (driver.converse)(&mut script.clone(), &mut dialogue(&play).talk())
            });
        }
    }
}

fn answers(lines: &[Line]) -> Vec<(Stage, usize)> {
    let answer =
        |line: &Line| if let Line::Proxy(stage, bytes) = line { Some((*stage, bytes.len())) } else { None };
    lines.iter().filter_map(answer).collect()
}

fn said(lines: &[Line]) -> usize {
    lines.iter().map(|line| if let Line::Client(bytes) = line { bytes.len() } else { 0 }).sum()
}

#[test]
fn through_every_stream() {
    each(|play, lines, converse| {
        let all: usize = answers(lines).iter().map(|(_, len)| len).sum();
        for manner in Manner::each(all) {
            let _case = Case::new(format!("{manner:?}"));
            let script = Script::new(lines, b"banner", manner).guarded(all);
            let established = converse(&script).expect("the tunnel");
            assert_eq!(established.bound.to_string(), "xyz:12345");
            assert_eq!(established.frames().is_some(), play.level.is_some());
            assert_eq!(script.state().unread(), b"banner");
            assert_eq!(script.state().accepted(), said(lines));
        }
    });
}

/// An end at each byte: during the negotiation, the METHOD's name is in the error.
#[test]
fn ended_at_every_byte() {
    each(|_, lines, converse| {
        let mut from = 0;
        for (stage, len) in answers(lines) {
            for end in from..from + len {
                let _case = Case::new(format!("the end is at {end}"));
                let script = Script::new(lines, b"", Manner { end: Some(end), ..Manner::default() });
                let error = converse(&script).expect_err("half a handshake");
                assert_eq!(error.stage(), stage);
                match *error.kind() {
                    ErrorKind::EndedEarly { received } => {
                        assert_ne!(stage, Stage::Authentication);
                        assert_eq!(received > 0, end > from, "{received} bytes received");
                    }
                    ErrorKind::ClosedDuringMethod { code: 1, name: "GSS-API" } => {
                        assert_eq!(stage, Stage::Authentication);
                        let text = error.to_string();
                        assert!(
                            text.ends_with("its log may say why (its clock, its keytab, the realm)"),
                            "{text}"
                        );
                    }
                    _ => panic!("{error:?}"),
                }
            }
            from += len;
        }
    });
}

/// The proxy reads no more at each byte. What it has said is read, and nothing else is written.
#[test]
fn a_write_fails_at_every_byte() {
    each(|_, lines, converse| {
        for broken in 0..said(lines) {
            for glued in [false, true] {
                let _case = Case::new(format!("broken at {broken}, glued: {glued}"));
                let script =
                    Script::new(lines, b"", Manner { broken: Some(broken), glued, ..Manner::default() });
                let error = converse(&script).expect_err("half a handshake");
                match error.kind() {
                    ErrorKind::Io(error) => assert_eq!(error.kind(), io::ErrorKind::BrokenPipe),
                    ErrorKind::ClosedDuringMethod { code: 1, .. } => {}
                    _ => panic!("{error:?}"),
                }
                assert_eq!(script.state().failed_writes, 1);
            }
        }
    });
}

/// The writes until the reply are the round trips.
#[test]
fn round_trips() {
    each(|play, lines, converse| {
        let script = Script::new(lines, b"", Manner::default());
        converse(&script).expect("the tunnel");
        let expected = match (play.fake.legs, play.has_choice, play.is_pipelined) {
            // With one token, the level leaves with it.
            (1, false, _) | (2 | 3, false, true) => 2,
            (1, true, _) | (2 | 3, false, false) | (4, false, true) => 3,
            (2 | 3, true, _) | (4, false, false) => 4,
            (4, true, _) => 5,
            other => panic!("{other:?}"),
        };
        assert_eq!(script.state().writes, expected);
    });
}

/// Tokens of the greatest length, both ways.
#[test]
fn the_longest_tokens() {
    for (legs, level) in [(1, LEVELS[0]), (2, LEVELS[1]), (3, LEVELS[2]), (4, LEVELS[2])] {
        let fake = Fake { token_len: Some(65_535), ..Fake::new(legs) };
        let play = Play { fake, ..Play::new(legs, level) };
        let (lines, _) = play.granted(REQUEST, REPLY);
        let all: usize = answers(&lines).iter().map(|(_, len)| len).sum();
        let splits = [1, 2, 3, 4, 5, 6, 7, 1000, 65_540, 65_541, 65_542, all - 1];
        let split = |split: &usize| Manner { split: Some(*split), ..Manner::default() };
        let stall = Some(Stall::Blocked);
        let manners = splits.iter().filter(|split| **split < all).map(split).chain([
            Manner::default(),
            Manner { glued: true, ..Manner::default() },
            Manner { stall, buffered: true, ..Manner::default() },
        ]);
        for manner in manners {
            for driver in DRIVERS {
                let _case = Case::new(format!("{} on {}, {manner:?}", name(&play), driver.name));
                let script = Script::new(&lines, b"banner", manner).guarded(all);
                let dialogue = dialogue(&play);
                (driver.converse)(&mut script.clone(), &mut dialogue.talk()).expect("the tunnel");
                assert_eq!(script.state().unread(), b"banner");
            }
        }
    }
}
