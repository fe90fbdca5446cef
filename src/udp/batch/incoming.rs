//! Batches of received datagrams.

use crate::udp::{Datagram, Source};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

/// The buffer of one message, which may contain several coalesced datagrams: the longest IP
/// packet.
pub(super) const MESSAGE_LEN: usize = 64 * 1024;

/// The most messages of one system call. More have no further benefit.
pub(super) const MAX_MESSAGES: usize = 32;

/// A buffer for many datagrams, and the datagrams that `recv_batch` received into it last.
///
/// Reuse it for every `recv_batch`: the buffer is allocated once. A message is a unit that the
/// system delivers. On Linux it can contain up to 64 coalesced datagrams, so that a batch can
/// receive many more datagrams than messages.
///
/// The buffer has 64 KiB for each message, and is allocated at the first receive. The system
/// assigns memory only to the parts that are used.
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
    buffer: Vec<u8>,
    messages: usize,
    received: Vec<Range<usize>>,
    /// The number of datagrams in the first message of the last receive.
    datagrams_per_message: usize,
}

impl RecvBatch {
    /// Creates a buffer for this number of messages, from 1 to 32. Other numbers are clamped.
    #[must_use]
    pub fn new(messages: usize) -> Self {
        let messages = messages.clamp(1, MAX_MESSAGES);
        Self { buffer: Vec::new(), messages, received: Vec::new(), datagrams_per_message: 0 }
    }

    /// Returns the datagrams of the last receive, in order. They borrow from the batch.
    pub fn iter(&self) -> impl Iterator<Item = Datagram<'_>> {
        // The receive has removed malformed datagrams.
        self.raw().filter_map(|bytes| Datagram::parse(bytes).ok())
    }

    /// Returns the number of datagrams of the last receive.
    #[must_use]
    pub fn len(&self) -> usize {
        self.received.len()
    }

    /// Returns whether the last receive returned no datagram, or there was none yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    /// Empties the batch before [`add`](Self::add).
    pub(crate) fn clear(&mut self) {
        self.start_receive();
    }

    /// Returns whether one more datagram of any length fits.
    pub(crate) fn has_capacity(&self) -> bool {
        let used = self.received.last().map_or(0, |last| last.end);
        self.buffer.len() - used >= MESSAGE_LEN
    }

    /// Adds a datagram that was received individually.
    pub(crate) fn add(&mut self, source: &Source<'_>, payload: &[u8]) {
        let mut end = self.received.last().map_or(0, |last| last.end);
        let start = end;
        source.put_header(|part| {
            self.buffer[end..end + part.len()].copy_from_slice(part);
            end += part.len();
        });
        let len = (self.buffer.len() - end).min(payload.len());
        self.buffer[end..end + len].copy_from_slice(&payload[..len]);
        self.received.push(start..end + len);
    }

    /// Keeps the part of each raw datagram from the position that `start` returns, and removes the
    /// datagrams for which it returns `None`.
    pub(crate) fn retain_within(&mut self, mut start: impl FnMut(&[u8]) -> Option<usize>) {
        let Self { buffer, received, .. } = self;
        let mut keep = |datagram: &mut Range<usize>| match start(&buffer[datagram.clone()]) {
            Some(start) => {
                datagram.start += start;
                true
            }
            None => false,
        };
        // Nearly always all are kept, and this check is faster than `retain_mut`.
        let Some(first) = received.iter_mut().position(|datagram| !keep(datagram)) else { return };
        let mut index = 0..;
        received.retain_mut(|datagram| match index.next().cmp(&Some(first)) {
            Ordering::Less => true,
            Ordering::Equal => false,
            Ordering::Greater => keep(datagram),
        });
    }

    /// Returns the datagrams with their headers.
    pub(super) fn raw(&self) -> impl Iterator<Item = &[u8]> {
        self.received.iter().map(|datagram| &self.buffer[datagram.clone()])
    }

    /// Returns one datagram with its header.
    pub(super) fn nth_mut(&mut self, n: usize) -> Option<&mut [u8]> {
        self.received.get(n).map(|datagram| &mut self.buffer[datagram.clone()])
    }

    /// Empties the batch. Returns the buffer, and the list for the ranges of the received
    /// datagrams.
    pub(super) fn start_receive(&mut self) -> (&mut [u8], Received<'_>) {
        self.received.clear();
        if self.buffer.is_empty() {
            self.buffer = vec![0; self.messages * MESSAGE_LEN];
        }
        (
            &mut self.buffer,
            Received { ranges: &mut self.received, datagrams_per_message: &mut self.datagrams_per_message },
        )
    }

    /// Replaces the content by copies of these datagrams, as far as they fit the buffer.
    pub(super) fn fill<'a>(&mut self, datagrams: impl Iterator<Item = &'a [u8]>) {
        let (buffer, received) = self.start_receive();
        let mut start = 0;
        for datagram in datagrams {
            let range = start..start + datagram.len();
            if let Some(part) = buffer.get_mut(range.clone()) {
                part.copy_from_slice(datagram);
                start = range.end;
                received.ranges.push(range);
            }
        }
    }
}

/// The ranges of a batch's datagrams in its buffer.
pub(super) struct Received<'a> {
    ranges: &'a mut Vec<Range<usize>>,
    datagrams_per_message: &'a mut usize,
}

impl Received<'_> {
    /// Adds the datagrams of message number `message`, which has `len` bytes. Each has `stride`
    /// bytes; the last one may be shorter.
    ///
    /// Each has a SOCKS header: the system coalesces datagrams of the relay, whatever their peers.
    pub(super) fn message(&mut self, message: usize, len: usize, stride: usize) {
        let before = self.ranges.len();
        let (start, len) = (message * MESSAGE_LEN, len.min(MESSAGE_LEN));
        let stride = stride.clamp(1, MESSAGE_LEN);
        // An empty message is a malformed datagram, which is counted.
        let ranges = (0..len.max(1)).step_by(stride).map(|at| start + at..start + len.min(at + stride));
        self.ranges.extend(ranges);
        if message == 0 {
            *self.datagrams_per_message = self.ranges.len() - before;
        }
    }

    /// Returns the number of datagrams in the first message of the last receive.
    #[cfg(target_os = "linux")]
    pub(super) const fn datagrams_per_message(&self) -> usize {
        *self.datagrams_per_message
    }
}

impl Default for RecvBatch {
    /// Creates a buffer for 16 messages, of 1 MiB.
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
