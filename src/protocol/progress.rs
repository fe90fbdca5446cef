//! The bookkeeping that all conversations share: what was offered, how much of a message is out,
//! and a write that failed.

use crate::error::Error;
use crate::protocol::conversation::Step;

/// What the last step offered, and how far the message that is being written has come.
///
/// The counts have 32 bits because a pending handshake keeps them: no message and no frame is
/// longer.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    offered: u32,
    sent: u32,
    write_error: Option<Error>,
}

impl Progress {
    /// Offers what is left of a message.
    pub(crate) fn write<'s, T>(&mut self, message: &'s [u8]) -> Step<'s, T> {
        let rest = &message[message.len().min(self.sent as usize)..];
        self.offered = count(rest.len());
        Step::Write(&rest[..self.offered as usize])
    }

    /// Offers room for reading.
    pub(crate) fn read<'s, T>(&mut self, room: &'s mut [u8]) -> Step<'s, T> {
        self.offered = count(room.len());
        Step::Read(&mut room[..self.offered as usize])
    }

    /// Checks a report of the driver against what was offered: what is left of the offer, or what it was.
    pub(crate) fn take_offered(&mut self, n: usize) -> Result<usize, usize> {
        let offered = std::mem::take(&mut self.offered) as usize;
        offered.checked_sub(n).ok_or(offered)
    }

    /// Counts `n` bytes of the message as written, `left` being left; returns its length once it is out.
    pub(crate) fn sent(&mut self, n: usize, left: usize) -> Option<usize> {
        self.sent = self.sent.saturating_add(count(n));
        (left == 0).then(|| std::mem::take(&mut self.sent) as usize)
    }

    /// From now on, nothing is written. Of several errors the first counts.
    pub(crate) fn write_failed(&mut self, error: Error) {
        self.sent = 0;
        self.write_error.get_or_insert(error);
    }

    /// Whether a write has failed.
    pub(crate) const fn has_write_failed(&self) -> bool {
        self.write_error.is_some()
    }

    /// The error of the write that failed, if one did. It is the outcome if the proxy has sent no
    /// refusal.
    pub(crate) fn check_write(&mut self) -> Result<(), Error> {
        match self.write_error.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

fn count(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
