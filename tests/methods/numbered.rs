//! METHODs with a state as transcripts: at each split and each truncation, and with frames that are
//! lost, swapped, doubled or too early.

use crate::scene::error;
use crate::support::blocked::{receive, send};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::{DRIVERS, Driver};
use crate::support::methods::numbered::{self, MOST, Side};
use crate::support::methods::{covering, short, speaking};
use crate::support::script::{Line, Manner, Script, client, proxy};
use anysocks::protocol::Negotiated;
use anysocks::{Auth, ErrorKind, Stage};

const CODE: u8 = 0xC0;
const TARGET: &str = "a.b:80";
const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
const REPLY: &[u8] = b"\x05\x00\x00\x03\x03xyz\x30\x39";
const BANNER: &[u8] = b"a banner of more than one frame";

/// The length of a frame without content.
const EMPTY: usize = 8;

/// A METHOD, and the lines up to the reply.
struct Kind {
    name: &'static str,
    auth: fn() -> Auth,
    lines: fn(&mut Side, &mut Side) -> Vec<Line>,
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "numbered",
        auth: || short::auth(CODE, || numbered::negotiated(CODE)),
        lines: |out, back| {
            let reply = back.frames(REPLY, 4);
            let request = vec![client(out.frames(REQUEST, MOST)), proxy(Stage::Request, reply)];
            [short::lines(CODE), request].concat()
        },
    },
    Kind {
        name: "covering",
        auth: || short::auth(CODE, || covering::negotiated(CODE)),
        lines: |out, back| {
            let request = [out.frame(b""), out.frame(REQUEST), out.frame(b"")].concat();
            let reply = [back.frame(b""), back.frame(REPLY)].concat();
            [short::lines(CODE), vec![client(request), proxy(Stage::Request, reply)]].concat()
        },
    },
    Kind {
        name: "speaking",
        auth: || speaking::auth(CODE),
        lines: |out, back| {
            let principal = back.frames(speaking::PRINCIPAL.as_bytes(), 2);
            let hello = [client(out.frame(b"hello")), proxy(Stage::Authentication, principal)];
            // What the METHOD has left in the pump goes before the request.
            let request = [out.frame(b"thanks"), out.frame(REQUEST)].concat();
            let request = [client(request), proxy(Stage::Request, back.frames(REPLY, 4))];
            [&short::lines(CODE)[..2], &hello, &request].concat()
        },
    },
];

impl Kind {
    fn dialogue(&self) -> Dialogue {
        Dialogue::v5((self.auth)(), TARGET)
    }

    /// The transcript, and the target's bytes in frames.
    fn whole(&self) -> (Vec<Line>, Vec<u8>) {
        let mut back = Side::proxy(CODE);
        let lines = (self.lines)(&mut Side::client(CODE), &mut back);
        (lines, back.frames(BANNER, 9))
    }
}

fn answers(lines: &[Line]) -> Vec<(Stage, usize)> {
    let answer =
        |line: &Line| if let Line::Proxy(stage, bytes) = line { Some((*stage, bytes.len())) } else { None };
    lines.iter().filter_map(answer).collect()
}

fn each(check: impl Fn(&Kind, &Driver)) {
    for kind in &KINDS {
        for driver in DRIVERS {
            let _case = Case::new(format!("{} on {}", kind.name, driver.name));
            check(kind, driver);
        }
    }
}

/// No byte behind the reply is read, however the proxy's bytes come.
#[test]
fn split_at_every_byte() {
    each(|kind, driver| {
        let (lines, banner) = kind.whole();
        let all: usize = answers(&lines).iter().map(|(_, len)| len).sum();
        for manner in Manner::each(all) {
            let _case = Case::new(format!("{manner:?}"));
            let script = Script::new(&lines, &banner, manner).guarded(all);
            let established = (driver.converse)(&mut script.clone(), &mut kind.dialogue().talk());
            let established = established.expect("a tunnel");
            assert_eq!(established.bound.to_string(), "xyz:12345");
            assert_eq!(script.state().unread(), banner);
        }
    });
}

#[test]
fn truncated_at_every_byte() {
    each(|kind, driver| {
        let (lines, _) = kind.whole();
        let mut from = 0;
        for (stage, len) in answers(&lines) {
            for end in from..from + len {
                let manner = Manner { end: Some(end), ..Manner::default() };
                let _case = Case::new(format!("{manner:?}"));
                let mut script = Script::new(&lines, b"", manner);
                let failed = error((driver.converse)(&mut script, &mut kind.dialogue().talk()));
                assert_eq!(failed.stage(), stage);
                match failed.kind() {
                    ErrorKind::ClosedDuringMethod { code: CODE, .. } => {
                        assert_eq!(stage, Stage::Authentication);
                    }
                    ErrorKind::EndedEarly { received } => {
                        assert_ne!(stage, Stage::Authentication);
                        // An empty frame is not a part of the answer.
                        let is_empty = kind.name == "covering" && end == from + EMPTY;
                        assert_eq!(*received > 0, end > from && !(is_empty && stage == Stage::Request));
                    }
                    _ => panic!("{failed:?}"),
                }
            }
            from += len;
        }
    });
}

/// The tunnel goes on where the handshake has left the pump, both ways.
#[test]
fn the_tunnel_goes_on() {
    each(|kind, driver| {
        let mut out = Side::client(CODE);
        let (_, banner) = kind.whole();
        let lines = (kind.lines)(&mut out, &mut Side::proxy(CODE));
        for split in 1..banner.len() {
            let mut out = Side::client(CODE);
            let script = Script::new(&lines, &banner, Manner::default());
            let (_, mut stream) = (driver.handshake)(script.clone(), &kind.dialogue()).expect("a tunnel");
            script.state().manner.split =
                Some(answers(&lines).iter().map(|(_, len)| len).sum::<usize>() + split);
            send(&mut *stream, BANNER).expect("an open stream");
            let _ = (kind.lines)(&mut out, &mut Side::proxy(CODE));
            let expected: Vec<u8> = match kind.name {
                "covering" => BANNER
                    .chunks(MOST)
                    .flat_map(|part| [out.frame(b""), out.frame(part), out.frame(b"")].concat())
                    .collect(),
                _ => out.frames(BANNER, MOST),
            };
            assert_eq!(script.state().beyond, expected);
            assert_eq!(receive(&mut *stream, 7).expect("an open stream"), BANNER);
        }
    });
}

/// Frames that are lost, swapped or doubled: nothing behind them is delivered.
#[test]
fn out_of_order() {
    each(|kind, driver| {
        let mut back = Side::proxy(CODE);
        let lines = (kind.lines)(&mut Side::client(CODE), &mut back);
        let frames = [b"first", b"other", b"third"].map(|content| back.frame(content));
        for (order, delivered) in [
            (&[0, 2][..], &b"first"[..]),
            (&[1, 0], b""),
            (&[0, 0], b"first"),
            (&[0, 2, 1], b"first"),
            (&[0, 1, 1], b"firstother"),
        ] {
            let _case = Case::new(format!("{order:?}"));
            let sent: Vec<u8> = order.iter().flat_map(|at: &usize| frames[*at].clone()).collect();
            let script = Script::new(&lines, &sent, Manner::default());
            let (_, mut stream) = (driver.handshake)(script, &kind.dialogue()).expect("a tunnel");
            let mut heard = vec![0; delivered.len()];
            stream.read_exact(&mut heard).expect("what is in order");
            assert_eq!(heard, delivered);
            for _ in 0..2 {
                let failed = stream.read(&mut [0; 64]).expect_err("out of order");
                assert_eq!(failed.kind(), std::io::ErrorKind::InvalidData);
            }
        }
    });
}

/// Bytes inside the encapsulation that come before the request: the proxy can't know it yet.
#[test]
fn bytes_before_the_request() {
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        let (mut out, mut back) = (Side::client(CODE), Side::proxy(CODE));
        // In the frame of the METHOD's last message.
        let early = back.frame(&[speaking::PRINCIPAL.as_bytes(), REPLY].concat());
        let mut lines = short::lines(CODE)[..2].to_vec();
        lines.extend([client(out.frame(b"hello")), proxy(Stage::Authentication, early)]);
        let mut script = Script::new(&lines, b"", Manner::default());
        let dialogue = Dialogue::v5(speaking::auth(CODE), TARGET);
        let failed = error((driver.converse)(&mut script, &mut dialogue.talk()));
        assert!(matches!(failed.kind(), ErrorKind::Encapsulation(_)), "{failed:?}");
        // The request was not sent: `Script` would have refused it.
        assert_eq!(script.state().accepted(), 3 + 13);
    }
}

/// Without an encapsulation, the METHOD changes nothing.
#[test]
fn nothing_negotiated() {
    for driver in DRIVERS {
        let lines = [short::lines(CODE), vec![client(REQUEST), proxy(Stage::Request, REPLY)]].concat();
        let script = Script::new(&lines, BANNER, Manner::default());
        let dialogue = Dialogue::v5(short::auth(CODE, Negotiated::nothing), TARGET);
        let established = (driver.converse)(&mut script.clone(), &mut dialogue.talk()).expect("a tunnel");
        assert!(established.frames().is_none());
        assert_eq!(script.state().unread(), BANNER);
    }
}
