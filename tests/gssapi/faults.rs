//! Frames of the tunnel that are lost, swapped, doubled, cut, forged or bare, on every driver: the
//! bytes before them are delivered, and nothing of them or behind them.

use crate::support::blocked::{Tunnel, persist, send};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::methods::gssapi::{DATA, End, Fake, HEADER, LEVEL, Play, message};
use crate::support::script::{Manner, Script};
use crate::{PROTECTED, REPLY, REQUEST, TARGET};
use anysocks::gssapi::{Error as GssError, Level, Order};
use anysocks::protocol::Command;
use anysocks::{Error, ErrorKind, Stage};
use std::io;

/// Opens a tunnel in which the proxy sends these bytes behind its reply.
fn each(level: Level, behind: impl Fn(&mut End) -> Vec<u8>, check: impl Fn(Box<dyn Tunnel>, &Script, End)) {
    each_of(&Play::new(2, Some(level)), behind, check);
}

/// The same, with this mechanism.
fn each_of(play: &Play, behind: impl Fn(&mut End) -> Vec<u8>, check: impl Fn(Box<dyn Tunnel>, &Script, End)) {
    for driver in DRIVERS {
        for manner in [Manner::default(), Manner { crumbs: true, ..Manner::default() }] {
            let _case = Case::new(format!("{:?} on {}, {manner:?}", play.level, driver.name));
            let (lines, mut proxys) = play.granted(REQUEST, REPLY);
            let script = Script::new(&lines, &behind(&mut proxys), manner);
            let auth = play.auth().prepare(Command::Connect).expect("it was prepared");
            let opened = (driver.handshake)(script.clone(), &Dialogue::v5(auth, TARGET));
            let (_, stream) = opened.expect("the tunnel");
            // The client's level and its request are known.
            check(stream, &script, End::proxy().after(2));
        }
    }
}

/// Reads until the end or an error.
fn read_all(stream: &mut dyn Tunnel) -> (Vec<u8>, io::Result<()>) {
    let (mut heard, mut buf) = (Vec::new(), [0; 50]);
    loop {
        match persist(|| stream.read(&mut buf)) {
            Ok(0) => return (heard, Ok(())),
            Ok(n) => heard.extend(&buf[..n]),
            Err(error) => return (heard, Err(error)),
        }
    }
}

fn order(level: Level, frames: impl Fn(&mut dyn FnMut(&[u8]) -> Vec<u8>) -> Vec<Vec<u8>>, expected: Order) {
    let confidential = level == Level::Confidentiality;
    let behind = |end: &mut End| frames(&mut |content| end.message(DATA, confidential, content)).concat();
    each(level, behind, |mut stream, _, _| {
        let (heard, end) = read_all(&mut *stream);
        assert_eq!(heard, b"one");
        let error = end.expect_err("a frame out of order");
        assert!(
            matches!(GssError::of(&error), Some(GssError::OutOfOrder(found)) if *found == expected),
            "{error:?}"
        );
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let inside: Option<&Error> = error.get_ref().and_then(|inside| inside.downcast_ref());
        let inside = inside.expect("an error of this crate");
        assert_eq!(inside.stage(), Stage::Tunnel);
        assert!(matches!(inside.kind(), ErrorKind::Encapsulation(_)));
        // It stays failed.
        persist(|| stream.read(&mut [0; 8])).expect_err("a stream that has failed");
    });
}

#[test]
fn lost_swapped_and_doubled() {
    for level in PROTECTED.into_iter().flatten() {
        let lost = |seal: &mut dyn FnMut(&[u8]) -> Vec<u8>| {
            let [one, _, three] = [b"one", b"two", b"3rd"].map(|content| seal(content));
            vec![one, three]
        };
        order(level, lost, Order::Gap);
        let swapped = |seal: &mut dyn FnMut(&[u8]) -> Vec<u8>| {
            let [one, two, three] = [b"one", b"two", b"3rd"].map(|content| seal(content));
            vec![one, three, two]
        };
        order(level, swapped, Order::Gap);
        let doubled = |seal: &mut dyn FnMut(&[u8]) -> Vec<u8>| {
            let [one, two] = [b"one", b"two"].map(|content| seal(content));
            vec![one.clone(), one, two]
        };
        order(level, doubled, Order::Repeated);
    }
}

/// A cut at each byte of a frame is an error, and one between two frames can't be told from an end.
#[test]
fn cut() {
    let mut proxys = End::proxy();
    let whole = proxys.message(DATA, true, b"two").len();
    for cut in 0..whole {
        let behind = move |end: &mut End| {
            let mut frames = end.message(DATA, true, b"one");
            frames.extend(&end.message(DATA, true, b"two")[..cut]);
            frames
        };
        each(Level::Confidentiality, behind, |mut stream, _, _| {
            let (heard, end) = read_all(&mut *stream);
            assert_eq!(heard, b"one");
            match end {
                Ok(()) => assert_eq!(cut, 0),
                Err(error) => assert_eq!((error.kind(), cut > 0), (io::ErrorKind::UnexpectedEof, true)),
            }
        });
    }
}

/// Each bit of a frame matters.
#[test]
fn forged() {
    let len = End::proxy().message(DATA, true, b"two").len();
    for at in 0..len {
        let behind = move |end: &mut End| {
            let one = end.message(DATA, true, b"one");
            let mut two = end.message(DATA, true, b"two");
            two[at] ^= 0x10;
            [one, two, end.message(DATA, true, b"3rd")].concat()
        };
        each(Level::Confidentiality, behind, |mut stream, _, _| {
            let (heard, end) = read_all(&mut *stream);
            assert_eq!(heard, b"one", "byte {at}");
            end.expect_err("a forged frame");
        });
    }
}

/// A bare frame, an abort, messages of another type, and an empty token.
#[test]
fn refused() {
    type Behind = fn(&mut End) -> Vec<u8>;
    type IsExpected = fn(&GssError) -> bool;
    let refused: [(Behind, IsExpected); 6] = [
        (|end| end.message(DATA, false, b"two"), |error| matches!(error, GssError::NotConfidential)),
        (|_| vec![1, 0xFF], |error| matches!(error, GssError::Refused)),
        (
            |end| end.message(LEVEL, true, b"two"),
            |error| matches!(error, GssError::Malformed { field: "MTYP", byte: LEVEL }),
        ),
        (|_| message(1, b""), |error| matches!(error, GssError::Malformed { field: "MTYP", byte: 1 })),
        (|_| vec![5, 0], |error| matches!(error, GssError::Malformed { field: "VER", byte: 5 })),
        (|_| message(DATA, b""), |error| matches!(error, GssError::Mechanism(_))),
    ];
    for (behind, is_expected) in refused {
        let behind = move |end: &mut End| [end.message(DATA, true, b"one"), behind(end)].concat();
        each(Level::Confidentiality, behind, |mut stream, _, _| {
            let (heard, end) = read_all(&mut *stream);
            assert_eq!(heard, b"one");
            let error = end.expect_err("no frame");
            assert!(GssError::of(&error).is_some_and(is_expected), "{error:?}");
        });
    }
}

/// The longest frame, frames without content, and more than was asked for.
#[test]
fn accepted() {
    let longest = vec![7; 65_535 - 9];
    let expected = longest.clone();
    let behind = move |end: &mut End| {
        [
            end.message(DATA, true, b""),
            end.message(DATA, true, &longest),
            end.message(DATA, true, b""),
            end.message(DATA, true, b"last"),
        ]
        .concat()
    };
    each(Level::Confidentiality, behind, |mut stream, _, _| {
        let (heard, end) = read_all(&mut *stream);
        end.expect("the end");
        assert!(heard == [&expected[..], b"last"].concat(), "other bytes");
    });
    let behind = |end: &mut End| end.message(DATA, true, b"encrypted");
    each(Level::Integrity, behind, |mut stream, _, _| {
        assert_eq!(read_all(&mut *stream).0, b"encrypted");
    });
}

/// A write of any length leaves in frames of at most 16 KiB of content, or of what the mechanism
/// allows. They are in order.
#[test]
fn written() {
    for (level, room) in [(0, usize::MAX), (1, usize::MAX), (1, 10_000)] {
        let fake = Fake { room, ..Fake::new(2) };
        let play = Play { fake, ..Play::new(2, PROTECTED[level]) };
        each_of(
            &play,
            |_| Vec::new(),
            |mut stream, script, mut clients| {
                let plain: Vec<u8> = (0..40_000_u32).map(|n| n.to_le_bytes()[0]).collect();
                send(&mut *stream, &plain).expect("an open stream");
                let (wire, mut at) = (script.state().beyond.clone(), 0);
                let (mut heard, mut lengths) = (Vec::new(), Vec::new());
                while at < wire.len() {
                    assert_eq!(wire[at..at + 2], [1, DATA]);
                    let len = usize::from(u16::from_be_bytes([wire[at + 2], wire[at + 3]]));
                    let (before, token) = (heard.len(), &wire[at + HEADER..at + HEADER + len]);
                    let unwrapped = clients.unwrap(token, &mut heard).expect("a frame");
                    assert_eq!(unwrapped.order, Order::InOrder);
                    assert_eq!(unwrapped.confidential, play.is_confidential());
                    lengths.push(heard.len() - before);
                    at += HEADER + len;
                }
                assert!(heard == plain, "other bytes");
                let expected: Vec<_> = plain.chunks(room.min(16_384)).map(<[u8]>::len).collect();
                assert_eq!(lengths, expected);
            },
        );
    }
}
