//! A conversation through the encapsulations of earlier proxies of a chain.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::frames::Frames;
use crate::protocol::pause::Pause;
use crate::protocol::progress::Progress;
use std::ops::DerefMut;

/// A conversation whose bytes pass through a pump `F`, if there is one.
pub(crate) struct Layered<F, C: Conversation> {
    frames: Option<F>,
    conversation: C,
    progress: Progress,
    next: Next<C::Outcome>,
}

/// What comes next.
enum Next<T> {
    /// To write what the pump has sealed.
    Write,
    /// To read a frame.
    Read,
    /// A step of the conversation itself.
    Conversation,
    /// The conversation has ended.
    Done(T),
    Failed(Error),
}

impl<F: DerefMut<Target = Frames>, C: Conversation> Layered<F, C> {
    pub(crate) const fn through(frames: Option<F>, conversation: C) -> Self {
        Self { frames, conversation, progress: Progress::new(), next: Next::Conversation }
    }

    pub(crate) fn into_frames(self) -> Option<F> {
        self.frames
    }

    /// Moves bytes between the conversation and the pump until one of them needs the stream, or
    /// until the conversation pauses, if its pauses count.
    fn pump(&mut self, pauses: bool) {
        if !matches!(self.next, Next::Done(_) | Next::Failed(_)) {
            self.next = self.try_pump(pauses).unwrap_or_else(Next::Failed);
        }
    }

    fn try_pump(&mut self, pauses: bool) -> Result<Next<C::Outcome>, Error> {
        let Some(frames) = self.frames.as_deref_mut() else { return Ok(Next::Conversation) };
        loop {
            if !frames.outgoing.pending().is_empty() {
                return Ok(Next::Write);
            }
            if pauses && self.conversation.pause().is_some() {
                return Ok(Next::Conversation);
            }
            let mut scratch = Scratch::new();
            let moved = match self.conversation.step(&mut scratch) {
                Step::Done(outcome) => return Ok(Next::Done(outcome)),
                Step::Write([]) | Step::Read([]) => return Ok(Next::Conversation),
                Step::Write(bytes) => frames.outgoing.put_much(bytes),
                Step::Read(buf) => match frames.incoming.take(buf) {
                    Ok(0) => return Ok(Next::Read),
                    taken => taken,
                },
            };
            match moved {
                Ok(n) => self.conversation.advance(n)?,
                // The conversation may know a refusal.
                Err(error) => return Err(self.conversation.failure(ErrorKind::Encapsulation(error))),
            }
        }
    }

    fn take_offered(&mut self, n: usize) -> Result<(), Error> {
        let overrun =
            |offered| Error::new(self.conversation.stage(), ErrorKind::Overrun { reported: n, offered });
        self.progress.take_offered(n).map(drop).map_err(overrun)
    }
}

impl<F: DerefMut<Target = Frames>, C: Conversation> Conversation for Layered<F, C> {
    type Outcome = C::Outcome;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, C::Outcome> {
        self.pump(false);
        match (&mut self.next, &mut self.frames) {
            (Next::Conversation, _) => self.conversation.step(scratch),
            (Next::Write, Some(frames)) => self.progress.write(frames.outgoing.pending()),
            (Next::Read, Some(frames)) => self.progress.read(frames.incoming.room()),
            (next @ Next::Done(_), _) => match std::mem::replace(next, Next::Conversation) {
                Next::Done(outcome) => Step::Done(outcome),
                _ => Step::Read(&mut []),
            },
            _ => Step::Read(&mut []),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        match (std::mem::replace(&mut self.next, Next::Conversation), n) {
            (Next::Failed(error), _) => return Err(error),
            (Next::Write, _) => {
                self.take_offered(n)?;
                if let Some(frames) = self.frames.as_deref_mut() {
                    frames.outgoing.sent(n);
                }
            }
            (Next::Read, 1..) => {
                self.take_offered(n)?;
                if let Some(frames) = self.frames.as_deref_mut() {
                    frames.incoming.filled(n);
                }
                self.pump(true);
                if let Next::Failed(_) = self.next {
                    return self.advance(0);
                }
            }
            (next, _) => {
                self.next = next;
                return self.conversation.advance(n);
            }
        }
        Ok(())
    }

    fn stage(&self) -> Stage {
        self.conversation.stage()
    }

    fn failure(&self, kind: ErrorKind) -> Error {
        self.conversation.failure(kind)
    }

    fn pause(&mut self) -> Option<&mut Pause> {
        // The pump may have to write before the conversation can.
        self.pump(true);
        match &mut self.frames {
            Some(frames) if !frames.outgoing.pending().is_empty() => frames.outgoing.pause(),
            _ => self.conversation.pause(),
        }
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        if let Some(frames) = &mut self.frames {
            let pending = frames.outgoing.pending().len();
            frames.outgoing.sent(pending);
        }
        self.conversation.write_failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::early_data::EarlyData;
    use crate::protocol::encapsulation::{Encapsulation, Extent, FrameError, Open, Seal};
    use std::ops::Range;

    /// Frames of one length.
    struct Blocks;

    impl Seal for Blocks {
        fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
            let n = plain.len().min(1000);
            frames.extend_from_slice(&plain[..n]);
            Ok(n)
        }
    }

    impl Open for Blocks {
        fn extent(&self, _: &[u8]) -> Extent {
            Extent::Exactly(1)
        }

        fn open(&mut self, _: &mut [u8]) -> Result<Range<usize>, FrameError> {
            Ok(0..1)
        }
    }

    /// However much the conversation has to write, the pump holds no more than one write of it.
    #[test]
    fn sealed_bytes_are_bounded() {
        let early_data = vec![7; 1 << 20];
        let frames: Frames = Encapsulation::new(Blocks, Blocks).into();
        let conversation = EarlyData::new(Stage::Request, &early_data);
        let mut layered = Layered::through(Some(Box::new(frames)), conversation);
        let mut written = 0;
        loop {
            let n = match layered.step(&mut Scratch::new()) {
                Step::Write(bytes) => bytes.len(),
                Step::Read(_) => 0,
                Step::Done(()) => break,
            };
            assert!(n <= 1 << 17, "{n} bytes in the pump");
            written += n;
            layered.advance(n).unwrap();
        }
        assert_eq!(written, early_data.len());
    }
}
