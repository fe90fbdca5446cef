//! Random choices: Marsaglia's xorshift, with a seed for each part of the load.

use std::time::Duration;

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below the limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).expect("a limit")).expect("a number below it")
    }

    /// Whether one of this many happens.
    pub(crate) fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    /// A duration below the limit.
    pub(crate) fn within(&mut self, limit: Duration) -> Duration {
        let micros = usize::try_from(limit.as_micros()).expect("less than centuries");
        Duration::from_micros(self.below(micros.max(1)).try_into().expect("micros"))
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}
