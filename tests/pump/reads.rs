//! How much is read: in a handshake never a byte too many, in a tunnel many frames at once.

use crate::numbered::{self, HEADER, Layer};
use crate::{LAYERS, odd, payload, read, seal, take_all};
use anysocks::protocol::Extent;

/// The bytes behind the frames are for another reader, wherever the frames are cut.
#[test]
fn no_byte_too_many_in_a_handshake() {
    for layers in LAYERS {
        let payload = payload(21);
        let frames = seal(&mut numbered::pump(layers).outgoing, &payload);
        // Behind them, what would be a long frame.
        let wire = [&frames[..], &[0x01; 100]].concat();
        for cut in 0..=frames.len() {
            let mut incoming = numbered::pump(layers).incoming;
            let (mut plain, mut at) = (Vec::new(), 0);
            while plain.len() < payload.len() {
                let end = if at < cut { cut } else { wire.len() };
                at += read(&mut incoming, &wire[at..end]);
                take_all(&mut incoming, &mut plain).expect("frames");
            }
            assert_eq!((plain, at), (payload.clone(), frames.len()), "cut at {cut}");
            assert_eq!(incoming.partial(), 0);
        }
    }
}

/// Returns the number of reads in a tunnel over a socket in which all of it is waiting.
fn reads(layers: &[Layer], wire: &[u8], expected: &[u8]) -> usize {
    let mut incoming = numbered::pump(layers).incoming;
    incoming.read_ahead();
    let (mut plain, mut at, mut reads) = (Vec::new(), 0, 0);
    while at < wire.len() {
        at += read(&mut incoming, &wire[at..]);
        reads += 1;
        take_all(&mut incoming, &mut plain).expect("frames");
    }
    assert!(plain == expected, "other bytes");
    reads
}

#[test]
fn many_frames_in_one_read() {
    let outer = Layer::new(0x33, 16_384);
    for (frame, frames, most) in [(100, 100, 1), (100, 6000, 11), (16_384, 40, 16), (65_536, 10, 16)] {
        let layer = Layer::new(0x5A, frame);
        let payload = payload(frame * frames);
        for layers in [&[layer][..], &[layer, outer]] {
            let wire = seal(&mut numbered::pump(layers).outgoing, &payload);
            let reads = reads(layers, &wire, &payload);
            assert!(reads <= most, "{reads} reads for {frames} frames of {frame} bytes, {layers:?}");
        }
    }
}

/// Once a connection is fast, a frame of 64 KiB takes one read.
#[test]
fn one_read_for_a_long_frame() {
    let layers = [Layer::new(0x5A, 65_536)];
    let payload = payload(20 * 65_536);
    let wire = seal(&mut numbered::pump(&layers).outgoing, &payload);
    assert!(reads(&layers, &wire, &payload) <= 22);
}

/// Old bytes are still in the room: nothing fills it with zeros for each frame.
#[test]
fn no_zeros_for_each_frame() {
    for (frame, is_ahead) in [(100, false), (100, true), (16_000, false), (16_000, true)] {
        let layers = [Layer::new(0x5A, frame)];
        let mut frames = numbered::pump(&layers);
        if is_ahead {
            frames.incoming.read_ahead();
        }
        let payload = payload(frame);
        for round in 0..3 {
            let wire = seal(&mut frames.outgoing, &payload);
            let (mut plain, mut at) = (Vec::new(), 0);
            while at < wire.len() {
                let room = frames.incoming.room();
                let is_zero = room.iter().skip(HEADER).all(|byte| *byte == 0);
                assert!(room.len() <= HEADER || is_zero == (round == 0), "round {round}");
                at += read(&mut frames.incoming, &wire[at..]);
                take_all(&mut frames.incoming, &mut plain).expect("frames");
            }
            assert_eq!(plain, payload);
        }
    }
}

/// The pump passes the frame itself, and delivers the content from where it lies.
#[test]
fn opened_in_place() {
    let mut incoming = odd(
        |start| start.first().map_or(Extent::AtLeast(1), |len| Extent::Exactly(usize::from(*len))),
        |frame| {
            frame.reverse();
            Ok(1..frame.len() - 1)
        },
    );
    incoming.read_ahead();
    assert_eq!(read(&mut incoming, b"\x06cba.\x02"), 6);
    let mut plain = Vec::new();
    take_all(&mut incoming, &mut plain).expect("frames");
    assert_eq!(plain, b".abc");
}

/// Takes that are shorter than a frame, of several frames, and of nothing.
#[test]
fn takes_of_any_length() {
    for layers in LAYERS {
        let payload = payload(60);
        let wire = seal(&mut numbered::pump(layers).outgoing, &payload);
        for len in 1..=61 {
            let mut incoming = numbered::pump(layers).incoming;
            incoming.read_ahead();
            assert_eq!(read(&mut incoming, &wire), wire.len());
            let (mut plain, mut buf) = (Vec::<u8>::new(), vec![0; len]);
            loop {
                assert_eq!(incoming.take(&mut []).expect("nothing"), 0);
                let n = incoming.take(&mut buf).expect("frames");
                assert_eq!(n, len.min(payload.len() - plain.len()), "all frames are there");
                if n == 0 {
                    break;
                }
                plain.extend(&buf[..n]);
            }
            assert_eq!(plain, payload);
        }
    }
}
