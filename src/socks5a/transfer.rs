//! One message of a sub-negotiation, while it is written or read.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::Step;
use zeroize::Zeroizing;

/// Bytes to write, or room to read into, and how many of them were moved. Wiped on drop.
pub(super) struct Transfer {
    bytes: Zeroizing<Vec<u8>>,
    moved: usize,
    is_write: bool,
}

impl Transfer {
    pub(super) const fn write(message: Zeroizing<Vec<u8>>) -> Self {
        Self { bytes: message, moved: 0, is_write: true }
    }

    pub(super) fn read(len: usize) -> Self {
        Self { bytes: Zeroizing::new(vec![0; len]), moved: 0, is_write: false }
    }

    pub(super) fn step<T>(&mut self) -> Step<'_, T> {
        let left = &mut self.bytes[self.moved..];
        if self.is_write { Step::Write(left) } else { Step::Read(left) }
    }

    /// Returns whether all is moved. No bytes mean that the connection is closed, which the caller
    /// of the METHOD reports.
    pub(super) fn advance(&mut self, n: usize) -> Result<bool, Error> {
        let offered = self.bytes.len() - self.moved;
        if n > offered {
            return Err(Error::new(Stage::Authentication, ErrorKind::Overrun { reported: n, offered }));
        }
        self.moved += n;
        Ok(n > 0 && n == offered)
    }

    /// Returns what was moved so far.
    pub(super) fn moved(&self) -> &[u8] {
        &self.bytes[..self.moved]
    }
}
