//! Frames from the proxy, opened into plain bytes.

use super::frame_error;
use super::received::Received;
use crate::protocol::encapsulation::{FrameError, Open};
use std::io::IoSliceMut;
use std::task::{Poll, ready};
use std::{fmt, io};

/// Frames from the proxy, opened into plain bytes.
///
/// 1. [`take`](Self::take) moves plain bytes into a buffer.
/// 2. If there are none, read from the stream into [`room`](Self::room).
/// 3. Report the number of bytes with [`filled`](Self::filled), and begin again.
///
/// Memory grows with the received bytes, not with the length that a frame announces.
pub struct Incoming {
    received: Received,
    /// The frames that these frames are in.
    outer: Option<Box<Self>>,
    has_failed: bool,
    /// The error that was found behind plain bytes.
    error: Option<FrameError>,
}

impl Incoming {
    pub(super) fn new(open: Box<dyn Open>) -> Self {
        Self { received: Received::new(open), outer: None, has_failed: false, error: None }
    }

    pub(super) fn inside(mut self, outer: Self) -> Self {
        self.outer = Some(Box::new(match self.outer.take() {
            Some(inner) => inner.inside(outer),
            None => outer,
        }));
        self
    }

    /// Lets [`room`](Self::room) be longer than the current frame needs from now on.
    ///
    /// This saves reads. Call it once all bytes of the stream are for this value: in the tunnel,
    /// not during a handshake. [`SocksStream::new`](crate::SocksStream::new) calls it.
    pub fn read_ahead(&mut self) {
        match &mut self.outer {
            Some(outer) => outer.read_ahead(),
            None => self.received.read_ahead(),
        }
    }

    /// Moves plain bytes into `buf`, those of several frames if all of them are there. Returns how
    /// many: 0 if a frame has to be read first.
    ///
    /// # Errors
    ///
    /// A frame is refused by the encapsulation, is longer than 1 MiB, or follows one that was
    /// refused. The bytes before such a frame are returned first.
    pub fn take(&mut self, buf: &mut [u8]) -> Result<usize, FrameError> {
        let mut taken = 0;
        self.take_into(buf.len(), |plain| {
            buf[taken..taken + plain.len()].copy_from_slice(plain);
            taken += plain.len();
        })
    }

    /// Passes at most `most` plain bytes to `put`.
    fn take_into(&mut self, most: usize, mut put: impl FnMut(&[u8])) -> Result<usize, FrameError> {
        let mut taken = 0;
        while taken < most {
            let n = match self.plain() {
                Ok([]) => break,
                Ok(plain) => {
                    let n = plain.len().min(most - taken);
                    put(&plain[..n]);
                    n
                }
                Err(error) if taken == 0 => return Err(error),
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            };
            self.received.consume(n);
            taken += n;
        }
        Ok(taken)
    }

    /// Returns plain bytes; none if a frame has to be read first.
    pub(crate) fn plain(&mut self) -> Result<&[u8], FrameError> {
        while self.received.plain().is_empty() && self.open_next()? {}
        Ok(self.received.plain())
    }

    /// Opens the next frame if all of it is there.
    fn open_next(&mut self) -> Result<bool, FrameError> {
        // It stays failed if the encapsulation panics.
        if std::mem::replace(&mut self.has_failed, true) {
            return Err(self.error.take().unwrap_or_else(|| "an earlier frame was refused".into()));
        }
        let opened = self.try_open_next()?;
        self.has_failed = false;
        Ok(opened)
    }

    fn try_open_next(&mut self) -> Result<bool, FrameError> {
        loop {
            if self.received.open_next()? {
                return Ok(true);
            }
            let Some(outer) = &mut self.outer else { return Ok(false) };
            match outer.take(self.received.room())? {
                0 => return Ok(false),
                n => self.received.filled(n),
            }
        }
    }

    /// Returns where to read to. In a handshake, this is never more than the current frame needs.
    pub fn room(&mut self) -> &mut [u8] {
        match &mut self.outer {
            Some(outer) => outer.room(),
            None => self.received.room(),
        }
    }

    /// Reports that `n` bytes were read into [`room`](Self::room).
    pub fn filled(&mut self, n: usize) {
        match &mut self.outer {
            Some(outer) => outer.filled(n),
            None => self.received.filled(n),
        }
    }

    /// Returns how many bytes were received of a frame that is not open yet.
    #[must_use]
    pub fn partial(&self) -> usize {
        self.received.partial() + self.outer.as_ref().map_or(0, |outer| outer.partial())
    }

    /// Reads frames with `read` until there are plain bytes. Returns how many: 0 at the end of the
    /// stream.
    pub(crate) fn poll_plain(
        &mut self,
        mut read: impl FnMut(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.plain().map_err(frame_error)?.len() {
                0 => {}
                n => return Poll::Ready(Ok(n)),
            }
            match ready!(read(self.room()))? {
                0 if self.partial() == 0 => return Poll::Ready(Ok(0)),
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                n => self.filled(n),
            }
        }
    }

    /// Passes at most `most` plain bytes to `put`. If there are none, reads frames with `read`.
    pub(crate) fn poll_read(
        &mut self,
        most: usize,
        put: impl FnMut(&[u8]),
        read: impl FnMut(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if most > 0 {
            ready!(self.poll_plain(read))?;
        }
        Poll::Ready(self.take_into(most, put).map_err(frame_error))
    }

    /// The same, into these buffers.
    pub(crate) fn poll_read_vectored(
        &mut self,
        bufs: &mut [IoSliceMut<'_>],
        read: impl FnMut(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let most = bufs.iter().fold(0_usize, |sum, buf| sum.saturating_add(buf.len()));
        let mut bufs = bufs.iter_mut().map(|buf| &mut **buf);
        let mut free: &mut [u8] = &mut [];
        let put = |mut plain: &[u8]| {
            while !plain.is_empty() {
                let n = free.len().min(plain.len());
                let (filled, rest) = std::mem::take(&mut free).split_at_mut(n);
                filled.copy_from_slice(&plain[..n]);
                (free, plain) = (rest, &plain[n..]);
                if free.is_empty() {
                    let Some(next) = bufs.next() else { return };
                    free = next;
                }
            }
        };
        self.poll_read(most, put, read)
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("partial", &self.partial()).finish_non_exhaustive()
    }
}
