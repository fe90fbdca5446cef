//! The encapsulations that bytes pass through before they leave.

use super::received::LONGEST;
use crate::protocol::encapsulation::{FrameError, Seal};
use crate::protocol::pause::Pause;
use zeroize::{Zeroize, Zeroizing};

/// More than a frame is longer than its content, in a handshake.
pub(super) const OVERHEAD: usize = 1024;

/// An encapsulation, and those that its frames are put into.
pub(super) struct Sealing {
    seal: Box<dyn Seal>,
    pause: Pause,
    outer: Option<Box<Self>>,
    /// The frames that are put into those of `outer`.
    frames: Zeroizing<Vec<u8>>,
}

impl Sealing {
    pub(super) fn new(seal: Box<dyn Seal>) -> Self {
        Self { seal, pause: Pause::default(), outer: None, frames: Zeroizing::default() }
    }

    pub(super) fn inside(mut self, outer: Self) -> Self {
        self.outer = Some(Box::new(match self.outer.take() {
            Some(inner) => inner.inside(outer),
            None => outer,
        }));
        self
    }

    /// Returns how many plain bytes one frame takes at most. The frames of a longer one would be
    /// refused by a pump like this.
    pub(super) fn capacity(&self) -> usize {
        self.seal.capacity().clamp(1, LONGEST)
    }

    /// Seals bytes from the start of `plain` into one frame. Appends it to `frames`, inside those
    /// of the outer encapsulations. Returns how many bytes it took.
    pub(super) fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        if self.outer.is_none() {
            return self.seal_one(plain, frames);
        }
        let mut sealed = std::mem::take(&mut self.frames);
        // They grow without a copy of them that stays.
        sealed.reserve(plain.len().min(self.capacity()) + OVERHEAD);
        let n = self.seal_one(plain, &mut sealed)?;
        if let Some(outer) = &mut self.outer {
            let mut rest = &sealed[..];
            while !rest.is_empty() {
                rest = &rest[outer.seal(rest, frames)?..];
            }
        }
        // A handshake may put a password into them.
        sealed[..].zeroize();
        sealed.clear();
        self.frames = sealed;
        Ok(n)
    }

    fn seal_one(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        let plain = &plain[..plain.len().min(self.capacity())];
        let before = frames.len();
        let n = self.seal.seal(plain, frames)?;
        if n == 0 {
            return Err("the encapsulation takes no bytes".into());
        }
        if n > plain.len() || frames.len() <= before {
            return Err("the encapsulation took bytes and made no frame of them".into());
        }
        self.pause.begin(self.seal.pause(), self.seal.clock());
        Ok(n)
    }

    /// Returns the pause of the innermost encapsulation that has one.
    pub(super) fn pause(&mut self) -> Option<&mut Pause> {
        match &mut self.outer {
            Some(outer) if self.pause.duration().is_zero() => outer.pause(),
            _ => self.pause.pending(),
        }
    }
}
