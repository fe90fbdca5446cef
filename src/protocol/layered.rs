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
            let stage = self.conversation.stage();
            let failed = |error| Error::new(stage, ErrorKind::Encapsulation(error));
            let mut scratch = Scratch::new();
            let moved = match self.conversation.step(&mut scratch) {
                Step::Done(outcome) => return Ok(Next::Done(outcome)),
                Step::Write([]) | Step::Read([]) => return Ok(Next::Conversation),
                // All of it, as one write would take it.
                Step::Write(bytes) => {
                    frames.outgoing.put_all(bytes).map_err(failed)?;
                    bytes.len()
                }
                Step::Read(buf) => match frames.incoming.take(buf).map_err(failed)? {
                    0 => return Ok(Next::Read),
                    n => n,
                },
            };
            self.conversation.advance(moved)?;
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
