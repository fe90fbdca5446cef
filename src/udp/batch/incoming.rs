//! Datagrams that came at once.

use crate::udp::{Datagram, Source};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

/// The room for one message, which the system may have put together from several datagrams: the most that an IP packet can hold.
pub(super) const MESSAGE: usize = 64 * 1024;

/// As many as one system call is asked for. More of them bring nothing more.
pub(super) const MOST_MESSAGES: usize = 32;

/// Room for datagrams that are received at once, and the datagrams of the last time.
///
/// A message is what the system hands over in one piece. On Linux it can hold up to 64 datagrams that came close together, so one
/// batch can bring many more datagrams than messages.
///
/// Each message has 64 KiB of room, of which the system gives memory for what was ever used; none is taken before the first receive.
///
/// ```
/// use anysocks::udp::RecvBatch;
///
/// let batch = RecvBatch::new(8);
/// for datagram in batch.iter() {
///     println!("{} bytes from {:?}", datagram.payload.len(), datagram.source);
/// }
/// assert!(batch.is_empty());
/// ```
pub struct RecvBatch {
    room: Vec<u8>,
    messages: usize,
    received: Vec<Range<usize>>,
    /// How many datagrams the first message had, the last time.
    habit: usize,
}

impl RecvBatch {
    /// Room for this many messages: 1 at least, 32 at most; another number counts as the nearest of these.
    #[must_use]
    pub fn new(messages: usize) -> Self {
        let messages = messages.clamp(1, MOST_MESSAGES);
        Self { room: Vec::new(), messages, received: Vec::new(), habit: 0 }
    }

    /// The datagrams of the last receive, in the order in which they came. Payload and source are lent in place.
    pub fn iter(&self) -> impl Iterator<Item = Datagram<'_>> {
        // Who received them has let none through that is malformed.
        self.raw().filter_map(|bytes| Datagram::parse(bytes).ok())
    }

    /// How many datagrams the last receive brought.
    #[must_use]
    pub fn len(&self) -> usize {
        self.received.len()
    }

    /// Whether the last receive brought none, or there was none yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    /// Empties the batch, to receive by [`add`](Self::add).
    pub(crate) fn restart(&mut self) {
        self.begin();
    }

    /// Whether there is room for one more datagram, whatever its length.
    pub(crate) fn has_room(&self) -> bool {
        let used = self.received.last().map_or(0, |last| last.end);
        self.room.len() - used >= MESSAGE
    }

    /// Adds a datagram that was received by itself.
    pub(crate) fn add(&mut self, source: &Source<'_>, payload: &[u8]) {
        let mut end = self.received.last().map_or(0, |last| last.end);
        let start = end;
        source.put_header(|part| {
            self.room[end..end + part.len()].copy_from_slice(part);
            end += part.len();
        });
        let room = (self.room.len() - end).min(payload.len());
        self.room[end..end + room].copy_from_slice(&payload[..room]);
        self.received.push(start..end + room);
    }

    /// Keeps the raw datagrams that `keep` says yes to.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        let Self { room, received, .. } = self;
        let mut keep = |datagram: &Range<usize>| keep(&room[datagram.clone()]);
        // Nearly always all of them stay, which is found out faster than `retain` does.
        let Some(first) = received.iter().position(|datagram| !keep(datagram)) else { return };
        let mut place = 0..;
        received.retain(|datagram| match place.next().cmp(&Some(first)) {
            Ordering::Less => true,
            Ordering::Equal => false,
            Ordering::Greater => keep(datagram),
        });
    }

    /// The datagrams as they came, header and all.
    pub(super) fn raw(&self) -> impl Iterator<Item = &[u8]> {
        self.received.iter().map(|datagram| &self.room[datagram.clone()])
    }

    /// One of them.
    pub(super) fn nth(&self, n: usize) -> Option<&[u8]> {
        self.received.get(n).map(|datagram| &self.room[datagram.clone()])
    }

    /// Forgets what was received: the room for messages, and where to note what is received into it.
    pub(super) fn begin(&mut self) -> (&mut [u8], Received<'_>) {
        self.received.clear();
        if self.room.is_empty() {
            self.room = vec![0; self.messages * MESSAGE];
        }
        (&mut self.room, Received { places: &mut self.received, habit: &mut self.habit })
    }

    /// Takes datagrams that were received elsewhere for what was received, as long as one message's room holds them.
    pub(super) fn fill<'a>(&mut self, datagrams: impl Iterator<Item = &'a [u8]>) {
        let (room, received) = self.begin();
        let mut start = 0;
        for datagram in datagrams {
            let place = start..start + datagram.len();
            if let Some(room) = room.get_mut(place.clone()) {
                room.copy_from_slice(datagram);
                start = place.end;
                received.places.push(place);
            }
        }
    }
}

/// Where the datagrams of a batch lie in its room.
pub(super) struct Received<'a> {
    places: &'a mut Vec<Range<usize>>,
    habit: &'a mut usize,
}

impl Received<'_> {
    /// A message of `len` bytes came into the room's message number `message`, which holds datagrams of `stride` bytes and a shorter one
    /// at the end.
    ///
    /// Every one of them has a SOCKS header of its own: the system joins what comes from the relay, whoever the peers behind it are.
    pub(super) fn message(&mut self, message: usize, len: usize, stride: usize) {
        let before = self.places.len();
        let (start, len) = (message * MESSAGE, len.min(MESSAGE));
        let stride = stride.clamp(1, MESSAGE);
        // A message without a byte is a datagram too, though none that can be right.
        let places = (0..len.max(1)).step_by(stride).map(|at| start + at..start + len.min(at + stride));
        self.places.extend(places);
        if message == 0 {
            *self.habit = self.places.len() - before;
        }
    }

    /// How many datagrams came in one message the last time.
    #[cfg(target_os = "linux")]
    pub(super) const fn habit(&self) -> usize {
        *self.habit
    }
}

impl Default for RecvBatch {
    /// Room for 16 messages, 1 MiB.
    fn default() -> Self {
        Self::new(16)
    }
}

impl fmt::Debug for RecvBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvBatch")
            .field("datagrams", &self.len())
            .field("messages", &self.messages)
            .finish_non_exhaustive()
    }
}
