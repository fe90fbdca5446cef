//! Sealed frames and datagrams: `01 | 03 | LEN | wrap(content)`.

use super::error::Error;
use super::level::{Level, Terms};
use super::mechanism::{Context, Order, Unwrapped};
use super::message::{self, DATA, HEADER, LONGEST};
use crate::protocol::encapsulation::{Datagrams, Encapsulation, Extent, FrameError, Open, Seal};
use crate::trace;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most content of a sent frame. More would save 6 % of the time, and take four times as long
/// at once.
const CAPACITY: usize = 16 * 1024;

/// The longest UDP payloads, over IPv4 and over IPv6.
const DATAGRAMS: [usize; 2] = [65_507, 65_527];

/// A context that both directions use.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Box<dyn Context>>>);

impl Shared {
    pub(super) fn new(context: Box<dyn Context>) -> Self {
        Self(Arc::new(Mutex::new(context)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Box<dyn Context>> {
        lock(&self.0)
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the encapsulation at this level.
pub(super) fn encapsulation(context: &Shared, terms: Terms, level: Level) -> Result<Encapsulation, Error> {
    let confidential = level.is_confidential();
    let largest = |token| context.lock().largest_plain(confidential, token).map_err(Error::Mechanism);
    let capacity = largest(LONGEST)?.min(CAPACITY);
    if capacity == 0 {
        return Err(Error::ContentLength);
    }
    let through = Content { context: context.clone(), confidential, in_order: terms.is_in_order() };
    let sealer = Sealer { content: through.clone(), capacity };
    let opener = Opener { content: through.clone(), plain: Vec::new() };
    let encapsulation = Encapsulation::new(sealer, opener);
    if terms.is_in_order() {
        return Ok(encapsulation);
    }
    let mut overhead = 0;
    for longest in DATAGRAMS {
        overhead = overhead.max(longest.saturating_sub(largest(longest - HEADER)?));
    }
    Ok(encapsulation.datagrams(Letters { content: through, overhead, plain: Mutex::default() }))
}

/// The content of frames and datagrams, through the context.
#[derive(Clone)]
struct Content {
    context: Shared,
    confidential: bool,
    in_order: bool,
}

impl Content {
    /// Appends the frame of the content.
    fn seal(&self, plain: &[u8], frames: &mut Vec<u8>) -> Result<(), Error> {
        let wrap = |token: &mut Vec<u8>| self.context.lock().wrap(self.confidential, plain, token);
        let encrypted = message::put(DATA, frames, |token| wrap(token).map_err(Error::Mechanism))?;
        if self.confidential && !encrypted { Err(Error::NotEncrypted) } else { Ok(()) }
    }

    /// Replaces the token of a frame by its content, and returns where that lies. `plain` is a
    /// buffer.
    fn open(&self, frame: &mut [u8], plain: &mut Vec<u8>) -> Result<Range<usize>, Error> {
        message::check_data(frame)?;
        let token = frame.get_mut(HEADER..).ok_or(Error::Length)?;
        plain.clear();
        let Unwrapped { confidential, order } =
            self.context.lock().unwrap(token, plain).map_err(Error::Mechanism)?;
        let violation = if self.confidential && !confidential {
            Some(Error::NotConfidential)
        } else if order == Order::Repeated || (self.in_order && order != Order::InOrder) {
            Some(Error::OutOfOrder(order))
        } else {
            None
        };
        if let Some(error) = violation {
            trace::violation(&error);
            return Err(error);
        }
        let room = token.get_mut(..plain.len()).ok_or(Error::ContentLength)?;
        room.copy_from_slice(plain);
        Ok(HEADER..HEADER + plain.len())
    }
}

struct Sealer {
    content: Content,
    capacity: usize,
}

impl Seal for Sealer {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        self.content.seal(plain, frames)?;
        Ok(plain.len())
    }

    fn capacity(&self) -> usize {
        self.capacity
    }
}

struct Opener {
    content: Content,
    plain: Vec<u8>,
}

impl Open for Opener {
    fn extent(&self, start: &[u8]) -> Extent {
        match (message::check_data(start), message::len(start)) {
            // `open` returns the error.
            (Err(Error::Malformed { field: "VER", .. }), _) => Extent::Exactly(1),
            (Err(_), _) => Extent::Exactly(2),
            (Ok(()), None) => Extent::AtLeast(HEADER),
            (Ok(()), Some(len)) => Extent::Exactly(HEADER + len),
        }
    }

    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        Ok(self.content.open(frame, &mut self.plain)?)
    }
}

struct Letters {
    content: Content,
    overhead: usize,
    plain: Mutex<Vec<u8>>,
}

impl Datagrams for Letters {
    fn overhead(&self) -> usize {
        self.overhead
    }

    fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError> {
        Ok(self.content.seal(datagram, sealed)?)
    }

    fn open(&self, sealed: &mut [u8]) -> Result<Option<Range<usize>>, FrameError> {
        if message::len(sealed).is_none_or(|len| HEADER + len != sealed.len()) {
            return Err(Error::Length.into());
        }
        Ok(Some(self.content.open(sealed, &mut lock(&self.plain))?))
    }
}
