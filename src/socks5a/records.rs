//! The encapsulation of TOL: records on streams and as datagrams.

#[cfg(test)]
mod tests;

use super::crypto::Mac;
use super::obfuscation::Obfuscation;
use super::random::Stock;
use super::record::{self, HEADER, OVERHEAD, On};
use crate::protocol::encapsulation::{Datagrams, Encapsulation, Extent, FrameError, Open, Seal};
use crate::protocol::pause::Clock;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Returns the encapsulation with this key of the session.
pub(super) fn encapsulation(key: &[u8], obfuscation: Obfuscation, clock: Option<Clock>) -> Encapsulation {
    let mac = Mac::new(key);
    let sealer = Sealer { mac: mac.clone(), obfuscation, clock, stock: Stock::new(), pause: Duration::ZERO };
    let letters = Letters { mac: mac.clone(), obfuscation, stock: Mutex::new(Stock::new()) };
    Encapsulation::new(sealer, Opener(mac)).datagrams(letters)
}

struct Sealer {
    mac: Mac,
    obfuscation: Obfuscation,
    clock: Option<Clock>,
    stock: Stock,
    /// How long the last record waits.
    pause: Duration,
}

impl Seal for Sealer {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        let Self { mac, obfuscation, stock, .. } = self;
        let code = obfuscation.code();
        // For a record without content too: otherwise a long RAND would take memory later.
        frames.reserve(2 * OVERHEAD + plain.len());
        if obfuscation.is_covered(stock)? {
            On::Stream.put(mac, code, |rand| obfuscation.put_rand(stock, rand), &[], frames)?;
        }
        let n = obfuscation.split(stock, plain.len())?;
        On::Stream.put(mac, code, |rand| obfuscation.put_rand(stock, rand), &plain[..n], frames)?;
        self.pause = obfuscation.pause(stock)?;
        Ok(n)
    }

    fn capacity(&self) -> usize {
        16 * 1024
    }

    fn pause(&mut self) -> Duration {
        self.pause
    }

    fn clock(&self) -> Option<Clock> {
        self.clock
    }
}

struct Opener(Mac);

impl Open for Opener {
    fn extent(&self, start: &[u8]) -> Extent {
        record::extent(start)
    }

    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        Ok(On::Stream.open(&self.0, frame)?)
    }
}

struct Letters {
    mac: Mac,
    obfuscation: Obfuscation,
    stock: Mutex<Stock>,
}

impl Letters {
    fn put(&self, stock: &mut Stock, message: &[u8], sealed: &mut Vec<u8>) -> Result<(), super::Error> {
        let obfuscation = self.obfuscation;
        let put_rand = |rand: &mut Vec<u8>| obfuscation.put_rand(stock, rand);
        On::Datagrams.put(&self.mac, obfuscation.code(), put_rand, message, sealed)
    }
}

impl Datagrams for Letters {
    fn overhead(&self) -> usize {
        HEADER + self.obfuscation.most_rand()
    }

    fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError> {
        let mut stock = self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        sealed.reserve(self.overhead() + datagram.len());
        Ok(self.put(&mut stock, datagram, sealed)?)
    }

    fn pause(&self) -> Result<Duration, FrameError> {
        if !self.obfuscation.is_delayed() {
            return Ok(Duration::ZERO);
        }
        let mut stock = self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.obfuscation.pause(&mut stock)?)
    }

    fn open(&self, sealed: &mut [u8]) -> Result<Option<Range<usize>>, FrameError> {
        let message = On::Datagrams.open(&self.mac, sealed)?;
        Ok(Some(message).filter(|message| !message.is_empty()))
    }

    fn cover(&self, sealed: &mut Vec<u8>) -> bool {
        let mut stock = self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        // If the system has no random bytes, `seal` fails with the error.
        let is_covered = self.obfuscation.is_covered(&mut stock).unwrap_or(false);
        is_covered && self.put(&mut stock, &[], sealed).is_ok()
    }
}
