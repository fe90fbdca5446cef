//! Conversations: handshakes without I/O.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::pause::Pause;
use arrayvec::ArrayVec;
use std::{fmt, io};
use zeroize::Zeroize;

/// A dialogue with a proxy, without I/O.
///
/// A driver repeats two calls: [`step`](Self::step) returns what to do next, and
/// [`report`](Self::report) takes the result. [`advance`](Self::advance) is `report` for a driver
/// that handles I/O errors itself. All state is in the conversation, so another thread or another
/// driver can continue it after any call.
///
/// The [module's page](crate::protocol) is a tutorial. This is a whole driver for a blocking
/// stream:
///
/// ```
/// use anysocks::Error;
/// use anysocks::protocol::{Conversation, Scratch, Step};
/// use std::io::{Read, Write};
///
/// fn drive<C: Conversation + ?Sized>(
///     stream: &mut (impl Read + Write),
///     conversation: &mut C,
/// ) -> Result<C::Outcome, Error> {
///     loop {
///         let mut scratch = Scratch::new();
///         let moved = match conversation.step(&mut scratch) {
///             Step::Write(bytes) => stream.write(bytes),
///             Step::Read([]) => Ok(0), // the conversation is over: `report` returns why
///             Step::Read(room) => stream.flush().and_then(|()| stream.read(room)),
///             Step::Done(outcome) => return Ok(outcome),
///         };
///         conversation.report(moved)?;
///     }
/// }
/// # use anysocks::protocol::Socks4;
/// # fn over(stream: &mut std::net::TcpStream, request: &mut Socks4<'_>) -> Result<(), Error> {
/// #     drive(stream, request).map(drop)
/// # }
/// ```
pub trait Conversation {
    /// The result of the conversation.
    type Outcome;

    /// Returns what to do next. A second call without [`advance`](Self::advance) returns the same.
    ///
    /// The room of [`Step::Read`] is never longer than the least that the other side must still
    /// send before the conversation ends. So no byte behind the conversation can be read.
    ///
    /// [`Step::Done`] returns the outcome, once. A conversation that is over or has failed returns
    /// a `Step::Read` without room. The driver then reports 0 without a read, because a stream may
    /// block in a read of no bytes, and receives an error.
    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Self::Outcome>;

    /// Reports that `n` bytes of the last step were written or read.
    ///
    /// 0 means that the other side has closed the connection.
    ///
    /// # Errors
    ///
    /// The conversation is over after any of these:
    ///
    /// - [`ErrorKind::NotSocks`], [`ErrorKind::MethodNotOffered`], [`ErrorKind::Malformed`]: the
    ///   answer does not follow the protocol.
    /// - [`ErrorKind::MethodsRefused`], [`ErrorKind::PasswordRefused`], [`ErrorKind::Refused`]:
    ///   the proxy refused.
    /// - [`ErrorKind::EndedEarly`]: `n` is 0, and the answer is not complete.
    /// - [`ErrorKind::Method`], [`ErrorKind::Encapsulation`]: a custom METHOD failed.
    /// - [`ErrorKind::ClosedDuringMethod`]: `n` is 0 during the sub-negotiation of a custom METHOD.
    /// - [`Invalid::MethodUsed`](crate::Invalid::MethodUsed),
    ///   [`Invalid::MethodNotPrepared`](crate::Invalid::MethodNotPrepared): the proxy selected a
    ///   METHOD that was not prepared for this connection.
    /// - [`ErrorKind::Overrun`]: `n` is more than the step offered.
    /// - [`ErrorKind::Over`]: the conversation was over before.
    fn advance(&mut self, n: usize) -> Result<(), Error>;

    /// Returns the stage to which an I/O error or a timeout belongs now.
    fn stage(&self) -> Stage;

    /// Returns the error of a driver that can't continue: an I/O error, or
    /// [`TimedOut`](ErrorKind::TimedOut) at a deadline.
    ///
    /// It has the [`stage`](Self::stage). The requests of this crate add whether the server has
    /// sent anything. They return another error if they know more:
    ///
    /// - [`ErrorKind::Refused`]: the proxy's code is known, and details behind it were awaited.
    /// - [`ErrorKind::ClosedDuringMethod`]: the connection was reset during the sub-negotiation of
    ///   a custom METHOD.
    ///
    /// A conversation that wraps another one forwards the call.
    fn failure(&self, kind: ErrorKind) -> Error {
        Error::new(self.stage(), kind)
    }

    /// Reports the result of an I/O call.
    ///
    /// - `Ok(n)` calls [`advance`](Self::advance).
    /// - An error of the kind [`Interrupted`](io::ErrorKind::Interrupted) changes nothing.
    /// - A write that failed because the connection is closed, or that wrote 0 bytes, calls
    ///   [`write_failed`](Self::write_failed). The conversation continues with reads, because the
    ///   proxy may have sent a refusal before it closed the connection.
    /// - Any other error but [`WouldBlock`](io::ErrorKind::WouldBlock) calls
    ///   [`failure`](Self::failure), and its error is returned.
    ///
    /// # Errors
    ///
    /// - Those of `advance`, `write_failed` and `failure`.
    /// - [`ErrorKind::Io`]: the I/O error, with the [`stage`](Self::stage). The conversation can
    ///   continue as if the call had not been made. So a driver of a non-blocking stream can step
    ///   again after a [`WouldBlock`](io::ErrorKind::WouldBlock).
    #[inline]
    fn report(&mut self, advanced: io::Result<usize>) -> Result<(), Error> {
        match advanced {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) if is_closed(&error) && is_writing(self) => {
                self.write_failed(self.failure(ErrorKind::Io(error)))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(Error::io(self.stage(), error)),
            Err(error) => Err(self.failure(ErrorKind::Io(error))),
            Ok(0) if is_writing(self) => {
                self.write_failed(self.failure(ErrorKind::EndedEarly { received: 0 }))
            }
            Ok(n) => self.advance(n),
        }
    }

    /// Returns the pause before the next write, if an encapsulation shapes its traffic. Default:
    /// `None`.
    ///
    /// A driver calls this before [`step`](Self::step), and waits as [`Pause`] describes. A driver
    /// that does not call it loses only the traffic's shape. A conversation that wraps another one
    /// forwards the call.
    fn pause(&mut self) -> Option<&mut Pause> {
        None
    }

    /// Reports that a write or a flush failed because the connection is closed.
    ///
    /// A proxy that refuses may close the connection before it has read everything. The client's
    /// next write fails then, but the proxy's answers can still be read. So the conversations of
    /// this crate write nothing from now on, and read these answers up to a refusal or the end of
    /// the stream. Without a refusal, they end with `error`, even if the proxy grants the request,
    /// because it has not received all of it.
    ///
    /// [`report`](Self::report) calls this for a write. A driver with a buffered stream also calls
    /// it if a flush fails in this way, and then reads without a flush. A conversation that wraps
    /// another one forwards the call.
    ///
    /// # Errors
    ///
    /// - `error`: the conversation does not continue. The provided method always returns it.
    /// - The error of bytes that were read earlier, such as a refusal.
    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        Err(error)
    }
}

impl<C: Conversation + ?Sized> Conversation for &mut C {
    type Outcome = C::Outcome;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, C::Outcome> {
        (**self).step(scratch)
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        (**self).advance(n)
    }

    fn stage(&self) -> Stage {
        (**self).stage()
    }

    fn failure(&self, kind: ErrorKind) -> Error {
        (**self).failure(kind)
    }

    fn pause(&mut self) -> Option<&mut Pause> {
        (**self).pause()
    }

    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        (**self).write_failed(error)
    }
}

/// Returns whether the next step is a write.
fn is_writing<C: Conversation + ?Sized>(conversation: &mut C) -> bool {
    matches!(conversation.step(&mut Scratch::new()), Step::Write([_, ..]))
}

/// Returns whether a write failed because the connection is closed. A read does not block then.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, WriteZero};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | WriteZero)
}

/// The next step of a [`Conversation`], for its driver.
pub enum Step<'s, T> {
    /// Write these bytes, or some of them from the start.
    Write(&'s [u8]),
    /// Flush, then read up to this many bytes into this room.
    ///
    /// If the room is empty, report 0 without a read.
    Read(&'s mut [u8]),
    /// The conversation has ended with this outcome.
    Done(T),
}

impl<T: fmt::Debug> fmt::Debug for Step<'_, T> {
    /// Writes the number of bytes alone, because they may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(bytes) => write!(f, "Write({} bytes)", bytes.len()),
            Self::Read(buf) => write!(f, "Read({} bytes)", buf.len()),
            Self::Done(outcome) => f.debug_tuple("Done").field(outcome).finish(),
        }
    }
}

/// A buffer in which a [`Conversation`] renders the message to write.
///
/// A driver creates one for each step, on the stack. Nothing in it is needed by the next step. It
/// is wiped on drop if it contained a secret.
pub struct Scratch {
    // Not initialized: that would cost more than the rest of a step.
    bytes: ArrayVec<u8, { Self::SIZE }>,
    /// The whole message, if `bytes` has no room for it.
    long: Vec<u8>,
    secret: bool,
}

impl Scratch {
    /// The size in bytes of the buffer on the stack. A longer message takes memory of its own.
    pub const SIZE: usize = 1024;

    /// Creates an empty buffer.
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        Self { bytes: ArrayVec::new(), long: Vec::new(), secret: false }
    }

    /// Returns the whole buffer, zeroed, for the message of a custom [`Conversation`]. It is wiped
    /// on drop.
    pub fn room(&mut self) -> &mut [u8] {
        self.clear();
        self.secret = true;
        self.put(&[0; Self::SIZE]);
        &mut self.bytes
    }

    /// Empties the buffer.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.wipe();
        self.bytes.clear();
        self.long.clear();
    }

    #[inline]
    fn wipe(&mut self) {
        if self.secret {
            self.bytes.as_mut_slice().zeroize();
            self.long.as_mut_slice().zeroize();
        }
    }

    /// Appends to the message. Nothing is ever cut: a message longer than [`Self::SIZE`] takes
    /// memory of its own.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        if !self.long.is_empty() || self.bytes.try_extend_from_slice(bytes).is_err() {
            self.put_long(bytes);
        }
    }

    #[cold]
    fn put_long(&mut self, bytes: &[u8]) {
        let mut long = Vec::with_capacity(self.message().len() + bytes.len());
        long.extend_from_slice(self.message());
        long.extend_from_slice(bytes);
        if self.secret {
            self.long.zeroize();
        }
        self.long = long;
    }

    /// Appends a count of at most 255: the constructors bound names, credentials and METHODs.
    #[allow(clippy::cast_possible_truncation, reason = "bounded by the constructors")]
    #[inline]
    pub(crate) fn put_count(&mut self, count: usize) {
        debug_assert!(count <= 255, "a count of {count}");
        self.put(&[count as u8]);
    }

    /// Appends bytes that must be wiped.
    #[inline]
    pub(crate) fn put_secret(&mut self, bytes: &[u8]) {
        self.secret = true;
        self.put(bytes);
    }

    /// Returns the message.
    #[inline]
    pub(crate) fn message(&self) -> &[u8] {
        if self.long.is_empty() { &self.bytes } else { &self.long }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    #[inline]
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("len", &self.message().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_wiped() {
        let mut scratch = Scratch::new();
        scratch.put(b"user");
        scratch.put_secret(b"password");
        scratch.wipe();
        assert_eq!(scratch.message(), [0; 12]);
        scratch.clear();
        assert_eq!(scratch.message(), b"");
    }

    #[test]
    fn a_long_message_is_whole_and_wiped() {
        for secret in [false, true] {
            let (mut scratch, mut expected) = (Scratch::new(), Vec::new());
            for (fill, len) in (1..).zip([1, Scratch::SIZE - 2, 1, 1, 300, Scratch::SIZE]) {
                let part = vec![fill; len];
                if secret {
                    scratch.put_secret(&part);
                } else {
                    scratch.put(&part);
                }
                expected.extend(part);
                assert!(scratch.message() == expected, "after part {fill}");
            }
            scratch.wipe();
            assert_eq!(scratch.message().iter().all(|byte| *byte == 0), secret);
            assert_eq!(scratch.bytes.iter().all(|byte| *byte == 0), secret);
        }
    }

    /// A driver may use one buffer for all steps.
    #[test]
    fn the_room_is_whole_after_a_long_message() {
        let mut scratch = Scratch::new();
        scratch.put_secret(&[1; Scratch::SIZE + 1]);
        assert_eq!(scratch.room(), [0; Scratch::SIZE]);
        scratch.room()[0] = 7;
        assert_eq!(scratch.message()[..2], [7, 0]);
    }
}
