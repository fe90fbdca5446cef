//! A reply of SOCKS5, as it is or inside an encapsulation.

use super::reply_buffer::ReplyBuffer;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::command::Command;
use crate::protocol::dialect::{Dialect, RFC_1928};
use crate::protocol::encapsulation::FrameError;
use crate::protocol::established::{Established, ProtocolVersion};
use crate::protocol::frames::Frames;
use crate::protocol::negotiated::Negotiated;
use crate::protocol::reply_reader::ReplyReader;
use crate::trace;

/// The received part of a reply.
pub struct Reader {
    pub(super) buffer: ReplyBuffer,
    pub(super) negotiated: Option<Box<Negotiated>>,
}

impl Reader {
    /// Creates a reader of the reply that ends this stage. It opens frames if there are any.
    #[inline]
    pub(crate) const fn new(stage: Stage, negotiated: Option<Box<Negotiated>>) -> Self {
        Self { buffer: ReplyBuffer::new(stage), negotiated }
    }

    /// Creates a reader of the reply to a request with this command.
    #[inline]
    pub(super) const fn to(command: Command, negotiated: Option<Box<Negotiated>>) -> Self {
        let mut buffer = ReplyBuffer::new(Stage::Request);
        if let Command::KeepAlive = command {
            buffer = buffer.with_optional_address();
        }
        Self { buffer, negotiated }
    }

    #[inline]
    pub(super) fn dialect(&self) -> &'static Dialect {
        self.negotiated.as_ref().and_then(|negotiated| negotiated.dialect).unwrap_or(&RFC_1928)
    }

    #[inline]
    pub(super) fn frames(&self) -> Option<&Frames> {
        self.negotiated.as_ref()?.frames.as_ref()
    }

    #[inline]
    pub(super) fn frames_mut(&mut self) -> Option<&mut Frames> {
        self.negotiated.as_mut()?.frames.as_mut()
    }

    pub(super) fn encapsulation_failed(&self, error: FrameError) -> Error {
        Error::new(self.buffer.stage(), ErrorKind::Encapsulation(error))
    }
}

impl ReplyReader for Reader {
    #[inline]
    fn room(&mut self) -> &mut [u8] {
        match self.negotiated.as_mut().and_then(|negotiated| negotiated.frames.as_mut()) {
            Some(frames) => frames.incoming.room(),
            None => self.buffer.reply_room(),
        }
    }

    #[inline]
    fn filled(&mut self, n: usize) {
        match self.frames_mut() {
            Some(frames) => frames.incoming.filled(n),
            None => self.buffer.filled(n),
        }
    }

    #[inline]
    fn is_granted(&mut self) -> Result<bool, Error> {
        let dialect = self.dialect();
        loop {
            let granted = self.buffer.is_granted(dialect);
            if !matches!(granted, Ok(false)) {
                trace::received(self.buffer.stage(), self.buffer.len());
                return granted;
            }
            // A frame may contain a part of the reply, or bytes of the application behind it.
            // Take no more than the reply needs.
            let Some(frames) = self.negotiated.as_mut().and_then(|negotiated| negotiated.frames.as_mut())
            else {
                return Ok(false);
            };
            let taken = frames.incoming.take(self.buffer.reply_room());
            let failed =
                |error| self.buffer.refusal(dialect).unwrap_or_else(|| self.encapsulation_failed(error));
            match taken.map_err(failed)? {
                0 => return Ok(false),
                n => self.buffer.filled(n),
            }
        }
    }

    #[inline]
    fn take(&mut self) -> Established {
        Established {
            bound: self.buffer.take_address(),
            negotiated: self.negotiated.take(),
            version: ProtocolVersion::V5,
        }
    }

    fn refusal(&self) -> Option<Error> {
        self.buffer.refusal(self.dialect())
    }

    fn received(&self) -> usize {
        self.buffer.len() + self.frames().map_or(0, |frames| frames.incoming.partial())
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("received", &self.received()).finish_non_exhaustive()
    }
}
