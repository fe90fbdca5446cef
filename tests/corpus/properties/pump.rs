//! The pump of frames: the input is its layers, the sizes of reads, writes and pieces, and then the
//! bytes that pass through it.

use super::dice::Dice;
use super::numbered::{self, Layer};
use super::pieces::{Reads, seal};

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
    let wire = seal(&mut numbered::pump(layers).outgoing, plain, sizes);
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
    Reads { wire, handshake, sizes }.drain(&mut incoming, |read| {
        let (_, whole, _) = numbered::opened(outermost, read);
        missing(&read[whole..])
    })
}

fn missing(frame: &[u8]) -> usize {
    match frame {
        [a, b, c, _, content @ ..] => {
            usize::from(*a) * 65_536 + usize::from(*b) * 256 + usize::from(*c) - content.len()
        }
        short => numbered::HEADER - short.len(),
    }
}
