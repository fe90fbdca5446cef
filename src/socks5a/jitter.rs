//! How long records wait.

use super::error::Error;
use super::random::Stock;
use std::f64::consts::TAU;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long each record waits before it is sent: a range, and how the times are distributed in it.
///
/// The times are drawn with the system's generator. Each record announces the range and the
/// distribution, which others can read outside of TLS. The front end `futures` needs
/// [`Tol::clock`](super::Tol::clock).
///
/// ```
/// use anysocks::socks5a::{Jitter, Obfuscation};
/// use std::time::Duration;
///
/// let range = Duration::from_millis(5)..=Duration::from_millis(50);
/// let obfuscation = Obfuscation::Full(Jitter::uniform(range)?);
/// # Ok::<(), anysocks::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter {
    least_ms: u16,
    most_ms: u16,
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Uniform = 0,
    Normal = 1,
    Exponential = 2,
}

/// The length of the timing parameters: MIN, MAX, MODE and three reserved bytes.
pub(super) const TIMING: usize = 8;

impl Jitter {
    /// Draws each time of the range with the same probability.
    ///
    /// The ends of the range count in whole milliseconds, up to 65,535. Fractions are cut off.
    ///
    /// # Errors
    ///
    /// - [`Error::JitterOrder`]: the range ends before it begins.
    /// - [`Error::JitterTooLong`]: the range ends above 65,535 ms.
    pub fn uniform(range: RangeInclusive<Duration>) -> Result<Self, crate::Error> {
        Self::new(&range, Mode::Uniform)
    }

    /// Draws from a normal distribution: its mean is the middle of the range, its standard
    /// deviation a sixth of the range's length. Times outside are moved to the nearest end.
    ///
    /// # Errors
    ///
    /// - Those of [`uniform`](Self::uniform).
    pub fn normal(range: RangeInclusive<Duration>) -> Result<Self, crate::Error> {
        Self::new(&range, Mode::Normal)
    }

    /// Draws from an exponential distribution: it begins at the start of the range, and its mean
    /// is a third of the range's length above that. Times above the range are moved to its end.
    ///
    /// # Errors
    ///
    /// - Those of [`uniform`](Self::uniform).
    pub fn exponential(range: RangeInclusive<Duration>) -> Result<Self, crate::Error> {
        Self::new(&range, Mode::Exponential)
    }

    fn new(range: &RangeInclusive<Duration>, mode: Mode) -> Result<Self, crate::Error> {
        let (least, most) = (*range.start(), *range.end());
        if least > most {
            return Err(Error::JitterOrder { least, most }.local());
        }
        let ms =
            |end: Duration| u16::try_from(end.as_millis()).map_err(|_| Error::JitterTooLong(end).local());
        Ok(Self { least_ms: ms(least)?, most_ms: ms(most)?, mode })
    }

    /// Returns MIN, MAX, MODE and the reserved bytes.
    pub(super) const fn timing(self) -> [u8; TIMING] {
        let [a, b] = self.least_ms.to_be_bytes();
        let [c, d] = self.most_ms.to_be_bytes();
        [a, b, c, d, self.mode as u8, 0, 0, 0]
    }

    pub(super) fn draw(self, stock: &mut Stock) -> Result<Duration, Error> {
        let part = match self.mode {
            Mode::Uniform => stock.fraction()?,
            Mode::Normal => {
                // Box and Muller's method.
                let (radius, angle) = ((-2.0 * stock.fraction()?.ln()).sqrt(), TAU * stock.fraction()?);
                0.5 + radius * angle.cos() / 6.0
            }
            Mode::Exponential => -stock.fraction()?.ln() / 3.0,
        };
        let [least, most] = [self.least_ms, self.most_ms].map(|ms| Duration::from_millis(ms.into()));
        Ok(least + most.saturating_sub(least).mul_f64(part.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn mistakes() {
        for (range, expected) in [
            (ms(6)..=ms(5), "JitterOrder { least: 6ms, most: 5ms }"),
            (ms(0)..=ms(65_536), "JitterTooLong(65.536s)"),
        ] {
            for made in [Jitter::uniform, Jitter::normal, Jitter::exponential].map(|new| new(range.clone())) {
                let error = made.unwrap_err();
                assert_eq!(error.stage(), crate::Stage::Preparation);
                assert_eq!(format!("{:?}", Error::of(&error).unwrap()), expected);
            }
        }
    }

    #[test]
    fn what_is_announced() {
        let range = ms(5)..=ms(65_535);
        for (jitter, mode) in [
            (Jitter::uniform(range.clone()), 0),
            (Jitter::normal(range.clone()), 1),
            (Jitter::exponential(range), 2),
        ] {
            assert_eq!(jitter.unwrap().timing(), [0, 5, 0xFF, 0xFF, mode, 0, 0, 0]);
        }
    }

    /// The mean, and the share in the lower half. With 10,000 draws, a sound generator misses
    /// these bounds once in many years.
    #[test]
    fn distributions() {
        let range = ms(100)..=ms(700);
        for (new, mean, lower) in [
            (Jitter::uniform as fn(_) -> _, 400.0, 0.5),
            (Jitter::normal, 400.0, 0.5),
            // Cut off at the end of the range: 600 / 3 * (1 - exp(-3)), and 1 - exp(-1.5).
            (Jitter::exponential, 290.0, 0.777),
        ] {
            let jitter: Jitter = new(range.clone()).unwrap();
            let mut stock = Stock::new();
            let drawn: Vec<_> = (0..10_000).map(|_| jitter.draw(&mut stock).unwrap()).collect();
            assert!(drawn.iter().all(|time| range.contains(time)), "{jitter:?}");
            let sum: f64 = drawn.iter().map(|time| time.as_secs_f64() * 1000.0).sum();
            assert!((sum / 10_000.0 - mean).abs() < 15.0, "{jitter:?}: {sum}");
            let below = drawn.iter().filter(|time| **time < ms(400)).count();
            let below = f64::from(u32::try_from(below).unwrap()) / 10_000.0;
            assert!((below - lower).abs() < 0.04, "{jitter:?}: {below}");
            // The outer thirds of a normal distribution have a sixth of it each.
            let outer = drawn.iter().filter(|time| **time < ms(300) || **time > ms(500)).count();
            let is_narrow = outer < 4000;
            assert_eq!(is_narrow, jitter.mode == Mode::Normal, "{jitter:?}: {outer}");
        }
        let fixed = Jitter::uniform(ms(7)..=ms(7)).unwrap();
        assert_eq!(fixed.draw(&mut Stock::new()).unwrap(), ms(7));
    }
}
