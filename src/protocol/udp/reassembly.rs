//! Reassembly of fragments (RFC 1928 §7).
//!
//! ```text
//! FRAG    00        standalone: not a fragment
//!         01..7F    the position in a sequence
//!         81..FF    the same, of the last fragment
//!         80        no position, never sent
//! ```
//!
//! Sequences have no identifiers: only the positions show where one ends and the next begins. A
//! lower position begins a new sequence, so a fragment that arrives out of order can't be matched
//! to its own. Any position but the next one therefore ends the sequence. This loses no datagram
//! that could have been completed. It joins parts of two datagrams only if everything between them
//! is lost.

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

/// The longest datagram in bytes.
const LONGEST: usize = 65_535;

const FIRST: u8 = 1;

/// FRAG of the only fragment of a sequence.
const ONLY: u8 = FIRST | LAST;

/// Options of the reassembly of fragments: its timer and its memory (RFC 1928 §7).
///
/// Without these options, fragments are dropped, as the RFC requires of an implementation that
/// does not support them. Proxies seldom fragment, and the RFC recommends against it.
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
    /// Creates the default options: a timer of 5 seconds, 256 KiB, and 16 sources.
    #[must_use]
    pub const fn new() -> Self {
        Self { timer: LEAST_TIMER, max_bytes: 256 * 1024, max_sources: 16 }
    }

    /// Sets the REASSEMBLY TIMER: the time from the first fragment of a sequence to its last.
    ///
    /// The RFC requires at least 5 seconds. A shorter time is raised to that.
    #[must_use]
    pub fn timer(mut self, timer: Duration) -> Self {
        self.timer = timer.max(LEAST_TIMER);
        self
    }

    /// Sets how many bytes of payload all queues together may contain.
    ///
    /// A longer datagram is not reassembled. The allocated memory may be up to twice as large.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how many sources may have a queue at the same time. 0 is raised to 1.
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

/// Reassembles fragments, without I/O and without a clock (RFC 1928 §7).
///
/// Each source has a REASSEMBLY QUEUE, and its fragments must arrive in the order of their
/// positions. A queue is abandoned if:
///
/// - its timer has expired, which is checked when the next datagram of any source arrives;
/// - a position arrives that is not the next one. Position 1 then begins a new sequence; no
///   sequence can be completed from any other position;
/// - a standalone datagram of the source arrives, because its FRAG, 0, is "less than the highest
///   FRAG value processed";
/// - the datagram would be longer than 65,535 bytes, or than [`Reassembly::max_bytes`];
/// - another source's fragment needs its room, and this queue has waited longest for its next
///   fragment.
///
/// A repetition of the newest fragment is dropped, and the queue stays.
///
/// ```
/// use anysocks::Target;
/// use anysocks::udp::{Datagram, Header, Reassembler, Reassembly};
/// use std::time::Instant;
///
/// let mut reassembler = Reassembler::new(Reassembly::new());
/// let from = Target::try_from("192.0.2.7:53")?;
/// let header = Header::new(&from)?;
/// let received = |fragment, payload| {
///     [header.clone().fragment(fragment).as_bytes(), payload].concat()
/// };
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
    /// Ordered by their last fragment, the latest at the back.
    queues: VecDeque<Queue>,
}

/// The result of a datagram that a [`Reassembler`] has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Taken<'a> {
    /// The payload that this datagram completes, by itself or as the last fragment.
    ///
    /// Its source is the datagram's.
    pub complete: Option<Cow<'a, [u8]>>,
    /// How many received datagrams have been abandoned.
    ///
    /// They are this one or earlier fragments, of any source.
    pub lost: u64,
}

/// The fragments of one source, from the first on.
struct Queue {
    source: Address,
    begun: Instant,
    payload: Vec<u8>,
    /// The highest position, which is also the number of fragments.
    position: u8,
    /// The start of the payload of the highest position.
    newest: usize,
}

impl Reassembler {
    /// Creates a reassembler without fragments.
    #[must_use]
    pub const fn new(options: Reassembly) -> Self {
        Self { options, queues: VecDeque::new() }
    }

    /// Takes a datagram that was received `now`, either standalone or a fragment.
    ///
    /// `now` must not be earlier than in the previous call. If it is, no timer expires in this
    /// call. Only the payload of several fragments is copied.
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

    /// Returns the number of payload bytes in all queues.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queues.iter().map(|queue| queue.payload.len()).sum()
    }

    /// Appends the next fragment to a queue that has been withdrawn from the others.
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

    /// Abandons queues until `len` more bytes fit, and returns the number of their fragments.
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

    /// Returns whether the datagram repeats the newest fragment.
    ///
    /// The payload is compared too, because another sequence without its start can have the same
    /// position.
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
