//! The received bytes of one encapsulation, and the frames in them.

use crate::protocol::encapsulation::{Extent, FrameError, Open};
use std::ops::Range;

/// The most that is read at once in a handshake, and the least in a tunnel. Memory grows with what
/// was received, and not with what a frame announces.
const READ: usize = 16 * 1024;

/// The most that is read at once in a tunnel.
const READ_AHEAD: usize = 64 * 1024;

/// Of a frame that is not whole, so many bytes are not moved without need.
const LONG: usize = 4 * 1024;

/// The longest frame.
pub(super) const LONGEST: usize = 1 << 20;

/// The received bytes of one encapsulation, and the frames in them.
pub(super) struct Received {
    open: Box<dyn Open>,
    /// Frames that are open, up to `opened`; bytes of the next ones, up to `end`; then room.
    bytes: Vec<u8>,
    opened: usize,
    end: usize,
    /// Where the content of the last frame lies that was not taken yet.
    plain: Range<usize>,
    /// The length of the room that was returned last, until it is filled.
    offered: usize,
    is_ahead: bool,
    /// Whether the last read left no room, so that there may be more to read.
    was_full: bool,
}

impl Received {
    pub(super) const fn new(open: Box<dyn Open>) -> Self {
        Self {
            open,
            bytes: Vec::new(),
            opened: 0,
            end: 0,
            plain: 0..0,
            offered: 0,
            is_ahead: false,
            was_full: false,
        }
    }

    pub(super) const fn read_ahead(&mut self) {
        self.is_ahead = true;
    }

    /// Returns the content of the last frame that was not taken yet.
    pub(super) fn plain(&self) -> &[u8] {
        &self.bytes[self.plain.clone()]
    }

    /// Forgets the first `n` of the plain bytes.
    pub(super) fn consume(&mut self, n: usize) {
        self.plain.start = self.plain.start.saturating_add(n).min(self.plain.end);
    }

    /// Returns how many bytes were received of a frame that is not open yet.
    pub(super) const fn partial(&self) -> usize {
        self.end - self.opened
    }

    /// Opens the next frame if all of it is there. The plain bytes of the last one are forgotten.
    pub(super) fn open_next(&mut self) -> Result<bool, FrameError> {
        if self.partial() == 0 {
            return Ok(false);
        }
        let len = self.frame_len();
        if len == 0 {
            return Err("the encapsulation found a frame of no bytes".into());
        }
        if len > LONGEST {
            return Err(format!("a frame of {len} bytes, and {LONGEST} are the limit").into());
        }
        if len > self.partial() {
            return Ok(false);
        }
        let content = self.open.open(&mut self.bytes[self.opened..self.opened + len])?;
        if content.start > content.end || content.end > len {
            return Err("the encapsulation found content outside of its frame".into());
        }
        self.plain = self.opened + content.start..self.opened + content.end;
        self.opened += len;
        Ok(true)
    }

    /// Returns the length of the next frame, as far as it is known: always more than is there of a
    /// frame that is not whole.
    fn frame_len(&self) -> usize {
        let there = &self.bytes[self.opened..self.end];
        match self.open.extent(there) {
            Extent::Exactly(len) => len,
            Extent::AtLeast(len) => len.max(there.len() + 1),
        }
    }

    /// Returns where to read to. In a handshake, this is never more than the current frame needs.
    pub(super) fn room(&mut self) -> &mut [u8] {
        let mut least = match (self.is_ahead, self.was_full) {
            (false, _) => self.frame_len().saturating_sub(self.partial()).clamp(1, READ),
            (true, false) => READ,
            (true, true) => READ_AHEAD,
        };
        let tail = self.bytes.len() - self.end;
        if self.is_ahead && tail < least && self.partial() > LONG {
            // To end the frame here costs less than to move what is there of it.
            let missing = self.frame_len().saturating_sub(self.partial());
            least = if (1..=tail).contains(&missing) { missing } else { least };
        }
        let is_short = tail < least;
        if self.opened > 0 && self.plain.is_empty() && (is_short || self.partial() == 0) {
            self.bytes.copy_within(self.opened..self.end, 0);
            (self.opened, self.end) = (0, self.partial());
            self.plain = 0..0;
        }
        if self.bytes.len() - self.end < least {
            let spare = if self.is_ahead { READ } else { 0 };
            self.bytes.resize(self.end + least + spare, 0);
        }
        let most = if self.is_ahead { READ_AHEAD } else { least };
        let end = self.bytes.len().min(self.end + most);
        self.offered = end - self.end;
        &mut self.bytes[self.end..end]
    }

    /// Reports that `n` bytes were read into the room.
    pub(super) fn filled(&mut self, n: usize) {
        let offered = std::mem::take(&mut self.offered);
        self.was_full = n >= offered;
        self.end += n.min(offered);
    }
}
