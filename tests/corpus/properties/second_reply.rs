//! BIND's second reply: the input is whether it is encapsulated and how, the chunks, and then the
//! proxy's bytes from the second reply on.

use super::conversation::{Reference, check};
use super::dice::Dice;
use super::numbered::{self, CODE, Layer};
use super::socks5;
use anysocks::protocol::{Conversation, Established, Incoming, Scratch, SecondReply, Socks5, Step};
use anysocks::{Auth, Error, ErrorKind, Stage, Target, V5};

const FIRST: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let (choice, capacity) = (dice.byte(), dice.byte());
    let layer = Layer { key: dice.byte(), capacity: 1 + usize::from(capacity), empty: choice / 2 % 3 };
    let chunks = dice.chunks();
    check(|| SecondReply::<V5>::after(bare()), &socks5::Second, dice.0, chunks);
    for sizes in [&[0][..], &[1], chunks] {
        encapsulated(layer, choice % 2 == 0, sizes, dice.0);
    }
}

/// The first reply of a proxy that wants no METHOD.
fn bare() -> Established {
    let (mut wire, auth) = ([&[5, 0], FIRST].concat(), Auth::none());
    let mut request = Socks5::bind(&auth, target()).expect("a request");
    drive(&mut request, &mut wire, &mut || usize::MAX).expect("the first reply")
}

fn target() -> Target<'static> {
    "192.0.2.9:21".try_into().expect("a target")
}

/// The result is that of the same bytes without frames, and the bytes behind the reply are still
/// in the pump.
fn encapsulated(layer: Layer, is_one_frame: bool, sizes: &[u8], plain: &[u8]) {
    let auth = layer.auth();
    // The first reply may share its frame with the second one.
    let frames = if is_one_frame {
        numbered::sealed(layer, &[FIRST, plain].concat())
    } else {
        let plain: &[&[u8]] = &[FIRST, plain];
        let mut sealer = layer.sealer();
        plain.iter().flat_map(|plain| numbered::sealed_by(&mut sealer, plain)).collect()
    };
    let mut wire = [&[5, CODE][..], &frames].concat();
    let mut sizes = sizes.iter().cycle().map(|&size| if size == 0 { usize::MAX } else { size.into() });
    let mut next_size = || sizes.next().unwrap_or(usize::MAX);
    let mut request = Socks5::bind(&auth, target()).expect("a request");
    let first = drive(&mut request, &mut wire, &mut next_size).expect("the first reply");
    let second = drive(&mut SecondReply::<V5>::after(first), &mut wire, &mut next_size);
    let expected = drive(&mut SecondReply::<V5>::after(bare()), &mut plain.to_vec(), &mut || usize::MAX);
    match (second, expected) {
        (Ok(mut second), Ok(expected)) => {
            assert_eq!(second.bound, expected.bound);
            let (socks5::Heard::Open { at, .. }, _) = socks5::Second.read(plain) else {
                panic!("a grant of {plain:?}");
            };
            let mut frames = second.take_frames().expect("the pump");
            assert_eq!(rest(&mut frames.incoming, &wire), plain[at..]);
        }
        (Err(error), Err(expected)) => {
            assert_eq!(error.stage(), Stage::SecondReply);
            assert_eq!(kind(&error), kind(&expected));
        }
        (second, expected) => panic!("{second:?}, and without frames {expected:?}"),
    }
}

/// An error's kind. How many bytes there were of a reply that is not whole depends on the frames.
fn kind(error: &Error) -> String {
    match error.kind() {
        ErrorKind::EndedEarly { .. } => "ended early".into(),
        kind => format!("{kind:?}"),
    }
}

fn rest(incoming: &mut Incoming, mut wire: &[u8]) -> Vec<u8> {
    let (mut plain, mut buf) = (Vec::new(), [0; 64]);
    loop {
        match incoming.take(&mut buf).expect("frames") {
            0 if wire.is_empty() => return plain,
            0 => {
                let room = incoming.room();
                let n = room.len().min(wire.len());
                room[..n].copy_from_slice(&wire[..n]);
                incoming.filled(n);
                wire = &wire[n..];
            }
            n => plain.extend(&buf[..n]),
        }
    }
}

fn drive<C: Conversation>(
    conversation: &mut C,
    wire: &mut Vec<u8>,
    next_size: &mut impl FnMut() -> usize,
) -> Result<C::Outcome, Error> {
    loop {
        let moved = match conversation.step(&mut Scratch::new()) {
            Step::Write(bytes) => bytes.len(),
            Step::Read(room) => {
                let n = room.len().min(wire.len()).min(next_size());
                room[..n].copy_from_slice(&wire[..n]);
                wire.drain(..n);
                n
            }
            Step::Done(outcome) => return Ok(outcome),
        };
        conversation.advance(moved)?;
    }
}
