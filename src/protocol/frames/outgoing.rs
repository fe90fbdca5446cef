//! Plain bytes for the proxy, sealed into frames.

use super::frame_error;
use super::sealing::{OVERHEAD, Sealing};
use super::waking::Waiting;
use crate::protocol::encapsulation::{FrameError, Seal};
use crate::protocol::pause::Pause;
use std::io::{ErrorKind, IoSlice};
use std::task::{Context, Poll, Waker, ready};
use std::{fmt, io};
use zeroize::{Zeroize, Zeroizing};

/// The most bytes of one write of a handshake: a request with early data fits.
const WRITE: usize = 1 << 17;

/// Where frames are written to.
pub(crate) trait Sink {
    fn poll_write(&mut self, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Waits until the pause has ended.
    fn poll_pause(&mut self, pause: &mut Pause) -> Poll<io::Result<()>>;

    /// Returns the waker of the calling task, if it is one.
    fn waker(&self) -> Option<&Waker>;
}

/// Plain bytes for the proxy, sealed into frames.
///
/// 1. [`put`](Self::put) seals plain bytes.
/// 2. Wait for [`pause`](Self::pause), if there is one.
/// 3. Write [`pending`](Self::pending) to the stream.
/// 4. Report the number of written bytes with [`sent`](Self::sent).
///
/// Write all of `pending` before the next `put`: otherwise memory grows with each frame.
pub struct Outgoing {
    sealing: Sealing,
    /// Frames: those that are written, up to `sent`; then those to be written, up to `whole`. What
    /// is behind is no whole frame.
    frames: Zeroizing<Vec<u8>>,
    sent: usize,
    whole: usize,
    /// Plain bytes to seal when the frames before them are written.
    queue: Zeroizing<Vec<u8>>,
    /// The buffers of a vectored write, one behind the other.
    gathered: Vec<u8>,
    /// Whether written frames are wiped: a handshake may put a password into them.
    is_handshake: bool,
    failure: Failure,
    waiting: Waiting,
}

/// Whether a frame could not be sealed. The sequence has a gap then, so none may follow.
#[derive(Default)]
enum Failure {
    #[default]
    None,
    /// The error is still to be returned.
    Unreported(FrameError),
    Reported,
}

impl Outgoing {
    pub(super) fn new(seal: Box<dyn Seal>) -> Self {
        Self {
            sealing: Sealing::new(seal),
            frames: Zeroizing::default(),
            sent: 0,
            whole: 0,
            queue: Zeroizing::default(),
            gathered: Vec::new(),
            is_handshake: true,
            failure: Failure::None,
            waiting: Waiting::default(),
        }
    }

    pub(super) fn inside(self, mut outer: Self) -> Self {
        // The METHOD may have left frames here that were not written yet. If they can't be sealed,
        // the next `put` fails.
        if let Err(error) = outer.put_all(self.pending()) {
            outer.failure = Failure::Unreported(error);
        }
        if !matches!(self.failure, Failure::None) {
            outer.failure = self.failure;
        }
        Self { sealing: self.sealing.inside(outer.sealing), ..outer }
    }

    /// Seals bytes from the start of `plain` into one frame. Returns the number of sealed bytes.
    ///
    /// # Errors
    ///
    /// Nothing of the frame becomes [`pending`](Self::pending).
    ///
    /// - The error of [`Seal::seal`].
    /// - An earlier call has failed.
    pub fn put(&mut self, plain: &[u8]) -> Result<usize, FrameError> {
        if plain.is_empty() {
            return Ok(0);
        }
        self.check()?;
        // It stays failed if the encapsulation panics.
        self.failure = Failure::Reported;
        self.frames.drain(..self.sent);
        self.whole -= self.sent;
        self.sent = 0;
        if self.is_handshake {
            self.reserve(plain.len().min(self.sealing.capacity()) + OVERHEAD);
        }
        let sealed = self.sealing.seal(plain, &mut self.frames);
        if sealed.is_err() {
            self.frames.truncate(self.whole);
        }
        let n = sealed?;
        self.whole = self.frames.len();
        self.failure = Failure::None;
        Ok(n)
    }

    /// Makes room without a copy of what is there.
    fn reserve(&mut self, room: usize) {
        if self.frames.capacity() - self.frames.len() < room {
            let mut roomy =
                Zeroizing::new(Vec::with_capacity(self.frames.len() + room.max(self.frames.len())));
            roomy.extend_from_slice(&self.frames);
            self.frames = roomy;
        }
    }

    /// Fails if an earlier frame could not be sealed.
    fn check(&mut self) -> Result<(), FrameError> {
        if matches!(self.failure, Failure::None) {
            return Ok(());
        }
        match std::mem::replace(&mut self.failure, Failure::Reported) {
            Failure::Unreported(error) => Err(error),
            _ => Err("an earlier frame could not be sealed".into()),
        }
    }

    /// Ends the handshake: from now on, written frames are not wiped.
    pub(crate) const fn enter_tunnel(&mut self) {
        self.is_handshake = false;
    }

    /// Seals all of `plain`, into as many frames as it takes.
    pub(crate) fn put_all(&mut self, mut plain: &[u8]) -> Result<(), FrameError> {
        while !plain.is_empty() {
            let n = self.put(plain)?;
            plain = &plain[n..];
        }
        Ok(())
    }

    /// Seals as much of `plain` as a stream takes in one write: up to 128 KiB, and no further than
    /// a pause. Returns the number of sealed bytes.
    pub(crate) fn put_much(&mut self, plain: &[u8]) -> Result<usize, FrameError> {
        let plain = &plain[..plain.len().min(WRITE)];
        let mut sealed = 0;
        while sealed < plain.len() && (sealed == 0 || self.pause().is_none()) {
            sealed += self.put(&plain[sealed..])?;
        }
        Ok(sealed)
    }

    /// Takes all of `plain`, and seals it as far as the first pause.
    /// [`put_queued`](Self::put_queued) seals the rest, so that each frame has its own pause.
    pub(crate) fn queue(&mut self, plain: &[u8]) -> Result<(), FrameError> {
        let sealed = self.put_much(plain)?;
        self.queue = plain[sealed..].to_vec().into();
        Ok(())
    }

    /// Seals more of the queued bytes, when all frames are written. Returns whether there were
    /// any.
    pub(crate) fn put_queued(&mut self) -> Result<bool, FrameError> {
        if self.queue.is_empty() {
            return Ok(false);
        }
        let queue = std::mem::take(&mut self.queue);
        self.queue(&queue)?;
        Ok(true)
    }

    /// Returns the sealed bytes that have to be written.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.frames.get(self.sent..self.whole).unwrap_or_default()
    }

    /// Reports that `n` bytes from the start of [`pending`](Self::pending) were written.
    pub fn sent(&mut self, n: usize) {
        let sent = self.sent.saturating_add(n).min(self.whole);
        if self.is_handshake {
            self.frames.get_mut(self.sent..sent).unwrap_or_default().zeroize();
        }
        self.sent = sent;
    }

    /// Returns the pause before [`pending`](Self::pending) is written, if there is one.
    ///
    /// Call it again after a pause has ended: an encapsulation inside of another one has two.
    pub fn pause(&mut self) -> Option<&mut Pause> {
        self.sealing.pause()
    }

    /// Takes plain bytes once the earlier ones are written, and writes as much as possible at once.
    /// The rest is written by the next call of this or of [`poll_flush`](Self::poll_flush), or when
    /// the stream is read.
    pub(crate) fn poll_write(&mut self, plain: &[u8], sink: &mut impl Sink) -> Poll<io::Result<usize>> {
        ready!(self.poll_flush(sink))?;
        let n = self.put(plain).map_err(frame_error)?;
        // After an error, the caller would write the same bytes again, and they are sealed already.
        // The next call returns the error.
        let _ = self.poll_send(sink);
        Poll::Ready(Ok(n))
    }

    /// The same, with as many of these buffers as one frame takes.
    pub(crate) fn poll_write_vectored(
        &mut self,
        plain: &[IoSlice<'_>],
        sink: &mut impl Sink,
    ) -> Poll<io::Result<usize>> {
        let capacity = self.sealing.capacity();
        let mut buffers = plain.iter().filter(|buffer| !buffer.is_empty());
        let (first, second) = (buffers.next(), buffers.next());
        let (Some(first), Some(second)) = (first, second) else {
            return self.poll_write(first.map_or(&[], |buffer| buffer), sink);
        };
        if first.len() >= capacity {
            return self.poll_write(first, sink);
        }
        ready!(self.poll_flush(sink))?;
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.clear();
        for buffer in [first, second].into_iter().chain(buffers) {
            let room = capacity - gathered.len();
            gathered.extend_from_slice(&buffer[..buffer.len().min(room)]);
            if gathered.len() == capacity {
                break;
            }
        }
        let written = self.poll_write(&gathered, sink);
        self.gathered = gathered;
        written
    }

    /// Writes all that is sealed. Fails if a frame could not be sealed: it is missing behind them.
    pub(crate) fn poll_flush(&mut self, sink: &mut impl Sink) -> Poll<io::Result<()>> {
        let flushed = self.poll_send(sink);
        self.waiting.set_writer(sink.waker().filter(|_| flushed.is_pending()));
        ready!(flushed)?;
        Poll::Ready(self.check().map_err(frame_error))
    }

    /// Writes what is sealed as far as possible with `send`, before a read: the peer may wait for
    /// it. An error comes again when the stream is written to.
    ///
    /// A stream wakes one task when it can be written to. If another task waits for that, both are
    /// woken.
    pub(crate) fn send_before_read<T>(
        &mut self,
        cx: &mut Context<'_>,
        send: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<T>,
    ) {
        if self.pending().is_empty() {
            return;
        }
        match self.waiting.beside(cx.waker()) {
            None => drop(send(self, cx)),
            Some((writer, both)) => {
                if send(self, &mut Context::from_waker(&both)).is_ready() {
                    writer.wake();
                }
            }
        }
    }

    /// Writes all that is sealed, for a call that does not wait for it.
    pub(crate) fn poll_send(&mut self, sink: &mut impl Sink) -> Poll<io::Result<()>> {
        while !self.pending().is_empty() {
            while let Some(pause) = self.pause() {
                ready!(sink.poll_pause(pause))?;
            }
            match ready!(sink.poll_write(self.pending())) {
                Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Ok(n) => self.sent(n),
                // The caller would write the same bytes again, and they are sealed already.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("pending", &self.pending().len()).finish_non_exhaustive()
    }
}
