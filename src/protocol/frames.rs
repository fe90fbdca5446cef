//! Bytes through an encapsulation, without I/O.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::encapsulation::{Datagrams, Encapsulation, FrameError, Open, Seal};
use std::io::{IoSlice, IoSliceMut};
use std::task::{Poll, ready};
use std::{fmt, io};

/// The most that is read of a frame at once, in bytes.
///
/// So memory grows with the received bytes, not with the length that a frame announces.
const READ: usize = 16 * 1024;

/// The two directions of an encapsulated stream, without I/O.
///
/// [`Established::frames`](crate::protocol::Established::frames) is one if the METHOD has
/// negotiated an encapsulation. Then all bytes pass through it:
///
/// ```
/// use anysocks::protocol::{FrameError, Frames};
/// use std::io::{self, Read, Write};
///
/// fn send(
///     stream: &mut impl Write,
///     frames: &mut Frames,
///     mut plain: &[u8],
/// ) -> Result<(), FrameError> {
///     while !plain.is_empty() {
///         let n = frames.outgoing.put(plain)?;
///         plain = &plain[n..];
///         stream.write_all(frames.outgoing.pending())?;
///         let written = frames.outgoing.pending().len();
///         frames.outgoing.sent(written);
///     }
///     Ok(())
/// }
///
/// fn receive(
///     stream: &mut impl Read,
///     frames: &mut Frames,
///     buf: &mut [u8],
/// ) -> Result<usize, FrameError> {
///     loop {
///         match frames.incoming.take(buf) {
///             0 => {}
///             n => return Ok(n),
///         }
///         match stream.read(frames.incoming.room())? {
///             0 if frames.incoming.partial() == 0 => return Ok(0),
///             0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
///             n => frames.incoming.filled(n)?,
///         }
///     }
/// }
/// ```
#[non_exhaustive]
pub struct Frames {
    /// The direction from the proxy.
    pub incoming: Incoming,
    /// The direction to the proxy.
    pub outgoing: Outgoing,
    /// The encapsulation of the datagrams of UDP ASSOCIATE, if there is one.
    pub datagrams: Option<Box<dyn Datagrams>>,
}

/// Frames from the proxy, opened into plain bytes.
///
/// 1. [`take`](Self::take) moves plain bytes into a buffer.
/// 2. If there are none, read from the stream into [`room`](Self::room).
/// 3. Report the number of bytes with [`filled`](Self::filled), and begin again.
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
/// 1. [`put`](Self::put) seals plain bytes.
/// 2. Write [`pending`](Self::pending) to the stream.
/// 3. Report the number of written bytes with [`sent`](Self::sent).
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
    /// Moves available plain bytes into `buf`, and returns their number.
    pub fn take(&mut self, buf: &mut [u8]) -> usize {
        let ready = &self.plain[self.taken..];
        let n = ready.len().min(buf.len());
        buf[..n].copy_from_slice(&ready[..n]);
        self.taken += n;
        n
    }

    /// Returns room for the rest of the current frame.
    ///
    /// It is never longer than that rest, so no byte behind the frame is read.
    pub fn room(&mut self) -> &mut [u8] {
        let missing = self.open.missing(&self.frame[..self.filled]);
        self.frame.resize(self.filled + missing.clamp(1, READ), 0);
        &mut self.frame[self.filled..]
    }

    /// Reports that `n` bytes were read into [`room`](Self::room).
    ///
    /// # Errors
    ///
    /// - The error of [`Open::open`]: the frame is complete and can't be opened.
    /// - An error of this type: an earlier frame could not be opened, so bytes are missing.
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

    /// Reads plain bytes. `read` reads frames from the stream.
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

    /// Returns the number of received bytes of a frame that is not complete.
    #[must_use]
    pub const fn partial(&self) -> usize {
        self.filled
    }
}

impl Outgoing {
    /// Seals bytes from the start of `plain` into one frame, and returns their number.
    ///
    /// # Errors
    ///
    /// - The error of [`Seal::seal`]: the bytes can't be sealed.
    /// - An error of this type: `Seal::seal` returned 0.
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

    /// Returns the sealed bytes that have not been written.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.frames[self.sent..]
    }

    /// Reports that `n` bytes of [`pending`](Self::pending) were written.
    pub fn sent(&mut self, n: usize) {
        self.sent = (self.sent + n).min(self.frames.len());
    }

    /// Takes plain bytes once all earlier frames are written, and writes as much as is possible at
    /// once.
    ///
    /// `write` writes frames to the stream. The next call of this method or of
    /// [`poll_flush`](Self::poll_flush) writes the rest.
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

    /// Writes all sealed bytes.
    pub(crate) fn poll_flush(
        &mut self,
        mut write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<()>> {
        while !self.pending().is_empty() {
            match ready!(write(self.pending())) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(n) => self.sent(n),
                // A caller would retry the write, but its bytes are sealed already.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Returns the buffer that a vectored read of an encapsulated stream fills.
pub(crate) fn first_to_fill<'a>(bufs: &'a mut [IoSliceMut<'_>]) -> &'a mut [u8] {
    bufs.iter_mut().find(|buf| !buf.is_empty()).map_or(&mut [], |buf| buf)
}

/// Returns the buffer that a vectored write of an encapsulated stream takes.
pub(crate) fn first_to_write<'a>(bufs: &'a [IoSlice<'_>]) -> &'a [u8] {
    bufs.iter().find(|buf| !buf.is_empty()).map_or(&[], |buf| buf)
}

/// Returns the error of a stream with a failed encapsulation.
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
