//! The tunnel through an encapsulation, over streams in memory.

use crate::support::blocked::{Tunnel, persist, receive, send};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::{DRIVERS, Driver};
use crate::support::script::{Line, Manner, Script, Stall, client, proxy};
use crate::support::toy::{self, Level};
use anysocks::{ErrorKind, Reply, Stage};
use std::io::{self, IoSlice};

const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
const BANNER: &[u8] = b"a banner of more than one frame";
const HELLO: &[u8] = b"hello, in more than one frame too";

/// The transcript up to the tunnel, and the given bytes after the request.
fn lines(reply: Vec<u8>) -> Vec<Line> {
    let mut lines = toy::lines(Level::Framed);
    lines.extend([client(toy::sealed(REQUEST)), proxy(Stage::Request, reply)]);
    lines
}

/// The reply and the banner as one stream of bytes: a frame in the middle has the end of the first
/// and the start of the second.
fn glued_in_a_frame() -> Vec<Line> {
    lines(toy::sealed(&[REPLY, BANNER].concat()))
}

fn open(driver: &Driver, script: &Script) -> Box<dyn Tunnel> {
    let dialogue = Dialogue::v5(toy::auth(), "a.b:80");
    let (bound, stream) = (driver.handshake)(script.clone(), &dialogue).expect("the tunnel");
    assert_eq!(bound.to_string(), "192.0.2.7:12345");
    stream
}

fn each(test: impl Fn(&Driver)) {
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        test(driver);
    }
}

/// The blocking driver can't resume after a `WouldBlock`.
fn can_wait(driver: &Driver, manner: Manner) -> bool {
    driver.name != "blocking" || manner.stall != Some(Stall::Blocked)
}

#[test]
fn both_ways() {
    both_ways_where(|manner| manner.stall != Some(Stall::Interrupted));
}

/// After an interrupted write, the caller repeats it: no byte may have been accepted.
#[test]
fn both_ways_with_interruptions() {
    both_ways_where(|manner| manner.stall == Some(Stall::Interrupted));
}

fn both_ways_where(wanted: impl Fn(&Manner) -> bool) {
    each(|driver| {
        for manner in
            Manner::unsplit().into_iter().filter(|manner| wanted(manner) && can_wait(driver, *manner))
        {
            let _case = Case::new(format!("{manner:?}"));
            let script = Script::new(&glued_in_a_frame(), b"", manner);
            let mut stream = open(driver, &script);
            send(&mut *stream, HELLO).expect("an open stream");
            let sent = toy::opened(&script.state().beyond).expect("frames");
            assert_eq!(sent.escape_ascii().to_string(), HELLO.escape_ascii().to_string());
            assert_eq!(receive(&mut *stream, 5).expect("an open stream"), BANNER);
        }
    });
}

/// The end of the reply and the banner's beginning are in one frame, wherever it is cut.
#[test]
fn split_at_every_byte() {
    let all: usize = glued_in_a_frame().iter().map(line_len).sum();
    each(|driver| {
        for split in 1..all {
            let manner = Manner { split: Some(split), glued: split % 2 == 0, ..Manner::default() };
            let script = Script::new(&glued_in_a_frame(), b"", manner);
            assert_eq!(receive(&mut *open(driver, &script), 64).expect("an open stream"), BANNER);
        }
    });
}

fn line_len(line: &Line) -> usize {
    if let Line::Proxy(_, bytes) = line { bytes.len() } else { 0 }
}

/// A read takes what there is, in pieces of any size, and none is lost between frames.
#[test]
fn read_in_any_pieces() {
    each(|driver| {
        for piece in 1..=BANNER.len() + 1 {
            let script = Script::new(&glued_in_a_frame(), b"", Manner::default());
            assert_eq!(receive(&mut *open(driver, &script), piece).expect("an open stream"), BANNER);
        }
    });
}

/// A frame without content is not an end.
#[test]
fn empty_frames() {
    let empty = toy::frame(b"");
    let reply: Vec<u8> = REPLY.chunks(3).flat_map(|part| [&empty[..], &toy::frame(part)].concat()).collect();
    let banner: Vec<u8> =
        BANNER.chunks(4).flat_map(|part| [&toy::frame(part), &empty[..], &empty[..]].concat()).collect();
    each(|driver| {
        let script = Script::new(&lines(reply.clone()), &banner, Manner::default());
        assert_eq!(receive(&mut *open(driver, &script), 64).expect("an open stream"), BANNER);
    });
}

/// An end in the middle of a frame is no end of the stream: someone may have cut it.
#[test]
fn ended_in_a_frame() {
    let frame = toy::frame(b"banner");
    each(|driver| {
        for whole in [0, 1, 2] {
            for cut in 1..frame.len() {
                let banner = [frame.repeat(whole), frame[..cut].to_vec()].concat();
                let script = Script::new(&lines(toy::sealed(REPLY)), &banner, Manner::default());
                let mut stream = open(driver, &script);
                let mut heard = vec![0; 6 * whole];
                stream.read_exact(&mut heard).expect("what is whole");
                assert_eq!(heard, b"banner".repeat(whole));
                let error = stream.read(&mut [0; 64]).expect_err("a frame that is not whole");
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
            }
        }
    });
}

/// A forged frame fails the stream permanently: later frames follow a gap, and the forged content
/// is not the target's.
#[test]
fn forged_frames() {
    let good = toy::frame(b"banner");
    for forged in [
        b"\x00".to_vec(),
        b"\x01\x00".to_vec(),
        vec![toy::LONGEST + 1],
        b"\xFF".to_vec(),
        [&good[..1], &[8 ^ toy::KEY][..], &good[2..]].concat(),
    ] {
        each(|driver| {
            let _case = Case::new(format!("{forged:?}"));
            let banner = [&good[..], &forged, &good, &good].concat();
            let script = Script::new(&lines(toy::sealed(REPLY)), &banner, Manner::default());
            let mut stream = open(driver, &script);
            let mut heard = [0; 6];
            stream.read_exact(&mut heard).expect("the good frame");
            assert_eq!(&heard, b"banner");
            for _ in 0..4 {
                let failed = stream.read(&mut [0; 64]);
                assert_eq!(failed.map_err(|error| error.kind()), Err(io::ErrorKind::InvalidData));
            }
        });
    }
}

/// A vectored write seals the first buffer that is not empty. No byte is lost or sent twice.
#[test]
fn vectored_writes() {
    each(|driver| {
        for crumbs in [false, true] {
            let script = Script::new(&lines(toy::sealed(REPLY)), b"", Manner { crumbs, ..Manner::default() });
            let mut stream = open(driver, &script);
            let mut left: Vec<&[u8]> = vec![b"", b"hello", b"", b", in more ", b"than one frame too"];
            while left.iter().any(|buffer| !buffer.is_empty()) {
                let slices: Vec<_> = left.iter().map(|buffer| IoSlice::new(buffer)).collect();
                let mut n = persist(|| stream.write_vectored(&slices)).expect("a write");
                assert!(n > 0, "nothing was taken");
                for buffer in &mut left {
                    let here = n.min(buffer.len());
                    *buffer = &buffer[here..];
                    n -= here;
                }
            }
            stream.flush().expect("a flush");
            assert_eq!(toy::opened(&script.state().beyond).expect("frames"), HELLO);
            assert_eq!(stream.write_vectored(&[IoSlice::new(b"")]).expect("nothing"), 0);
        }
    });
}

/// A write is complete when its frame is accepted, not when it is sent. The rest is sent by a
/// flush, and before the next frame: otherwise a fast writer would fill the memory.
#[test]
fn one_frame_at_a_time() {
    each(|driver| {
        let script = Script::new(&lines(toy::sealed(REPLY)), b"", Manner::default());
        let mut stream = open(driver, &script);
        script.state().manner = Manner { crumbs: true, stall: Some(Stall::Blocked), ..Manner::default() };
        assert_eq!(persist(|| stream.write(b"ab")).expect("a write"), 2);
        assert!(script.state().beyond.len() < toy::frame(b"ab").len());
        assert_eq!(persist(|| stream.write(b"cd")).expect("a write"), 2);
        assert!(script.state().beyond.starts_with(&toy::frame(b"ab")));
        persist(|| stream.flush()).expect("a flush");
        assert_eq!(script.state().beyond, [toy::frame(b"ab"), toy::frame(b"cd")].concat());
    });
}

/// The proxy has sent everything and closed the connection: its refusal is the error, wherever the
/// write fails.
#[test]
fn broken_at_every_byte() {
    const REFUSED: &[u8] = b"\x05\x05\x00\x01\0\0\0\0\0\0";
    for level in [Level::Bare, Level::Framed] {
        for (reply, refused) in [(REFUSED, Some(Reply::V5(5))), (REPLY, None)] {
            let lines = toy::connection(level, REQUEST, reply);
            let said: usize =
                lines.iter().map(|line| if let Line::Client(m) = line { m.len() } else { 0 }).sum();
            each(|driver| {
                for broken in 0..said {
                    for crumbs in [false, true] {
                        let _case = Case::new(format!("{level:?}, {refused:?}, after {broken} bytes"));
                        let manner =
                            Manner { glued: true, broken: Some(broken), crumbs, ..Manner::default() };
                        let script = Script::new(&lines, BANNER, manner);
                        let dialogue = Dialogue::v5(toy::auth(), "a.b:80");
                        let error = (driver.handshake)(script.clone(), &dialogue).err().expect("half of it");
                        assert_eq!(error.reply(), refused, "{error:?}");
                        if refused.is_none() {
                            let ErrorKind::Io(cause) = error.kind() else { panic!("{error:?}") };
                            assert_eq!(cause.kind(), io::ErrorKind::BrokenPipe);
                            assert_eq!(script.state().unread(), BANNER);
                        }
                    }
                }
            });
        }
    }
}

/// Without an encapsulation the stream is the one inside, as it is.
#[test]
fn bare_where_none_was_negotiated() {
    let mut lines = toy::lines(Level::Bare);
    lines.extend([client(REQUEST), proxy(Stage::Request, REPLY)]);
    each(|driver| {
        for manner in Manner::unsplit().into_iter().filter(|manner| can_wait(driver, *manner)) {
            let script = Script::new(&lines, BANNER, manner);
            let mut stream = open(driver, &script);
            send(&mut *stream, HELLO).expect("an open stream");
            assert_eq!(script.state().beyond, HELLO);
            assert_eq!(receive(&mut *stream, 64).expect("an open stream"), BANNER);
        }
    });
}
