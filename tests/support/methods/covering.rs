//! An encapsulation with cover traffic: empty frames around each frame, and an empty datagram
//! before each datagram.

use super::numbered::{Letters, Side};
use anysocks::protocol::{Encapsulation, FrameError, Negotiated, Seal};
use anysocks::udp::Datagrams;
use std::ops::Range;

pub(crate) fn negotiated(code: u8) -> Negotiated {
    Encapsulation::new(Covering(Side::client(code)), Side::proxy(code))
        .datagrams(Covering(Letters::client(code)))
        .into()
}

struct Covering<T>(T);

impl Seal for Covering<Side> {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        frames.extend(self.0.frame(b""));
        let taken = self.0.seal(plain, frames)?;
        frames.extend(self.0.frame(b""));
        Ok(taken)
    }
}

impl Datagrams for Covering<Letters> {
    fn overhead(&self) -> usize {
        self.0.overhead()
    }

    fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError> {
        self.0.seal(datagram, sealed)
    }

    fn open(&self, sealed: &mut [u8]) -> Result<Option<Range<usize>>, FrameError> {
        self.0.open(sealed)
    }

    fn cover(&self, sealed: &mut Vec<u8>) -> bool {
        self.0.seal(b"", sealed).is_ok()
    }
}
