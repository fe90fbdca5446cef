//! A reply of SOCKS5: as it comes, or out of the frames of an encapsulation.

use super::heard::Heard;
use crate::encapsulation::FrameError;
use crate::error::{Error, ErrorKind, Stage};
use crate::established::{Established, Spoken};
use crate::frames::Frames;
use crate::second_reply::ReplyReader;
use crate::trace;

/// What has come of a reply.
pub struct Reader {
    pub(super) heard: Heard,
    pub(super) frames: Option<Box<Frames>>,
}

impl Reader {
    /// A reader of the reply that ends this stage, out of the frames if there is an encapsulation.
    pub(crate) const fn new(stage: Stage, frames: Option<Box<Frames>>) -> Self {
        Self { heard: Heard::new(stage), frames }
    }

    pub(super) fn encapsulation_failed(&self, error: FrameError) -> Error {
        Error::new(self.heard.stage(), ErrorKind::Encapsulation(error))
    }
}

impl ReplyReader for Reader {
    fn room(&mut self) -> &mut [u8] {
        match &mut self.frames {
            Some(frames) => frames.incoming.room(),
            None => self.heard.reply_room(),
        }
    }

    fn filled(&mut self, n: usize) -> Result<(), Error> {
        if let Some(frames) = &mut self.frames {
            return frames.incoming.filled(n).map_err(|error| self.encapsulation_failed(error));
        }
        self.heard.filled(n);
        Ok(())
    }

    fn is_granted(&mut self) -> Result<bool, Error> {
        loop {
            let granted = self.heard.is_granted();
            if !matches!(granted, Ok(false)) {
                trace::heard(self.heard.stage(), self.heard.len());
                return granted;
            }
            // A frame may hold less than the reply, or application bytes behind it: take what the reply needs, no more.
            let Some(frames) = &mut self.frames else { return Ok(false) };
            match frames.incoming.take(self.heard.reply_room()) {
                0 => return Ok(false),
                n => self.heard.filled(n),
            }
        }
    }

    fn take(&mut self) -> Established {
        Established { bound: self.heard.take_address(), frames: self.frames.take(), spoken: Spoken::V5 }
    }

    fn received(&self) -> usize {
        self.heard.len() + self.frames.as_ref().map_or(0, |frames| frames.incoming.partial())
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("received", &self.received()).finish_non_exhaustive()
    }
}
