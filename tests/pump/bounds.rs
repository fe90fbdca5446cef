//! Memory: bounded each way, and none for each frame.

use crate::numbered::{self, HEADER, LONGEST, Layer};
use crate::{odd, payload, read};
use allocation_counter::measure;
use anysocks::protocol::{Extent, Frames};

/// A frame that is announced, and not sent, takes no memory.
#[test]
fn memory_grows_with_what_is_received() {
    for is_ahead in [false, true] {
        for announced in [LONGEST - HEADER, 1 << 20, 1 << 30] {
            let extent = move |start: &[u8]| match start.len() {
                0..HEADER => Extent::AtLeast(HEADER),
                _ => Extent::Exactly(HEADER + announced),
            };
            let taken = measure(|| {
                let mut incoming = odd(extent, |frame| Ok(HEADER..frame.len()));
                if is_ahead {
                    incoming.read_ahead();
                }
                read(&mut incoming, &[0; HEADER]);
                let failed = incoming.take(&mut [0; 8]).is_err();
                assert_eq!(failed, HEADER + announced > LONGEST);
                if !failed {
                    assert!(incoming.room().len() <= 1 << 16);
                }
            });
            assert!(taken.bytes_max < 1 << 16, "{} bytes for a frame of {announced}", taken.bytes_max);
        }
    }
}

/// The longest frame, read byte by byte or all at once, and then short ones: a read stays short.
#[test]
fn the_longest_frame() {
    let layer = Layer::new(0x5A, LONGEST - HEADER);
    let payload = payload(LONGEST - HEADER);
    let wire = numbered::sealed(layer, &payload.repeat(2));
    let taken = measure(|| {
        let mut incoming = numbered::pump(&[layer]).incoming;
        incoming.read_ahead();
        let (mut rest, mut heard, mut buf) = (&wire[..], 0, vec![0; 1 << 16]);
        while !rest.is_empty() {
            assert!(incoming.room().len() <= 1 << 16, "{} bytes at once", incoming.room().len());
            // The second frame byte by byte, at first.
            let size = if (LONGEST..LONGEST + 5000).contains(&heard) { 1 } else { rest.len() };
            rest = &rest[read(&mut incoming, &rest[..size])..];
            loop {
                let n = incoming.take(&mut buf).expect("frames");
                assert!(buf[..n] == payload.repeat(2)[heard..heard + n], "other bytes");
                heard += n;
                if n == 0 {
                    break;
                }
            }
        }
        assert_eq!(heard, 2 * payload.len());
    });
    // The copies of the payload are the test's.
    assert!(taken.bytes_max <= (2 * payload.len() + (5 << 19)) as u64, "{} bytes", taken.bytes_max);
}

/// A proxy that sends frames without content alone, and without end.
#[test]
fn empty_frames_take_no_memory() {
    let layers = [Layer { key: 0x5A, capacity: 1, empty: 255 }, Layer { key: 0x33, capacity: 3, empty: 3 }];
    for layers in [&layers[..1], &layers] {
        let mut frames = numbered::pump(layers);
        let taken = measure(|| {
            frames.incoming.read_ahead();
            let mut number = 0_u8;
            for _ in 0..10_000 {
                let mut wire = Vec::with_capacity(1 << 10);
                for _ in 0..100 {
                    wire.extend([0, 0, 0, number]);
                    number = number.wrapping_add(1);
                }
                let mut rest = &wire[..];
                while !rest.is_empty() {
                    rest = &rest[read(&mut frames.incoming, rest)..];
                    assert_eq!(frames.incoming.take(&mut [0; 8]).expect("frames"), 0);
                }
            }
        });
        assert!(taken.bytes_max <= 100_000, "{} bytes", taken.bytes_max);
    }
}

/// One `put` takes as much as the encapsulation's capacity, at most 1 MiB.
#[test]
fn one_frame_of_all_that_is_to_be_sent() {
    for (capacity, most) in [(100, 100), (LONGEST, LONGEST), (usize::MAX, LONGEST)] {
        let mut frames = Frames::from(Layer::new(0x5A, capacity).encapsulation());
        let plain = vec![0; 4 * LONGEST];
        let taken = measure(|| assert_eq!(frames.outgoing.put(&plain).expect("a frame"), most));
        assert!(taken.bytes_max <= (2 * most + 1024) as u64, "{} bytes", taken.bytes_max);
    }
}

/// Frames of the same lengths as before take no memory.
#[test]
fn nothing_is_allocated_once_warm() {
    let outer = Layer { key: 0x33, capacity: 900, empty: 1 };
    for layers in [&[Layer::new(0x5A, 4000)][..], &[Layer::new(0x5A, 4000), outer]] {
        let mut frames = numbered::pump(layers);
        frames.incoming.read_ahead();
        let (payload, mut heard) = (payload(10_000), vec![0; 10_000]);
        let mut wire = Vec::with_capacity(1 << 16);
        for round in 0..6 {
            let taken = measure(|| {
                wire.clear();
                let mut rest = &payload[..];
                while !rest.is_empty() {
                    rest = &rest[frames.outgoing.put(rest).expect("a frame")..];
                    wire.extend(frames.outgoing.pending());
                    frames.outgoing.sent(usize::MAX);
                }
                let (mut rest, mut at) = (&wire[..], 0);
                while !rest.is_empty() {
                    rest = &rest[read(&mut frames.incoming, rest)..];
                    at += frames.incoming.take(&mut heard[at..]).expect("frames");
                }
            });
            assert!(heard == payload, "other bytes");
            assert!(round < 2 || taken.count_total == 0, "{} allocations", taken.count_total);
        }
    }
}
