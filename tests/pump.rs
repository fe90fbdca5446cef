//! The pump of frames, without a stream.

#[path = "pump/bounds.rs"]
mod bounds;
#[path = "pump/failures.rs"]
mod failures;
#[path = "corpus/properties/numbered.rs"]
mod numbered;
#[path = "pump/reads.rs"]
mod reads;

use anysocks::protocol::{Extent, FrameError, Frames, Incoming, Open, Outgoing};
use numbered::Layer;
use std::ops::Range;

/// One layer, two and three.
const LAYERS: &[&[Layer]] = &[
    &[Layer::new(0x5A, 7)],
    &[Layer::new(0x5A, 7), Layer { key: 0x33, capacity: 5, empty: 1 }],
    &[Layer::new(0x5A, 7), Layer::new(0x33, 1000), Layer { key: 0x44, capacity: 3, empty: 2 }],
];

/// Bytes of which none is like its neighbours.
fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251).to_le_bytes()[0] ^ (at / 251 % 241).to_le_bytes()[0]).collect()
}

/// Seals all of it, and returns the frames.
fn seal(outgoing: &mut Outgoing, mut plain: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    while !plain.is_empty() {
        let n = outgoing.put(plain).expect("a frame");
        plain = &plain[n..];
        wire.extend(outgoing.pending());
        outgoing.sent(usize::MAX);
    }
    wire
}

/// What one read makes of the start of `wire`. Returns the number of bytes that were read.
fn read(incoming: &mut Incoming, wire: &[u8]) -> usize {
    let room = incoming.room();
    let n = room.len().min(wire.len());
    room[..n].copy_from_slice(&wire[..n]);
    incoming.filled(n);
    n
}

fn take_all(incoming: &mut Incoming, plain: &mut Vec<u8>) -> Result<(), FrameError> {
    let mut buf = [0; 4096];
    loop {
        match incoming.take(&mut buf)? {
            0 => return Ok(()),
            n => plain.extend(&buf[..n]),
        }
    }
}

/// Reads all of it in chunks, and returns what it contains.
fn open(incoming: &mut Incoming, wire: &[u8], chunks: &[usize]) -> Result<Vec<u8>, FrameError> {
    let (mut plain, mut wire) = (Vec::new(), wire);
    let mut chunks = chunks.iter().copied().chain(std::iter::repeat(usize::MAX));
    while !wire.is_empty() {
        let mut chunk = &wire[..chunks.next().unwrap_or(usize::MAX).min(wire.len())];
        wire = &wire[chunk.len()..];
        while !chunk.is_empty() {
            chunk = &chunk[read(incoming, chunk)..];
            take_all(incoming, &mut plain)?;
        }
    }
    Ok(plain)
}

/// An `Open` of two functions.
struct Odd<E, O>(E, O);

impl<E, O> Open for Odd<E, O>
where
    E: Fn(&[u8]) -> Extent + Send + Sync,
    O: FnMut(&mut [u8]) -> Result<Range<usize>, FrameError> + Send + Sync,
{
    fn extent(&self, start: &[u8]) -> Extent {
        (self.0)(start)
    }

    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        (self.1)(frame)
    }
}

/// A pump with this `Open`.
fn odd<E, O>(extent: E, open: O) -> Incoming
where
    E: Fn(&[u8]) -> Extent + Send + Sync + 'static,
    O: FnMut(&mut [u8]) -> Result<Range<usize>, FrameError> + Send + Sync + 'static,
{
    let seal = Layer::new(0, 7).sealer();
    Frames::from(anysocks::protocol::Encapsulation::new(seal, Odd(extent, open))).incoming
}

/// Each in a handshake and in a tunnel.
fn each(test: impl Fn(&[Layer], &dyn Fn() -> Frames)) {
    for layers in LAYERS {
        for is_ahead in [false, true] {
            println!("{} layers, ahead: {is_ahead}", layers.len());
            test(layers, &|| {
                let mut frames = numbered::pump(layers);
                if is_ahead {
                    frames.incoming.read_ahead();
                }
                frames
            });
        }
    }
}

#[test]
fn both_ways() {
    each(|_, pump| {
        let payload = payload(500);
        let wire = seal(&mut pump().outgoing, &payload);
        for size in [1, 2, 3, 7, 100, usize::MAX] {
            let chunks = [size].repeat(wire.len());
            assert!(
                open(&mut pump().incoming, &wire, &chunks).expect("frames") == payload,
                "{size} at a time"
            );
        }
    });
}

/// Two frames that arrive as one piece, and in two that are cut at each place.
#[test]
fn two_frames_cut_at_each_place() {
    each(|_, pump| {
        let payload = payload(14);
        let wire = seal(&mut pump().outgoing, &payload);
        for cut in 0..=wire.len() {
            assert_eq!(open(&mut pump().incoming, &wire, &[cut]).expect("frames"), payload, "cut at {cut}");
        }
    });
}

/// Frames of any number of bytes are written in any pieces.
#[test]
fn written_in_any_pieces() {
    for layers in LAYERS {
        for size in 1..40 {
            let mut frames = numbered::pump(layers);
            let (payload, mut wire) = (payload(100), Vec::new());
            let mut rest = &payload[..];
            while !rest.is_empty() || !frames.outgoing.pending().is_empty() {
                // A frame more is sealed although the last one is not written.
                rest = &rest[frames.outgoing.put(rest).expect("a frame")..];
                let n = frames.outgoing.pending().len().min(size);
                wire.extend(&frames.outgoing.pending()[..n]);
                frames.outgoing.sent(n);
            }
            assert_eq!(open(&mut frames.incoming, &wire, &[]).expect("frames"), payload);
        }
    }
}

/// A frame that is lost, doubled or moved is refused, in each layer. What precedes it is delivered.
#[test]
fn lost_doubled_and_moved_frames() {
    for layers in LAYERS {
        for layer in 0..layers.len() {
            for (wrong, before) in [(&[0, 2, 3][..], 1), (&[0, 1, 1, 2], 2), (&[1, 0, 2], 0), (&[0, 2, 1], 1)]
            {
                let (inner, outer) = layers.split_at(layer + 1);
                let mut pump = numbered::pump(inner).outgoing;
                let frames: Vec<_> = payload(28).chunks(7).map(|part| seal(&mut pump, part)).collect();
                let wire: Vec<u8> = wrong.iter().flat_map(|number| frames[*number].clone()).collect();
                let wire = outer.iter().fold(wire, |wire, layer| numbered::sealed(*layer, &wire));
                let mut incoming = numbered::pump(layers).incoming;
                incoming.read_ahead();
                read(&mut incoming, &wire);
                let mut plain = Vec::new();
                let error = take_all(&mut incoming, &mut plain).expect_err("a frame out of order");
                assert!(error.to_string().contains("in the place of"), "{error}");
                assert_eq!(plain, payload(7 * before));
                incoming.take(&mut [0; 8]).expect_err("a pump that has failed");
            }
        }
    }
}

/// A METHOD's own pump is put into that of an earlier proxy, with frames that are not written yet.
#[test]
fn frames_that_were_left_are_put_inside() {
    let [inner, outer] = [Layer::new(0x5A, 7), Layer::new(0x33, 5)];
    let mut own = Frames::from(inner.encapsulation());
    let wire = {
        own.outgoing.put(b"before").expect("a frame");
        own.outgoing.sent(3);
        let mut both = own.inside(outer.encapsulation().into());
        both.outgoing.put(b"after").expect("a frame");
        both.outgoing.pending().to_vec()
    };
    let (frames, ..) = numbered::opened(outer.key, &wire);
    let expected = numbered::sealed_by(&mut inner.sealer(), b"before");
    assert_eq!(frames[..7], expected[3..]);
}
