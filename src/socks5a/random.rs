//! Random bytes and numbers of the system's generator.

use super::error::Error;
use std::io;

/// Fills with random bytes.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| Error::Random(io::Error::from(error)))
}

/// How many bytes are drawn at once: a system call for each record would cost more than its HMAC.
const DRAWN: usize = 4096;

/// Random bytes that were drawn in advance. None is used twice.
pub(super) struct Stock {
    /// Empty until the first use: many connections use none.
    bytes: Vec<u8>,
    used: usize,
}

impl Stock {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), used: 0 }
    }

    /// Takes at most as many bytes as one byte can count.
    pub(super) fn take(&mut self, len: u8) -> Result<&[u8], Error> {
        let len = usize::from(len);
        if self.used + len > self.bytes.len() {
            self.bytes.resize(DRAWN, 0);
            // If this fails, the next call tries again.
            self.used = DRAWN;
            fill(&mut self.bytes)?;
            self.used = 0;
        }
        let start = self.used;
        self.used += len;
        Ok(&self.bytes[start..self.used])
    }

    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    pub(super) fn number(&mut self) -> Result<u32, Error> {
        let bytes = self.take(4)?;
        Ok(bytes.first_chunk().copied().map_or(0, u32::from_be_bytes))
    }

    /// Returns a number of these, each with nearly the same probability.
    pub(super) fn within(&mut self, least: u16, most: u16) -> Result<u16, Error> {
        let count = u64::from(most.saturating_sub(least)) + 1;
        let above = (u64::from(self.number()?) * count) >> 32;
        Ok(least.saturating_add(u16::try_from(above).unwrap_or(u16::MAX)))
    }

    /// Returns a fraction above 0, up to 1.
    pub(super) fn fraction(&mut self) -> Result<f64, Error> {
        Ok((f64::from(self.number()?) + 1.0) / (f64::from(u32::MAX) + 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_reach_both_ends() {
        let mut stock = Stock::new();
        let drawn: Vec<_> = (0..2000).map(|_| stock.within(3, 6).unwrap()).collect();
        assert!((3..=6).all(|number| drawn.contains(&number)), "{drawn:?}");
        assert!(drawn.iter().all(|number| (3..=6).contains(number)), "{drawn:?}");
        assert_eq!(stock.within(7, 7).unwrap(), 7);
        assert!((0..2000).all(|_| (1..=u16::MAX).contains(&stock.within(1, u16::MAX).unwrap())));
    }

    #[test]
    fn nothing_is_allocated_before_the_first_use() {
        let mut stock = Stock::new();
        assert_eq!(stock.take(0).unwrap(), b"");
        assert_eq!(stock.bytes.capacity(), 0);
        stock.byte().unwrap();
        assert_eq!(stock.bytes.capacity(), DRAWN);
    }

    #[test]
    fn nothing_is_used_twice() {
        let mut stock = Stock::new();
        let mut all: Vec<_> = (0..1000).map(|_| stock.take(16).unwrap().to_vec()).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 1000);
    }
}
