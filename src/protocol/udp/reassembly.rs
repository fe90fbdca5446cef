//! Fragments into datagrams (RFC 1928 §7).
//!
//! ```text
//! FRAG    00        standalone: no fragment
//!         01..7F    the position in a sequence
//!         81..FF    the same, of its last fragment
//!         80        no position: nobody sends it
//! ```
//!
//! Sequences have no names: only the positions tell where one ends and the next begins. Since a lower position begins a new sequence, a
//! fragment that comes out of order never finds its own, and what is not the next position ends the sequence at once. That loses
//! nothing that could have been whole, and joins parts of two datagrams only where all that was sent between them is lost.

#[cfg(test)]
mod tests;

use super::datagram::{Datagram, Source};
use super::fragments::{LAST, STANDALONE};
use crate::protocol::address::Address;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

const LEAST_TIMER: Duration = Duration::from_secs(5);

/// The most that a datagram carries.
const LONGEST: usize = 65_535;

const FIRST: u8 = 1;

/// FRAG of a sequence of one.
const ONLY: u8 = FIRST | LAST;

/// How fragments are put together: how long the rest is waited for, and in how much memory (RFC 1928 §7).
///
/// Proxies seldom fragment, and the RFC recommends against it. Without this, fragments are dropped, as it demands of who doesn't
/// support them.
///
/// ```
/// use anysocks::udp::Reassembly;
/// use std::time::Duration;
///
/// let reassembly = Reassembly::new().timer(Duration::from_secs(10)).max_bytes(64 * 1024);
/// ```
#[derive(Clone, Debug)]
pub struct Reassembly {
    timer: Duration,
    max_bytes: usize,
    max_sources: usize,
}

impl Reassembly {
    /// A timer of 5 seconds, and no more than 256 KiB of 16 sources at once.
    #[must_use]
    pub const fn new() -> Self {
        Self { timer: LEAST_TIMER, max_bytes: 256 * 1024, max_sources: 16 }
    }

    /// The REASSEMBLY TIMER: how long after its first fragment a sequence must be complete. The RFC demands 5 seconds at the least,
    /// and less is taken as that.
    #[must_use]
    pub fn timer(mut self, timer: Duration) -> Self {
        self.timer = timer.max(LEAST_TIMER);
        self
    }

    /// How many bytes of payload may wait in all queues together. A datagram that is longer than this is not put together. The
    /// buffers that they wait in may have up to twice that size.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many sources may have a queue at once; 0 is taken as 1.
    #[must_use]
    pub fn max_sources(mut self, sources: usize) -> Self {
        self.max_sources = sources.max(1);
        self
    }
}

impl Default for Reassembly {
    fn default() -> Self {
        Self::new()
    }
}

/// Puts fragments together (RFC 1928 §7), without I/O and without a clock.
///
/// Each source has a REASSEMBLY QUEUE, and its fragments must come in the order of their positions. A queue is abandoned when:
///
/// * its timer has expired, which is noticed when the next datagram of any source comes;
/// * a position comes that is not the next. Position 1 begins a new sequence then; from any other, none could be completed;
/// * a standalone datagram of the source comes: its FRAG, 0, is "less than the highest FRAG value processed";
/// * the datagram would be longer than 65,535 bytes, or than all that may wait;
/// * there is no room for another source's fragment, and no other queue has waited longer for its next fragment.
///
/// A fragment that comes twice in a row is dropped once, and the queue stays.
///
/// ```
/// use anysocks::Target;
/// use anysocks::udp::{Datagram, Header, Reassembler, Reassembly};
/// use std::time::Instant;
///
/// let mut reassembler = Reassembler::new(Reassembly::new());
/// let from = Target::try_from("192.0.2.7:53")?;
/// let received = |fragment, payload| [Header::new(&from).fragment(fragment).as_bytes(), payload].concat();
///
/// let first = received(0x01, b"frag");
/// assert_eq!(reassembler.take(&Datagram::parse(&first)?, Instant::now()).complete, None);
/// let last = received(0x82, b"ment");
/// let taken = reassembler.take(&Datagram::parse(&last)?, Instant::now());
/// assert_eq!(taken.complete.as_deref(), Some(&b"fragment"[..]));
/// assert_eq!(taken.lost, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reassembler {
    options: Reassembly,
    /// The one that was added to last is at the back.
    queues: VecDeque<Queue>,
}

/// What came of a datagram that a [`Reassembler`] was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Taken<'a> {
    /// The payload that this datagram completes, by itself or as the last fragment: its source is that of the whole.
    pub complete: Option<Cow<'a, [u8]>>,
    /// How many of the datagrams that were received are given up now, whether this one or earlier fragments of any source.
    pub lost: u64,
}

/// The fragments of one source, from the first on.
struct Queue {
    source: Address,
    begun: Instant,
    payload: Vec<u8>,
    /// The highest position, and so the number of fragments.
    position: u8,
    /// Where the payload of that position begins.
    newest: usize,
}

impl Reassembler {
    /// Nothing has been received yet.
    #[must_use]
    pub const fn new(options: Reassembly) -> Self {
        Self { options, queues: VecDeque::new() }
    }

    /// Takes a datagram that was received `now`, be it standalone or a fragment. `now` must not go backwards; if it does, no timer
    /// expires by it.
    ///
    /// Only a payload of several fragments is copied.
    pub fn take<'a>(&mut self, datagram: &Datagram<'a>, now: Instant) -> Taken<'a> {
        let mut lost = self.expire(now);
        match self.withdraw(&datagram.source) {
            Some(queue) if queue.is_continued_by(datagram) => return self.extend(queue, datagram, lost),
            Some(queue) if queue.is_repeated_by(datagram) => {
                self.queues.push_back(queue);
                return Taken::lost(lost + 1);
            }
            abandoned => lost += abandoned.map_or(0, |queue| queue.fragments()),
        }
        match datagram.fragment {
            STANDALONE | ONLY => Taken { complete: Some(Cow::Borrowed(datagram.payload)), lost },
            FIRST => self.extend(Queue::new(&datagram.source, now), datagram, lost),
            _ => Taken::lost(lost + 1),
        }
    }

    /// How many bytes of payload wait for further fragments.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queues.iter().map(|queue| queue.payload.len()).sum()
    }

    /// Adds the fragment that comes next to a queue that is not among the others.
    fn extend<'a>(&mut self, mut queue: Queue, datagram: &Datagram<'a>, lost: u64) -> Taken<'a> {
        let len = queue.payload.len() + datagram.payload.len();
        if len > LONGEST.min(self.options.max_bytes) {
            return Taken::lost(lost + queue.fragments() + 1);
        }
        queue.newest = queue.payload.len();
        queue.payload.extend_from_slice(datagram.payload);
        queue.position += 1;
        if datagram.fragment & LAST != 0 {
            return Taken { complete: Some(Cow::Owned(queue.payload)), lost };
        }
        let lost = lost + self.make_room(len);
        self.queues.push_back(queue);
        Taken::lost(lost)
    }

    /// Abandons queues until there is room for one more, of so many bytes, and says how many fragments they had.
    fn make_room(&mut self, len: usize) -> u64 {
        let mut lost = 0;
        while self.queues.len() >= self.options.max_sources || self.waiting() + len > self.options.max_bytes {
            match self.queues.pop_front() {
                Some(longest_waiting) => lost += longest_waiting.fragments(),
                None => break,
            }
        }
        lost
    }

    fn expire(&mut self, now: Instant) -> u64 {
        let mut lost = 0;
        self.queues.retain(|queue| {
            let is_due = now.saturating_duration_since(queue.begun) >= self.options.timer;
            lost += if is_due { queue.fragments() } else { 0 };
            !is_due
        });
        lost
    }

    fn withdraw(&mut self, source: &Source<'_>) -> Option<Queue> {
        let index = self.queues.iter().position(|queue| queue.is_of(source))?;
        self.queues.remove(index)
    }
}

impl Taken<'_> {
    const fn lost(lost: u64) -> Self {
        Self { complete: None, lost }
    }
}

impl Queue {
    fn new(source: &Source<'_>, now: Instant) -> Self {
        Self { source: source.to_address(), begun: now, payload: Vec::new(), position: 0, newest: 0 }
    }

    fn is_of(&self, source: &Source<'_>) -> bool {
        match (&self.source, source) {
            (Address::Ip(own), Source::Ip(addr)) => own == addr,
            (Address::Name(own, own_port), Source::Name(name, port)) => {
                own.as_bytes() == *name && own_port == port
            }
            _ => false,
        }
    }

    const fn is_continued_by(&self, datagram: &Datagram<'_>) -> bool {
        datagram.fragment & !LAST == self.position + 1
    }

    /// Whether the network has delivered the newest fragment once more. The payload is compared because the position alone is also
    /// that of another sequence, the start of which was lost.
    fn is_repeated_by(&self, datagram: &Datagram<'_>) -> bool {
        datagram.fragment == self.position && *datagram.payload == self.payload[self.newest..]
    }

    fn fragments(&self) -> u64 {
        self.position.into()
    }
}

impl fmt::Debug for Reassembler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (queues, waiting) = (self.queues.len(), self.waiting());
        let mut fields = f.debug_struct("Reassembler");
        fields.field("options", &self.options).field("queues", &queues).field("waiting", &waiting);
        fields.finish_non_exhaustive()
    }
}
