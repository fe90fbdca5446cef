//! Datagrams to send at once.

use super::LONGEST;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::target::Target;
use crate::protocol::udp::header::{self, overhead};
use std::{fmt, io};

/// Datagrams to send at once, each to a target of its own.
///
/// They leave in the order in which they were pushed, and what has left is in the batch no more. So a call that could send only a part,
/// or that was cancelled, can be made again with the same batch, and nothing leaves twice. An empty batch keeps its memory for the next
/// datagrams.
///
/// On Linux, neighbours of the same length (with their headers) leave together, which costs about a fourth of sending each alone.
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
    /// Whole datagrams, each behind the other: header and payload.
    bytes: Vec<u8>,
    lengths: Vec<u16>,
    /// How many of `lengths` have left, and how many of `bytes` that is.
    gone: usize,
    gone_bytes: usize,
    /// Whether a target was a name since the batch was empty.
    has_names: bool,
}

impl SendBatch {
    /// A batch with nothing in it.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), lengths: Vec::new(), gone: 0, gone_bytes: 0, has_names: false }
    }

    /// Adds a datagram. The payload is copied, and may be empty.
    ///
    /// # Errors
    ///
    /// The target is none, or header and payload together are more than the 65,507 bytes that UDP carries. The batch is as it was.
    pub fn push<'t>(
        &mut self,
        payload: &[u8],
        target: impl TryInto<Target<'t>, Error: Into<Error>>,
    ) -> Result<(), Error> {
        let target = target.try_into().map_err(Into::into)?;
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

    /// How many datagrams are still to be sent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len() - self.gone
    }

    /// Whether nothing is to be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops what was not sent, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.lengths.clear();
        self.gone = 0;
        self.gone_bytes = 0;
        self.has_names = false;
    }

    /// Whether any target may be a name.
    pub(crate) const fn has_names(&self) -> bool {
        self.has_names
    }

    /// Sends the datagrams one by one, and says how many went before an error; the error if none did.
    pub(crate) fn send_each(&mut self, mut send: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<usize> {
        let mut count = 0;
        while let Some(&first) = self.lengths().first() {
            match send(&self.bytes()[..first.into()]) {
                Ok(()) => self.sent(1),
                Err(error) if count == 0 => return Err(error),
                Err(_) => break,
            }
            count += 1;
        }
        Ok(count)
    }

    /// The datagrams that are still to be sent, each behind the other.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.gone_bytes..]
    }

    /// How long each of them is.
    pub(super) fn lengths(&self) -> &[u16] {
        &self.lengths[self.gone..]
    }

    /// The first `n` of them have left.
    pub(super) fn sent(&mut self, n: usize) {
        let left = &self.lengths()[..n.min(self.len())];
        let (count, bytes) = (left.len(), total(left));
        self.gone += count;
        self.gone_bytes += bytes;
        if self.is_empty() {
            self.clear();
        }
    }

    /// Who always pushes before all has left would let the memory grow. Half of it has to be gone, so that a byte is moved once on
    /// average.
    fn compact(&mut self) {
        if self.gone_bytes > self.bytes.len() / 2 {
            self.bytes.drain(..self.gone_bytes);
            self.lengths.drain(..self.gone);
            self.gone = 0;
            self.gone_bytes = 0;
        }
    }
}

/// How many bytes datagrams of these lengths have together.
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
    fn who_pushes_before_all_has_left_needs_no_more_memory() {
        let mut batch = SendBatch::new();
        for n in 0..10_000_u32 {
            batch.push(&n.to_le_bytes(), "192.0.2.1:7").unwrap();
            if let Some(left) = batch.len().checked_sub(100) {
                batch.sent(left);
            }
            let first = (n + 1).saturating_sub(100);
            assert_eq!(batch.bytes()[10..14], first.to_le_bytes());
            assert_eq!(batch.bytes().len(), total(batch.lengths()));
        }
        assert_eq!(batch.len(), 100);
        assert!(batch.bytes.capacity() <= 4 * 100 * 14 && batch.lengths.capacity() <= 4 * 100);
    }

    #[test]
    fn what_has_left_is_not_shown() {
        let mut batch = SendBatch::new();
        batch.push(b"secret", "192.0.2.1:7").unwrap();
        batch.push(b"", "192.0.2.1:7").unwrap();
        batch.sent(1);
        assert_eq!(format!("{batch:?}"), "SendBatch { datagrams: 1, bytes: 10, .. }");
        batch.sent(7);
        assert!(batch.is_empty() && batch.bytes.is_empty());
    }
}
