//! What the client does to its records.

use super::error::Error;
use super::jitter::{Jitter, TIMING};
use super::random::Stock;
use std::time::Duration;

/// What [`Tol`](super::Tol) does to the records that the client sends: TYPE.
///
/// It applies to this direction alone: the proxy chooses for its own. The client accepts all five.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obfuscation {
    /// Nothing (`00`).
    None,
    /// Adds 0 to 255 random bytes to each record (`01`).
    Padding,
    /// Delays each record (`02`), and each datagram of `send`, `send_to`, `send_in_place` and
    /// `send_fragmented`.
    ///
    /// Calls that never wait announce the delay and send at once: `try_send_to`, `poll_send_to`,
    /// batches and QUIC.
    Jitter(Jitter),
    /// Splits the bytes into records of random sizes, and sends a record without content before
    /// one in eight (`03`). Datagrams are not split.
    Masking,
    /// All of these (`04`).
    Full(Jitter),
}

/// The most bytes of RAND.
pub(super) const RAND: usize = 255;

/// The same, without the timing parameters.
const MOST_PADDING: u16 = 255 - 8;

impl Obfuscation {
    /// The most bytes by which RAND is longer than nothing.
    pub(super) const fn most_rand(self) -> usize {
        match self {
            Self::None | Self::Masking => 0,
            Self::Jitter(_) => TIMING,
            Self::Padding | Self::Full(_) => RAND,
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Padding => 1,
            Self::Jitter(_) => 2,
            Self::Masking => 3,
            Self::Full(_) => 4,
        }
    }

    const fn jitter(self) -> Option<Jitter> {
        match self {
            Self::Jitter(jitter) | Self::Full(jitter) => Some(jitter),
            _ => None,
        }
    }

    pub(super) const fn is_delayed(self) -> bool {
        self.jitter().is_some()
    }

    const fn is_masked(self) -> bool {
        matches!(self, Self::Masking | Self::Full(_))
    }

    /// Appends RAND of one record.
    pub(super) fn put_rand(self, stock: &mut Stock, record: &mut Vec<u8>) -> Result<(), Error> {
        let timing = self.jitter().map(Jitter::timing);
        record.extend_from_slice(timing.as_ref().map_or(&[], |timing| timing));
        match self {
            Self::Padding => {
                let len = stock.byte()?;
                record.extend_from_slice(stock.take(len)?);
            }
            Self::Full(_) => {
                let len = stock.within(0, MOST_PADDING)?;
                record.extend_from_slice(stock.take(u8::try_from(len).unwrap_or(u8::MAX))?);
            }
            Self::None | Self::Jitter(_) | Self::Masking => {}
        }
        Ok(())
    }

    /// Returns how many of these bytes the next record has.
    pub(super) fn split(self, stock: &mut Stock, len: usize) -> Result<usize, Error> {
        match u16::try_from(len) {
            Ok(most @ 1..) if self.is_masked() => stock.within(1, most).map(usize::from),
            _ => Ok(len),
        }
    }

    /// Draws whether a record without content goes before the next one.
    pub(super) fn is_covered(self, stock: &mut Stock) -> Result<bool, Error> {
        Ok(self.is_masked() && stock.byte()? < 32)
    }

    /// Draws how long the next record waits.
    pub(super) fn pause(self, stock: &mut Stock) -> Result<Duration, Error> {
        self.jitter().map_or(Ok(Duration::ZERO), |jitter| jitter.draw(stock))
    }
}
