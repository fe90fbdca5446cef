//! What a handshake is, without I/O: an answer to "what next?", and a way to say what was done.
//!
//! A driver asks [`Conversation::step`], moves some bytes, and reports with [`Conversation::advance`] how many. It needs nothing
//! else, so a driver for a kind of stream that this crate has never heard of is a dozen lines:
//!
//! ```
//! use anysocks::Error;
//! use anysocks::protocol::{Conversation, Scratch, Step};
//! use std::io::{Read, Write};
//!
//! fn drive<C: Conversation>(stream: &mut (impl Read + Write), talk: &mut C) -> Result<C::Outcome, Error> {
//!     loop {
//!         let mut scratch = Scratch::new();
//!         let moved = match talk.step(&mut scratch) {
//!             Step::Write(bytes) => stream.write(bytes),
//!             Step::Read([]) => Ok(0), // the conversation is over, and will say so
//!             Step::Read(buf) => stream.flush().and_then(|()| stream.read(buf)),
//!             Step::Done(outcome) => return Ok(outcome),
//!         };
//!         talk.report(moved)?;
//!     }
//! }
//! # fn over(stream: &mut std::net::TcpStream, talk: &mut anysocks::protocol::Socks4<'_>) -> Result<(), Error> {
//! #     drive(stream, talk).map(drop)
//! # }
//! ```

use crate::error::{Error, ErrorKind, Stage};
use arrayvec::ArrayVec;
use std::{fmt, io};
use zeroize::Zeroize;

/// A dialogue with a proxy that knows what to say and what it still has to hear, and does no I/O.
///
/// A driver alternates [`step`](Self::step) and [`report`](Self::report), or
/// [`advance`](Self::advance) if it handles I/O errors itself. It may stop between any two calls
/// and go on later, on another thread or with another driver: everything that was agreed so far is
/// kept in the conversation.
pub trait Conversation {
    /// What the dialogue leads to.
    type Outcome;

    /// What to do next. Asking again without [`advance`](Self::advance) changes nothing.
    ///
    /// A buffer offered by [`Step::Read`] is never longer than the least that the other side must still send before the
    /// conversation ends, so nothing that follows the conversation can be read by mistake.
    ///
    /// [`Step::Done`] hands the outcome over, once. A conversation that is over, or that has failed, asks for a read of no bytes: a
    /// driver reports 0 then without reading, since a stream may wait for ever to read nothing, and gets an error.
    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Self::Outcome>;

    /// `n` bytes of what the last step offered were written, or read. 0 means that the other side hung up.
    ///
    /// # Errors
    ///
    /// What the proxy said is a refusal or not the protocol, it hung up early, or `n` is more than the step offered.
    /// The conversation is over then.
    fn advance(&mut self, n: usize) -> Result<(), Error>;

    /// What the conversation is about at this point: the stage that an I/O error or a timeout belongs to.
    fn stage(&self) -> Stage;

    /// Reports what an I/O call returned: [`advance`](Self::advance) with the bytes that were moved, nothing where it was
    /// [`Interrupted`](io::ErrorKind::Interrupted), and any other error as one of this stage.
    ///
    /// A write that failed because the connection is closed goes to
    /// [`write_failed`](Self::write_failed). The conversation continues with reads, because the
    /// proxy may have sent a refusal before it closed the connection.
    ///
    /// # Errors
    ///
    /// - Those of `advance` and `write_failed`.
    /// - [`Io`](ErrorKind::Io): the I/O error. The conversation can go on as if the call had not
    ///   been made, so a driver of a non-blocking stream can call again after a
    ///   [`WouldBlock`](io::ErrorKind::WouldBlock).
    fn report(&mut self, advanced: io::Result<usize>) -> Result<(), Error> {
        match advanced {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) if is_closed(&error) && is_writing(self) => {
                self.write_failed(Error::io(self.stage(), error))
            }
            Err(error) => Err(Error::io(self.stage(), error)),
            Ok(0) if is_writing(self) => {
                self.write_failed(Error::new(self.stage(), ErrorKind::EndedEarly { received: 0 }))
            }
            Ok(n) => self.advance(n),
        }
    }

    /// Reports that a write or a flush failed because the connection is closed.
    ///
    /// A proxy that refuses may close the connection before it has read everything. The client's
    /// next write fails then, but the proxy's answers can still be read. So the conversations of
    /// this crate write nothing from now on and read these answers, up to a refusal or the end of
    /// the stream. Without a refusal, they end with `error`. That includes a grant, because the
    /// proxy did not receive the whole request.
    ///
    /// [`report`](Self::report) calls this for a write. A driver whose stream has a buffer also
    /// calls it if a flush fails in this way, and then reads without a flush. A conversation that
    /// wraps another one passes the call on.
    ///
    /// # Errors
    ///
    /// - `error`, if the conversation does not continue. The provided method always returns it.
    /// - The error that bytes which were read before amount to, such as a refusal.
    fn write_failed(&mut self, error: Error) -> Result<(), Error> {
        Err(error)
    }
}

/// Whether what the conversation wants next is a write.
fn is_writing<C: Conversation + ?Sized>(conversation: &mut C) -> bool {
    matches!(conversation.step(&mut Scratch::new()), Step::Write([_, ..]))
}

/// Whether a write failed because the connection is closed. A read returns at once then.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, WriteZero};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | WriteZero)
}

/// What a [`Conversation`] wants its driver to do next.
pub enum Step<'s, T> {
    /// Write these bytes, or some of them from the start.
    Write(&'s [u8]),
    /// Flush, then read into this buffer, as much or as little as there is. Where it has no room, report 0.
    Read(&'s mut [u8]),
    /// Nothing: the conversation has come to its end.
    Done(T),
}

impl<T: fmt::Debug> fmt::Debug for Step<'_, T> {
    /// The bytes may be a password: only their number is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(bytes) => write!(f, "Write({} bytes)", bytes.len()),
            Self::Read(buf) => write!(f, "Read({} bytes)", buf.len()),
            Self::Done(outcome) => f.debug_tuple("Done").field(outcome).finish(),
        }
    }
}

/// Room in which a [`Conversation`] renders the message that it wants written.
///
/// A driver makes one for each step, on its stack; nothing in it has to last until the next. A message that held a secret is
/// wiped when the scratch is dropped.
pub struct Scratch {
    // Without a first filling, which would cost more than all the rest of a step.
    bytes: ArrayVec<u8, { Self::SIZE }>,
    secret: bool,
}

impl Scratch {
    /// The size of the room in bytes: enough for each message that this crate sends, and for all of SOCKS5's in one write.
    pub const SIZE: usize = 1024;

    /// An empty scratch.
    #[must_use]
    pub fn new() -> Self {
        Self { bytes: ArrayVec::new(), secret: false }
    }

    /// The whole room, for a [`Conversation`] of your own to render its message in. It is wiped when the scratch is dropped.
    pub fn room(&mut self) -> &mut [u8] {
        self.secret = true;
        let free = [0; Self::SIZE];
        self.bytes.clear();
        self.put(&free);
        &mut self.bytes
    }

    /// Empties the room, for the next message.
    pub(crate) fn clear(&mut self) {
        self.wipe();
        self.bytes.clear();
    }

    fn wipe(&mut self) {
        if self.secret {
            self.bytes.as_mut_slice().zeroize();
        }
    }

    /// Appends to the message. The sizes of all parts are bounded when they are made, and together stay below [`Self::SIZE`].
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let fits = self.bytes.try_extend_from_slice(bytes);
        debug_assert!(fits.is_ok(), "{} bytes behind {}", bytes.len(), self.bytes.len());
    }

    /// Appends a count, of what can't be more than 255: names, credentials and METHODs are bounded when they are made.
    #[allow(clippy::cast_possible_truncation, reason = "bounded by the constructors")]
    pub(crate) fn put_count(&mut self, count: usize) {
        debug_assert!(count <= 255, "a count of {count}");
        self.put(&[count as u8]);
    }

    /// Appends something that must be wiped.
    pub(crate) fn put_secret(&mut self, bytes: &[u8]) {
        self.secret = true;
        self.put(bytes);
    }

    /// The message so far.
    pub(crate) fn message(&self) -> &[u8] {
        &self.bytes
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").field("len", &self.bytes.len()).finish_non_exhaustive()
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
}
