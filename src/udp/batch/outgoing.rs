//! Batches of datagrams to send.

use super::LONGEST;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::IntoTarget;
use crate::protocol::udp::header::{self, overhead};
use std::{fmt, io};

/// A queue of datagrams for `send_batch`, each with its target.
///
/// `send_batch` sends them in order and removes those that it has sent. After a partial or
/// cancelled call, call it again with the same batch: no datagram is sent twice. An empty batch
/// keeps its memory for the next datagrams.
///
/// On Linux, consecutive datagrams of equal length, headers included, are sent as one buffer.
/// That costs about a fourth of sending each individually.
///
/// ```
/// use anysocks::udp::SendBatch;
///
/// let mut batch = SendBatch::new();
/// batch.push(b"one", "example.com:7")?;
/// batch.push(b"two", ("192.0.2.1", 7))?;
/// assert_eq!(batch.len(), 2);
/// # Ok::<(), anysocks::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct SendBatch {
    /// The datagrams with their headers, one after the other.
    bytes: Vec<u8>,
    lengths: Vec<u16>,
    /// The number of `lengths` and `bytes` that have been sent.
    sent: usize,
    sent_bytes: usize,
    /// Whether a target has been a name since the batch was empty.
    has_names: bool,
}

impl SendBatch {
    /// Creates an empty batch.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), lengths: Vec::new(), sent: 0, sent_bytes: 0, has_names: false }
    }

    /// Adds a datagram. The payload is copied, and may be empty.
    ///
    /// # Errors
    ///
    /// After an error, the batch is unchanged.
    ///
    /// - [`Invalid::DatagramTooLong`]: header and payload have more than 65,507 bytes, the limit
    ///   of UDP.
    /// - Another [`Invalid`]: the target is malformed, or SOCKS can't carry it.
    pub fn push<'t>(&mut self, payload: &[u8], target: impl IntoTarget<'t>) -> Result<(), Error> {
        let target = target.into_target()?.of_datagram()?;
        let len = overhead(&target).saturating_add(payload.len());
        let Some(len) = u16::try_from(len).ok().filter(|len| *len <= LONGEST) else {
            return Err(Invalid::DatagramTooLong(len).into());
        };
        self.compact();
        header::put(&target, |part| self.bytes.extend_from_slice(part));
        self.bytes.extend_from_slice(payload);
        self.lengths.push(len);
        self.has_names |= target.domain().is_some();
        Ok(())
    }

    /// Returns the number of datagrams that have not been sent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len() - self.sent
    }

    /// Returns whether all datagrams have been sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the datagrams that have not been sent, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.lengths.clear();
        self.sent = 0;
        self.sent_bytes = 0;
        self.has_names = false;
    }

    /// Returns whether any target may be a name.
    pub(crate) const fn has_names(&self) -> bool {
        self.has_names
    }

    /// Sends the datagrams individually. Returns the number sent before an error, or the error if
    /// none was.
    pub(crate) fn send_each(&mut self, mut send: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<usize> {
        let mut count = 0;
        while let Some(&first) = self.lengths().first() {
            match send(&self.bytes()[..first.into()]) {
                Ok(()) => self.mark_sent(1),
                Err(error) if count == 0 => return Err(error),
                Err(_) => break,
            }
            count += 1;
        }
        Ok(count)
    }

    /// Returns the bytes of the datagrams that have not been sent, one after the other.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.sent_bytes..]
    }

    /// Returns the lengths of the datagrams that have not been sent.
    pub(super) fn lengths(&self) -> &[u16] {
        &self.lengths[self.sent..]
    }

    /// Removes the first `n` datagrams, which have been sent.
    pub(super) fn mark_sent(&mut self, n: usize) {
        let sent = &self.lengths()[..n.min(self.len())];
        let (count, bytes) = (sent.len(), total(sent));
        self.sent += count;
        self.sent_bytes += bytes;
        if self.is_empty() {
            self.clear();
        }
    }

    /// Bounds the memory of a batch that is never empty.
    ///
    /// It moves the unsent datagrams once half of the bytes have been sent, so that a byte is
    /// moved once on average.
    fn compact(&mut self) {
        if self.sent_bytes > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent_bytes);
            self.lengths.drain(..self.sent);
            self.sent = 0;
            self.sent_bytes = 0;
        }
    }
}

/// Returns the sum of the lengths.
pub(super) fn total(lengths: &[u16]) -> usize {
    lengths.iter().copied().map(usize::from).sum()
}

impl fmt::Debug for SendBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendBatch")
            .field("datagrams", &self.len())
            .field("bytes", &self.bytes().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_is_never_empty_has_bounded_memory() {
        let mut batch = SendBatch::new();
        for n in 0..10_000_u32 {
            batch.push(&n.to_le_bytes(), "192.0.2.1:7").unwrap();
            if let Some(excess) = batch.len().checked_sub(100) {
                batch.mark_sent(excess);
            }
            let first = (n + 1).saturating_sub(100);
            assert_eq!(batch.bytes()[10..14], first.to_le_bytes());
            assert_eq!(batch.bytes().len(), total(batch.lengths()));
        }
        assert_eq!(batch.len(), 100);
        assert!(batch.bytes.capacity() <= 4 * 100 * 14 && batch.lengths.capacity() <= 4 * 100);
    }

    #[test]
    fn debug_shows_no_payload() {
        let mut batch = SendBatch::new();
        batch.push(b"secret", "192.0.2.1:7").unwrap();
        batch.push(b"", "192.0.2.1:7").unwrap();
        batch.mark_sent(1);
        assert_eq!(format!("{batch:?}"), "SendBatch { datagrams: 1, bytes: 10, .. }");
        batch.mark_sent(7);
        assert!(batch.is_empty() && batch.bytes.is_empty());
    }
}
