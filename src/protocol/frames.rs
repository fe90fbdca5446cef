//! The pump of an encapsulated stream: plain bytes on one side, frames on the other, and no I/O.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::encapsulation::{Datagrams, Encapsulation, FrameError, Open, Seal};
use std::io::{IoSlice, IoSliceMut};
use std::task::{Poll, ready};
use std::{fmt, io};

/// The most that is read of a frame at once, so that memory grows with what was received and not with what was announced.
const READ: usize = 16 * 1024;

/// Both directions of an encapsulated stream, and what its datagrams go through.
#[non_exhaustive]
pub struct Frames {
    /// What comes from the proxy.
    pub incoming: Incoming,
    /// What goes to the proxy.
    pub outgoing: Outgoing,
    /// What the datagrams of UDP ASSOCIATE go through, if the encapsulation has that.
    pub datagrams: Option<Box<dyn Datagrams>>,
}

/// Frames from the proxy, opened into plain bytes.
///
/// Ask [`take`](Self::take) for plain bytes; when there are none, read into [`room`](Self::room), say with [`filled`](Self::filled) how
/// much came, and ask again.
pub struct Incoming {
    open: Box<dyn Open>,
    frame: Vec<u8>,
    filled: usize,
    plain: Vec<u8>,
    taken: usize,
    failed: bool,
}

/// Plain bytes for the proxy, sealed into frames.
///
/// [`put`](Self::put) takes plain bytes; [`pending`](Self::pending) is what has to be written then, and [`sent`](Self::sent) says how much
/// of it was.
pub struct Outgoing {
    seal: Box<dyn Seal>,
    frames: Vec<u8>,
    sent: usize,
}

impl From<Encapsulation> for Frames {
    fn from(Encapsulation { seal, open, datagrams }: Encapsulation) -> Self {
        Self {
            incoming: Incoming {
                open,
                frame: Vec::new(),
                filled: 0,
                plain: Vec::new(),
                taken: 0,
                failed: false,
            },
            outgoing: Outgoing { seal, frames: Vec::new(), sent: 0 },
            datagrams,
        }
    }
}

impl Incoming {
    /// Moves plain bytes that are there into `buf`, and says how many.
    pub fn take(&mut self, buf: &mut [u8]) -> usize {
        let ready = &self.plain[self.taken..];
        let n = ready.len().min(buf.len());
        buf[..n].copy_from_slice(&ready[..n]);
        self.taken += n;
        n
    }

    /// Where to read the rest of the frame that is being received: never more than that frame needs.
    pub fn room(&mut self) -> &mut [u8] {
        let missing = self.open.missing(&self.frame[..self.filled]);
        self.frame.resize(self.filled + missing.clamp(1, READ), 0);
        &mut self.frame[self.filled..]
    }

    /// `n` bytes were read into [`room`](Self::room).
    ///
    /// # Errors
    ///
    /// The frame is complete, and the encapsulation refuses it, or has refused one before: what comes behind it has a gap before it.
    pub fn filled(&mut self, n: usize) -> Result<(), FrameError> {
        if self.failed {
            return Err("an earlier frame was refused".into());
        }
        self.filled = (self.filled + n).min(self.frame.len());
        let frame = &self.frame[..self.filled];
        if self.filled == 0 || self.open.missing(frame) > 0 {
            return Ok(());
        }
        self.plain.drain(..self.taken);
        self.taken = 0;
        self.filled = 0;
        let whole = self.plain.len();
        self.open.open(frame, &mut self.plain).inspect_err(|_| {
            self.plain.truncate(whole);
            self.failed = true;
        })
    }

    /// Reads plain bytes, with `read` to read frames by.
    pub(crate) fn poll_read(
        &mut self,
        buf: &mut [u8],
        mut read: impl FnMut(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.take(buf) {
                0 if !buf.is_empty() => {}
                n => return Poll::Ready(Ok(n)),
            }
            if self.failed {
                self.filled(0).map_err(frame_error)?;
            }
            match ready!(read(self.room()))? {
                0 if self.partial() == 0 => return Poll::Ready(Ok(0)),
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                n => self.filled(n).map_err(frame_error)?,
            }
        }
    }

    /// How many bytes of a frame that is not complete yet are there.
    #[must_use]
    pub const fn partial(&self) -> usize {
        self.filled
    }
}

impl Outgoing {
    /// Seals bytes from the start of `plain` into one frame, and says how many it took.
    ///
    /// # Errors
    ///
    /// The encapsulation can't seal them.
    pub fn put(&mut self, plain: &[u8]) -> Result<usize, FrameError> {
        if plain.is_empty() {
            return Ok(0);
        }
        self.frames.drain(..self.sent);
        self.sent = 0;
        match self.seal.seal(plain, &mut self.frames)? {
            0 => Err("the encapsulation takes no bytes".into()),
            n => Ok(n.min(plain.len())),
        }
    }

    /// The sealed bytes that are still to be written.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.frames[self.sent..]
    }

    /// `n` bytes of [`pending`](Self::pending) were written.
    pub fn sent(&mut self, n: usize) {
        self.sent = (self.sent + n).min(self.frames.len());
    }

    /// Takes plain bytes once the earlier ones are out, with `write` to write frames by, and writes as much as is possible at once. What
    /// is not out then is written by the next call of this or of [`poll_flush`](Self::poll_flush).
    pub(crate) fn poll_write(
        &mut self,
        plain: &[u8],
        mut write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(&mut write))?;
        let n = self.put(plain).map_err(frame_error)?;
        match self.poll_flush(write) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(n)),
        }
    }

    /// Writes all that is sealed.
    pub(crate) fn poll_flush(
        &mut self,
        mut write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        while !self.pending().is_empty() {
            match ready!(write(self.pending())) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(n) => self.sent(n),
                // A caller who is told would write the same again, and it is sealed already.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The buffer that a vectored read through the pump fills.
pub(crate) fn first_to_fill<'a>(bufs: &'a mut [IoSliceMut<'_>]) -> &'a mut [u8] {
    bufs.iter_mut().find(|buf| !buf.is_empty()).map_or(&mut [], |buf| buf)
}

/// The buffer that a vectored write through the pump takes from.
pub(crate) fn first_to_write<'a>(bufs: &'a [IoSlice<'_>]) -> &'a [u8] {
    bufs.iter().find(|buf| !buf.is_empty()).map_or(&[], |buf| buf)
}

/// The error of a stream whose encapsulation failed.
fn frame_error(error: FrameError) -> io::Error {
    Error::new(Stage::Tunnel, ErrorKind::Encapsulation(error)).into()
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames")
            .field("incoming", &self.incoming)
            .field("outgoing", &self.outgoing)
            .field("datagrams", &self.datagrams.is_some())
            .finish()
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("partial", &self.filled).finish_non_exhaustive()
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("pending", &self.pending().len()).finish_non_exhaustive()
    }
}
