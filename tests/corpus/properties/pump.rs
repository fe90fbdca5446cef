//! The pump of frames: the input is its layers, the sizes of reads, writes and pieces, and then the
//! bytes that pass through it.

use super::dice::Dice;
use super::numbered::{self, Layer};
use anysocks::protocol::{FrameError, Incoming};

/// The most that a pump reads at once.
const READ_AHEAD: usize = 1 << 16;

const MOST_SEALED: usize = 100;

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let layers: Vec<_> = (0..=dice.byte() % 2).map(|_| layer(&mut dice)).collect();
    // After so many reads, the tunnel begins.
    let handshake = usize::from(dice.byte() % 32);
    let chunks = dice.chunks();
    for sizes in [&[0][..], &[1], chunks] {
        both_ways(&layers, dice.0, handshake, sizes);
        anything(&layers, dice.0, handshake, sizes);
    }
}

fn layer(dice: &mut Dice<'_>) -> Layer {
    let capacity = 1 + usize::from(dice.byte()) * usize::from(dice.byte());
    Layer { key: dice.byte(), capacity, empty: dice.byte() % 3 }
}

/// What is sealed by one pump is opened by another, whatever the chunks are.
fn both_ways(layers: &[Layer], plain: &[u8], handshake: usize, sizes: &[u8]) {
    // A frame for each byte, in a frame for each byte, is a hundred times as long.
    let plain = &plain[..plain.len().min(MOST_SEALED)];
    let mut outgoing = numbered::pump(layers).outgoing;
    let mut sizes_of_writes = cycle(sizes);
    let (mut rest, mut wire) = (plain, Vec::new());
    while !rest.is_empty() {
        let n = outgoing.put(rest).expect("a frame");
        assert!((1..=rest.len()).contains(&n));
        rest = &rest[n..];
        while !outgoing.pending().is_empty() {
            let n = sizes_of_writes().min(outgoing.pending().len());
            wire.extend(&outgoing.pending()[..n]);
            outgoing.sent(n);
        }
    }
    assert_eq!(reference(layers, &wire), (plain.to_vec(), false));
    assert_eq!(drain(layers, &wire, handshake, sizes), (plain.to_vec(), false));
}

/// Any bytes are opened up to the first that is no frame, and nothing behind it.
fn anything(layers: &[Layer], wire: &[u8], handshake: usize, sizes: &[u8]) {
    assert_eq!(drain(layers, wire, handshake, sizes), reference(layers, wire));
}

/// The plain bytes, and whether a frame is refused.
fn reference(layers: &[Layer], wire: &[u8]) -> (Vec<u8>, bool) {
    layers.iter().rev().fold((wire.to_vec(), false), |(wire, has_failed), layer| {
        let (plain, _, failed) = numbered::opened(layer.key, &wire);
        (plain, has_failed || failed)
    })
}

fn drain(layers: &[Layer], wire: &[u8], handshake: usize, sizes: &[u8]) -> (Vec<u8>, bool) {
    let outermost = layers.last().expect("a layer").key;
    let mut incoming = numbered::pump(layers).incoming;
    let mut next_size = cycle(sizes);
    let (mut plain, mut at, mut reads) = (Vec::new(), 0, 0);
    loop {
        if take(&mut incoming, &mut plain, &mut next_size).is_err() {
            // It stays failed, and what comes later is not read.
            incoming.take(&mut [0; 8]).expect_err("a pump that has failed");
            return (plain, true);
        }
        if at == wire.len() {
            return (plain, false);
        }
        if reads == handshake {
            incoming.read_ahead();
        }
        let is_ahead = reads >= handshake;
        reads += 1;
        let room = incoming.room();
        assert!((1..=READ_AHEAD).contains(&room.len()), "{} bytes", room.len());
        if !is_ahead {
            // Of the frame that is not whole, as far as its length is known.
            let (_, whole, _) = numbered::opened(outermost, &wire[..at]);
            let missing = missing(&wire[whole..at]);
            assert!(room.len() <= missing, "{} bytes, and {missing} are missing", room.len());
        }
        let n = next_size().min(room.len()).min(wire.len() - at);
        room[..n].copy_from_slice(&wire[at..at + n]);
        incoming.filled(n);
        at += n;
    }
}

fn missing(frame: &[u8]) -> usize {
    match frame {
        [a, b, c, _, content @ ..] => {
            usize::from(*a) * 65_536 + usize::from(*b) * 256 + usize::from(*c) - content.len()
        }
        short => numbered::HEADER - short.len(),
    }
}

/// Takes all that is there, in pieces.
fn take(
    incoming: &mut Incoming,
    plain: &mut Vec<u8>,
    next_size: &mut impl FnMut() -> usize,
) -> Result<(), FrameError> {
    let mut buf = [0; 300];
    loop {
        let size = next_size().min(buf.len());
        match incoming.take(&mut buf[..size])? {
            0 => return Ok(()),
            n => plain.extend(&buf[..n]),
        }
    }
}

/// The sizes in turn. 0 means all.
fn cycle(sizes: &[u8]) -> impl FnMut() -> usize + use<'_> {
    let mut sizes = sizes.iter().cycle();
    move || match sizes.next() {
        None | Some(0) => usize::MAX,
        Some(size) => usize::from(*size),
    }
}
