//! BIND through an encapsulation: both replies in frames, however they are cut.

use crate::support::blocked::{receive, send};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::{DRIVERS, Driver};
use crate::support::listening::{Accept, Listening};
use crate::support::script::{Line, Manner, Script, Stall, client, proxy};
use crate::support::toy::{self, Level};
use anysocks::{Error, ErrorKind, Reply, Stage};
use std::task::Poll;

const REQUEST: &[u8] = b"\x05\x02\x00\x03\x03a.b\x00\x50";
const FIRST: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
const SECOND: &[u8] = b"\x05\x00\x00\x03\x03xyz\x9C\x40";
const BANNER: &[u8] = b"banner";

/// The transcript, with all that the proxy sends behind the request.
fn lines(answer: Vec<u8>) -> Vec<Line> {
    let mut lines = toy::lines(Level::Framed);
    lines.extend([client(toy::sealed(REQUEST)), proxy(Stage::Request, answer)]);
    lines
}

fn all() -> Vec<u8> {
    [FIRST, SECOND, BANNER].concat()
}

fn bind(driver: &Driver, script: &Script) -> Box<dyn Listening> {
    let dialogue = Dialogue::v5(toy::auth(), "a.b:80").bind();
    let listener = (driver.bind)(script.clone(), &dialogue).expect("a listener");
    assert_eq!(listener.bound().to_string(), "192.0.2.7:12345");
    listener
}

/// Goes on with the stream to the peer.
fn goes_on(accepted: Result<Accept, Error>, script: &Script) {
    let mut accept = accepted.expect("the peer");
    assert_eq!(accept.peer.to_string(), "xyz:40000");
    send(&mut *accept.stream, b"to the peer").expect("an open stream");
    assert_eq!(toy::opened(&script.state().beyond).expect("frames"), b"to the peer");
    assert_eq!(receive(&mut *accept.stream, 4).expect("an open stream"), BANNER);
}

/// Both replies and the peer's bytes in frames of this length, cut at every byte.
#[test]
fn in_frames_of_any_length() {
    for len in 1..=all().len() {
        let answer: Vec<u8> = all().chunks(len).flat_map(toy::frame).collect();
        for driver in DRIVERS {
            let _case = Case::new(format!("frames of {len} bytes on {}", driver.name));
            for manner in [Manner::default(), Manner { crumbs: true, buffered: true, ..Manner::default() }] {
                let script = Script::new(&lines(answer.clone()), b"", manner);
                goes_on(bind(driver, &script).accept(), &script);
            }
        }
    }
}

#[test]
fn given_up_at_every_byte() {
    for answer in [
        toy::frame(&all()),
        toy::sealed(&all()),
        [toy::frame(FIRST), toy::sealed(&all()[FIRST.len()..])].concat(),
    ] {
        for driver in DRIVERS {
            let _case = Case::new(driver.name);
            let script = Script::new(&lines(answer.clone()), b"", Manner::default());
            let mut listener = bind(driver, &script);
            script.state().manner = Manner { crumbs: true, stall: Some(Stall::Blocked), ..Manner::default() };
            let accepted = loop {
                if let Poll::Ready(accepted) = listener.accept_once() {
                    break accepted;
                }
            };
            script.state().manner = Manner::default();
            goes_on(accepted, &script);
        }
    }
}

/// Bytes after the first reply in its frame are an error of `accept`, not before.
#[test]
fn failed_in_the_frame_of_the_first_reply() {
    let no_reply = ErrorKind::Malformed { field: "VER", byte: b'b' };
    for (second, kind) in [(&b"\x05\x04"[..], ErrorKind::Refused(Reply::V5(4))), (BANNER, no_reply)] {
        for driver in DRIVERS {
            let _case = Case::new(driver.name);
            let answer = toy::frame(&[FIRST, second].concat());
            let script = Script::new(&lines(answer), b"", Manner::default());
            let mut listener = bind(driver, &script);
            let error = listener.accept().err().expect("no peer");
            // An error may hold another one and cannot be compared; its text can.
            assert_eq!(format!("{:?}", error.kind()), format!("{kind:?}"));
            assert_eq!(error.stage(), Stage::SecondReply);
            let error = listener.accept().err().expect("it is over");
            assert!(matches!(error.kind(), ErrorKind::Over), "{error:?}");
        }
    }
}

#[test]
fn a_forged_second_reply() {
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        let answer = [toy::frame(FIRST), vec![0; 4]].concat();
        let script = Script::new(&lines(answer), b"", Manner::default());
        let error = bind(driver, &script).accept().err().expect("no peer");
        assert!(matches!(error.kind(), ErrorKind::Encapsulation(_)), "{error:?}");
        assert_eq!(error.stage(), Stage::SecondReply);
    }
}
