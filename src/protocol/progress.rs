//! The state that all conversations keep: the offer, the written bytes, and a failed write.

use crate::error::Error;
use crate::protocol::conversation::Step;

/// The length of the last offer, the written part of a message, and the error of a failed write.
///
/// The counts have 32 bits because every pending handshake keeps them. No message and no frame is
/// longer.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    offered: u32,
    sent: u32,
    write_error: Option<Error>,
}

impl Progress {
    pub(crate) const fn new() -> Self {
        Self { offered: 0, sent: 0, write_error: None }
    }

    /// Offers the rest of a message.
    #[inline]
    pub(crate) fn write<'s, T>(&mut self, message: &'s [u8]) -> Step<'s, T> {
        let rest = &message[message.len().min(self.sent as usize)..];
        self.offered = count(rest.len());
        Step::Write(&rest[..self.offered as usize])
    }

    /// Offers room for a read.
    #[inline]
    pub(crate) fn read<'s, T>(&mut self, room: &'s mut [u8]) -> Step<'s, T> {
        self.offered = count(room.len());
        Step::Read(&mut room[..self.offered as usize])
    }

    /// Ends the offer, and returns how much of it is left after `n` bytes.
    ///
    /// If `n` is more than the offer, returns the length of the offer as the error.
    #[inline]
    pub(crate) fn take_offered(&mut self, n: usize) -> Result<usize, usize> {
        let offered = std::mem::take(&mut self.offered) as usize;
        offered.checked_sub(n).ok_or(offered)
    }

    /// Counts `n` written bytes. Returns the length of the message once `left` is 0.
    #[inline]
    pub(crate) fn sent(&mut self, n: usize, left: usize) -> Option<usize> {
        self.sent = self.sent.saturating_add(count(n));
        (left == 0).then(|| std::mem::take(&mut self.sent) as usize)
    }

    /// Keeps the error of the first failed write. Nothing is written from then on.
    pub(crate) fn write_failed(&mut self, error: Error) {
        self.sent = 0;
        self.write_error.get_or_insert(error);
    }

    /// Returns whether a write has failed.
    #[inline]
    pub(crate) const fn has_write_failed(&self) -> bool {
        self.write_error.is_some()
    }

    /// Returns the error of a failed write. It is the outcome unless the proxy has sent a refusal.
    #[inline]
    pub(crate) fn check_write(&mut self) -> Result<(), Error> {
        match self.write_error.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

#[inline]
fn count(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
