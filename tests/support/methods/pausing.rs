//! An encapsulation that shapes traffic: each frame waits before it leaves.

use super::numbered::{Letters, Side};
use anysocks::protocol::{Clock, Encapsulation, FrameError, Negotiated, Seal};
use std::time::Duration;

/// Pauses so long before each frame, with this clock on a front end that has none.
pub(crate) fn negotiated(code: u8, pause: Duration, clock: Option<Clock>) -> Negotiated {
    Encapsulation::new(Pausing { side: Side::client(code), pause, clock }, Side::proxy(code)).into()
}

/// The same for an association, on whose connection the proxy accepts further requests.
pub(crate) fn of_association(code: u8, pause: Duration) -> Negotiated {
    let seal = Pausing { side: Side::client(code), pause, clock: None };
    let streams = Encapsulation::new(seal, Side::proxy(code)).datagrams(Letters::client(code));
    Negotiated::from(streams).several_requests()
}

struct Pausing {
    side: Side,
    pause: Duration,
    clock: Option<Clock>,
}

impl Seal for Pausing {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        self.side.seal(plain, frames)
    }

    fn capacity(&self) -> usize {
        self.side.capacity()
    }

    fn pause(&mut self) -> Duration {
        self.pause
    }

    fn clock(&self) -> Option<Clock> {
        self.clock
    }
}
