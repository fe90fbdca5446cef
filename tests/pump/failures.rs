//! Frames that can't be sealed or opened.

use crate::numbered::{self, LONGEST, Layer};
use crate::{LAYERS, odd, payload, read, take_all};
use anysocks::protocol::{Encapsulation, Extent, FrameError, Frames, Seal};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a `seal` fails after it has appended half a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Error,
    TakesNothing,
    TakesTooMuch,
    NoFrame,
    Shrinks,
    Panic,
}

const FAULTS: [Fault; 6] =
    [Fault::Error, Fault::TakesNothing, Fault::TakesTooMuch, Fault::NoFrame, Fault::Shrinks, Fault::Panic];

/// Seals frames of one byte, and fails at the last one.
struct Failing {
    good: usize,
    fault: Fault,
}

impl Seal for Failing {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        if let Some(left) = self.good.checked_sub(1) {
            self.good = left;
            frames.extend([b'<', plain[0]]);
            return Ok(1);
        }
        frames.push(b'<');
        match self.fault {
            Fault::Error => Err("out of keys".into()),
            Fault::TakesNothing => Ok(0),
            Fault::TakesTooMuch => Ok(plain.len() + 1),
            Fault::NoFrame => {
                frames.pop();
                Ok(1)
            }
            Fault::Shrinks => {
                frames.clear();
                Ok(1)
            }
            Fault::Panic => panic!("a fault of the encapsulation"),
        }
    }
}

fn failing(good: usize, fault: Fault) -> Frames {
    Encapsulation::new(Failing { good, fault }, Layer::new(0, 1).opener()).into()
}

/// Whether it fails, with an error or a panic.
fn fails(frames: &mut Frames) -> bool {
    let put = catch_unwind(AssertUnwindSafe(|| frames.outgoing.put(b"more")));
    put.map_or(true, |put| put.is_err())
}

#[test]
fn nothing_of_a_frame_that_failed_is_sent() {
    for fault in FAULTS {
        for sent in [0, 1, 2] {
            let mut frames = failing(1, fault);
            assert_eq!(frames.outgoing.put(b"a").expect("a frame"), 1);
            frames.outgoing.sent(sent);
            for _ in 0..3 {
                assert!(fails(&mut frames), "{fault:?}");
                let left = frames.outgoing.pending();
                // An encapsulation that removes earlier frames loses them.
                assert!(left == &b"<a"[sent..] || fault == Fault::Shrinks && left.is_empty(), "{left:?}");
            }
            assert_eq!(frames.outgoing.put(b"").expect("nothing"), 0);
            frames.outgoing.sent(usize::MAX);
            assert_eq!(frames.outgoing.pending(), b"");
        }
    }
}

/// The frame of an inner encapsulation goes as a whole, or not at all: the outer one may fail at
/// any of its own frames.
#[test]
fn nothing_of_it_is_sent_by_an_outer_layer() {
    let inner = Layer::new(0x5A, 4);
    let whole = numbered::sealed(inner, b"good");
    for fault in FAULTS {
        for more in 0..whole.len() {
            let mut frames = Frames::from(inner.encapsulation()).inside(failing(whole.len() + more, fault));
            assert_eq!(frames.outgoing.put(b"good").expect("a frame"), 4);
            let before = frames.outgoing.pending().to_vec();
            assert_eq!(before.len(), 2 * whole.len());
            for _ in 0..3 {
                assert!(fails(&mut frames), "{fault:?}");
                let left = frames.outgoing.pending();
                assert!(left == before || fault == Fault::Shrinks && left.is_empty(), "{fault:?}");
            }
        }
        // The inner one fails, and the outer one does not see it.
        let outer = Layer::new(0x33, 100);
        let mut frames = failing(1, fault).inside(outer.encapsulation().into());
        assert_eq!(frames.outgoing.put(b"a").expect("a frame"), 1);
        assert!(fails(&mut frames) && fails(&mut frames), "{fault:?}");
        assert_eq!(frames.outgoing.pending(), numbered::sealed(outer, b"<a"));
    }
}

/// What a METHOD left can't be sealed by the outer encapsulation: the tunnel fails.
#[test]
fn frames_that_were_left_can_not_be_put_inside() {
    let mut own = Frames::from(Layer::new(0x5A, 7).encapsulation());
    own.outgoing.put(b"left").expect("a frame");
    let mut both = own.inside(failing(3, Fault::Error));
    assert!(fails(&mut both));
    assert!(fails(&mut failing(0, Fault::Error).inside(failing(9, Fault::Error))));
}

/// The bytes before a refused frame are delivered, then its error, then a failure for good.
#[test]
fn the_error_comes_behind_the_plain_bytes() {
    for layers in LAYERS {
        let mut wire = numbered::sealed(layers[0], &payload(14));
        // A third frame with the number of the second.
        let second = wire[wire.len() / 2..].to_vec();
        wire.extend(second);
        let wire = layers[1..].iter().fold(wire, |wire, layer| numbered::sealed(*layer, &wire));
        let mut incoming = numbered::pump(layers).incoming;
        incoming.read_ahead();
        read(&mut incoming, &wire);
        let mut buf = [0; 64];
        assert_eq!(incoming.take(&mut buf).expect("two frames"), 14);
        let errors: Vec<_> =
            (0..3).map(|_| incoming.take(&mut buf).expect_err("a refused frame").to_string()).collect();
        assert_eq!(errors[0], "frame 1 in the place of 2");
        assert_eq!(errors[1..], ["an earlier frame was refused"; 2]);
    }
}

#[test]
fn extents_that_no_frame_has() {
    for extent in [
        Extent::Exactly(0),
        Extent::Exactly(LONGEST + 1),
        Extent::Exactly(usize::MAX),
        Extent::AtLeast(LONGEST + 1),
        Extent::AtLeast(usize::MAX),
    ] {
        for is_ahead in [false, true] {
            let mut incoming = odd(move |_| extent, |frame| Ok(0..frame.len()));
            if is_ahead {
                incoming.read_ahead();
            }
            assert_eq!(incoming.take(&mut [0; 8]).expect("nothing is there"), 0, "{extent:?}");
            read(&mut incoming, b"x");
            for _ in 0..3 {
                incoming.take(&mut [0; 8]).expect_err("no frame");
            }
        }
    }
}

/// An extent that is never more than is there: the frame is read byte by byte.
#[test]
fn too_small_an_extent() {
    let end = |start: &[u8]| start.iter().position(|byte| *byte == b'\n');
    for least in [0, 1, 3] {
        for is_ahead in [false, true] {
            let extent =
                move |start: &[u8]| end(start).map_or(Extent::AtLeast(least), |end| Extent::Exactly(end + 1));
            let mut incoming = odd(extent, |frame| Ok(0..frame.len() - 1));
            if is_ahead {
                incoming.read_ahead();
            }
            let (mut wire, mut plain) = (&b"abcdef\n\nxyz\nleft"[..], Vec::new());
            while !wire.is_empty() {
                wire = &wire[read(&mut incoming, wire)..];
                take_all(&mut incoming, &mut plain).expect("frames");
            }
            assert_eq!((&plain[..], incoming.partial()), (&b"abcdefxyz"[..], 4));
        }
    }
}

#[test]
fn content_outside_of_the_frame() {
    #[allow(clippy::reversed_empty_ranges, reason = "it has to be refused")]
    for content in [0..5, 5..5, 3..2, usize::MAX..usize::MAX, 0..usize::MAX] {
        let mut incoming = odd(|_| Extent::Exactly(4), move |_| Ok(content.clone()));
        read(&mut incoming, b"abcd");
        for _ in 0..3 {
            incoming.take(&mut [0; 8]).expect_err("no content");
        }
    }
}

/// After a panic in `open`, the bytes of the outer frames are not taken for inner ones.
#[test]
fn a_panic_fails_the_stream() {
    let panics = || odd(|_| Extent::Exactly(4), |_| panic!("a fault of the encapsulation"));
    let inside = || {
        let mut outer = numbered::pump(&[Layer::new(0x33, 9)]);
        outer.incoming = panics();
        numbered::pump(&[Layer::new(0x5A, 9)]).inside(outer).incoming
    };
    for mut incoming in [panics(), inside()] {
        read(&mut incoming, b"abcd");
        catch_unwind(AssertUnwindSafe(|| incoming.take(&mut [0; 8]))).expect_err("a panic");
        for _ in 0..3 {
            read(&mut incoming, b"\0\0\0\0");
            incoming.take(&mut [0; 8]).expect_err("a pump that has failed");
        }
    }
}
