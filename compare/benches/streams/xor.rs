//! A METHOD without messages, and a cheap encapsulation: the content, xor a constant, behind its
//! length in four bytes.

use anysocks::protocol::{
    Conversation, Encapsulation, Extent, FrameError, Method, Negotiated, Open, Scratch, Seal, Step,
};
use anysocks::{Error, Stage};
use std::ops::Range;

pub(crate) const CODE: u8 = 0x80;
pub(crate) const HEADER: usize = 4;
const KEY: u8 = 0x5A;

/// Appends a frame.
pub(crate) fn frame(content: &[u8], frames: &mut Vec<u8>) {
    let start = frames.len() + HEADER;
    frames.extend(u32::try_from(content.len()).expect("a short frame").to_be_bytes());
    frames.extend_from_slice(content);
    cipher(&mut frames[start..]);
}

pub(crate) fn cipher(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(|byte| *byte ^= KEY);
}

struct Xor {
    capacity: usize,
}

impl Seal for Xor {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        let n = plain.len().min(self.capacity);
        frame(&plain[..n], frames);
        Ok(n)
    }

    fn capacity(&self) -> usize {
        self.capacity
    }
}

impl Open for Xor {
    fn extent(&self, start: &[u8]) -> Extent {
        match start.first_chunk() {
            Some(len) => Extent::Exactly(HEADER.saturating_add(u32::from_be_bytes(*len) as usize)),
            None => Extent::AtLeast(HEADER),
        }
    }

    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        cipher(&mut frame[HEADER..]);
        Ok(HEADER..frame.len())
    }
}

pub(crate) struct AtOnce {
    pub(crate) capacity: usize,
}

impl Conversation for AtOnce {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, _: &'s mut Scratch) -> Step<'s, Negotiated> {
        let halves = || Xor { capacity: self.capacity };
        Step::Done(Encapsulation::new(halves(), halves()).into())
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
