//! An encapsulation whose frames are numbered: one that is lost, doubled or moved is refused.
//!
//! ```text
//! frame:  LEN (3 bytes) | NUMBER | content, all of it xor KEY
//! ```

#![allow(dead_code, reason = "each test crate uses a part of it")]

use anysocks::protocol::{
    Conversation, Encapsulation, Extent, FrameError, Frames, Method, Negotiated, Open, Scratch, Seal, Step,
};
use anysocks::udp::Datagrams;
use anysocks::{Auth, Error, Stage};
use std::ops::Range;

/// The code of the METHOD.
pub(crate) const CODE: u8 = 0x81;
pub(crate) const HEADER: usize = 4;
/// The longest frame that a pump takes.
pub(crate) const LONGEST: usize = 1 << 20;

/// How frames are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) key: u8,
    /// The content of one frame at most.
    pub(crate) capacity: usize,
    /// How many frames without content precede each frame.
    pub(crate) empty: u8,
}

impl Layer {
    pub(crate) const fn new(key: u8, capacity: usize) -> Self {
        Self { key, capacity, empty: 0 }
    }

    pub(crate) fn encapsulation(self) -> Encapsulation {
        Encapsulation::new(Sealer { layer: self, number: 0 }, Opener { key: self.key, number: 0 })
    }

    /// Offers a METHOD without messages that negotiates this.
    pub(crate) fn auth(self) -> Auth {
        Auth::method(CODE, move |_| Ok(Box::new(AtOnce(Some(self))))).expect("a METHOD")
    }

    pub(crate) fn sealer(self) -> Sealer {
        Sealer { layer: self, number: 0 }
    }

    pub(crate) fn opener(self) -> Opener {
        Opener { key: self.key, number: 0 }
    }
}

/// A pump of these layers, from the innermost to the outermost.
pub(crate) fn pump(layers: &[Layer]) -> Frames {
    let frames = layers.iter().map(|layer| Frames::from(layer.encapsulation()));
    frames.reduce(Frames::inside).expect("a layer")
}

/// The frames of all these bytes.
pub(crate) fn sealed(layer: Layer, plain: &[u8]) -> Vec<u8> {
    sealed_by(&mut layer.sealer(), plain)
}

/// The next frames, of all these bytes.
pub(crate) fn sealed_by(sealer: &mut Sealer, mut plain: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    while !plain.is_empty() {
        let n = sealer.seal(plain, &mut frames).expect("a frame");
        plain = &plain[n..];
    }
    frames
}

/// What the frames contain, by the simplest possible parser: the content, the number of bytes of
/// whole frames, and whether a frame behind them is refused.
pub(crate) fn opened(key: u8, wire: &[u8]) -> (Vec<u8>, usize, bool) {
    let (mut plain, mut at) = (Vec::new(), 0);
    for number in (0..=u8::MAX).cycle() {
        let Some(header) = wire.get(at..at + HEADER) else { break };
        let len =
            HEADER + usize::from(header[0]) * 65_536 + usize::from(header[1]) * 256 + usize::from(header[2]);
        if len > LONGEST {
            return (plain, at, true);
        }
        let Some(frame) = wire.get(at..at + len) else { break };
        if header[3] != number {
            return (plain, at, true);
        }
        plain.extend(frame[HEADER..].iter().map(|byte| byte ^ key));
        at += len;
    }
    (plain, at, false)
}

pub(crate) struct Sealer {
    layer: Layer,
    number: u8,
}

impl Sealer {
    fn frame(&mut self, content: &[u8], frames: &mut Vec<u8>) {
        let [_, len @ ..] = u32::try_from(content.len()).expect("a short frame").to_be_bytes();
        frames.extend(len);
        frames.push(self.number);
        frames.extend(content.iter().map(|byte| byte ^ self.layer.key));
        self.number = self.number.wrapping_add(1);
    }
}

impl Seal for Sealer {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        let content = &plain[..plain.len().min(self.layer.capacity)];
        for _ in 0..self.layer.empty {
            self.frame(&[], frames);
        }
        self.frame(content, frames);
        Ok(content.len())
    }

    fn capacity(&self) -> usize {
        self.layer.capacity
    }
}

pub(crate) struct Opener {
    key: u8,
    number: u8,
}

impl Open for Opener {
    fn extent(&self, start: &[u8]) -> Extent {
        match start {
            [a, b, c, _, ..] => {
                Extent::Exactly(HEADER + usize::from(*a) * 65_536 + usize::from(*b) * 256 + usize::from(*c))
            }
            _ => Extent::AtLeast(HEADER),
        }
    }

    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        if frame[3] != self.number {
            return Err(format!("frame {} in the place of {}", frame[3], self.number).into());
        }
        self.number = self.number.wrapping_add(1);
        frame[HEADER..].iter_mut().for_each(|byte| *byte ^= self.key);
        Ok(HEADER..frame.len())
    }
}

/// For datagrams: all of it xor KEY, and one byte more.
struct Ciphered(u8);

impl Datagrams for Ciphered {
    fn overhead(&self) -> usize {
        1
    }

    fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError> {
        sealed.extend(datagram.iter().chain(&[0]).map(|byte| byte ^ self.0));
        Ok(())
    }

    fn open(&self, sealed: &mut [u8]) -> Result<Option<Range<usize>>, FrameError> {
        for byte in sealed.iter_mut() {
            *byte ^= self.0;
        }
        match sealed.split_last() {
            Some((0, datagram)) => Ok(Some(0..datagram.len())),
            _ => Err("another key".into()),
        }
    }
}

/// A METHOD without messages.
struct AtOnce(Option<Layer>);

impl Conversation for AtOnce {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Negotiated> {
        match self.0.take() {
            Some(layer) => Step::Done(layer.encapsulation().datagrams(Ciphered(layer.key)).into()),
            None => Step::Read(&mut []),
        }
    }

    fn advance(&mut self, _: usize) -> Result<(), Error> {
        Err(Error::method("it is over"))
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

impl Method for AtOnce {
    fn name(&self) -> &'static str {
        "a METHOD without messages"
    }
}
