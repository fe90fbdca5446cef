//! The bookkeeping that both versions' handshakes share: what was offered, and how much of a message is out.

use crate::conversation::Step;

/// What the last step offered, and how far the message that is being written has come.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    offered: usize,
    sent: usize,
}

impl Turn {
    /// Offers what is left of a message.
    pub(crate) fn write<'s, T>(&mut self, message: &'s [u8]) -> Step<'s, T> {
        let rest = &message[self.sent.min(message.len())..];
        self.offered = rest.len();
        Step::Write(rest)
    }

    /// Offers room for reading.
    pub(crate) fn read<'s, T>(&mut self, room: &'s mut [u8]) -> Step<'s, T> {
        self.offered = room.len();
        Step::Read(room)
    }

    /// Checks a report of the driver against what was offered: what is left of the offer, or what it was.
    pub(crate) fn moved(&mut self, n: usize) -> Result<usize, usize> {
        let offered = std::mem::take(&mut self.offered);
        offered.checked_sub(n).ok_or(offered)
    }

    /// Counts `n` bytes of the message as written, `left` being left; returns its length once it is out.
    pub(crate) fn sent(&mut self, n: usize, left: usize) -> Option<usize> {
        self.sent += n;
        (left == 0).then(|| std::mem::take(&mut self.sent))
    }
}
