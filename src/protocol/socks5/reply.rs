//! A reply of SOCKS5, as it is or inside an encapsulation.

use super::reply_buffer::ReplyBuffer;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::encapsulation::FrameError;
use crate::protocol::established::{Established, ProtocolVersion};
use crate::protocol::frames::Frames;
use crate::protocol::reply_reader::ReplyReader;
use crate::trace;

/// The received part of a reply.
pub struct Reader {
    pub(super) buffer: ReplyBuffer,
    pub(super) frames: Option<Box<Frames>>,
}

impl Reader {
    /// Creates a reader of the reply that ends this stage. It opens frames if there are any.
    pub(crate) const fn new(stage: Stage, frames: Option<Box<Frames>>) -> Self {
        Self { buffer: ReplyBuffer::new(stage), frames }
    }

    pub(super) fn encapsulation_failed(&self, error: FrameError) -> Error {
        Error::new(self.buffer.stage(), ErrorKind::Encapsulation(error))
    }
}

impl ReplyReader for Reader {
    fn room(&mut self) -> &mut [u8] {
        match &mut self.frames {
            Some(frames) => frames.incoming.room(),
            None => self.buffer.reply_room(),
        }
    }

    fn filled(&mut self, n: usize) -> Result<(), Error> {
        if let Some(frames) = &mut self.frames {
            return frames.incoming.filled(n).map_err(|error| self.encapsulation_failed(error));
        }
        self.buffer.filled(n);
        Ok(())
    }

    fn is_granted(&mut self) -> Result<bool, Error> {
        loop {
            let granted = self.buffer.is_granted();
            if !matches!(granted, Ok(false)) {
                trace::received(self.buffer.stage(), self.buffer.len());
                return granted;
            }
            // A frame may contain a part of the reply, or bytes of the application behind it.
            // Take no more than the reply needs.
            let Some(frames) = &mut self.frames else { return Ok(false) };
            match frames.incoming.take(self.buffer.reply_room()) {
                0 => return Ok(false),
                n => self.buffer.filled(n),
            }
        }
    }

    fn take(&mut self) -> Established {
        Established {
            bound: self.buffer.take_address(),
            frames: self.frames.take(),
            version: ProtocolVersion::V5,
        }
    }

    fn received(&self) -> usize {
        self.buffer.len() + self.frames.as_ref().map_or(0, |frames| frames.incoming.partial())
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("received", &self.received()).finish_non_exhaustive()
    }
}
