//! The encapsulation that a METHOD may negotiate: plain bytes to frames, and back (RFC 1928 §3,
//! §6).

use std::error::Error;
use std::fmt;

/// An encapsulation that a [`Method`](crate::protocol::Method) has negotiated.
///
/// The request, the replies and the relayed bytes pass through it.
///
/// Its halves are apart because two threads or tasks may own the two directions of a stream. State
/// that both need is shared inside them. [`Frames`](crate::protocol::Frames) applies them to
/// bytes.
pub struct Encapsulation {
    pub(crate) seal: Box<dyn Seal>,
    pub(crate) open: Box<dyn Open>,
    pub(crate) datagrams: Option<Box<dyn Datagrams>>,
}

impl Encapsulation {
    /// Creates an encapsulation of its sending and its receiving half.
    pub fn new(seal: impl Seal + 'static, open: impl Open + 'static) -> Self {
        Self { seal: Box::new(seal), open: Box::new(open), datagrams: None }
    }

    /// Adds an encapsulation of UDP datagrams.
    ///
    /// Without it, UDP ASSOCIATE fails with this METHOD, because its datagrams would not be
    /// protected.
    #[must_use]
    pub fn datagrams(self, datagrams: impl Datagrams + 'static) -> Self {
        Self { datagrams: Some(Box::new(datagrams)), ..self }
    }
}

/// The error of a frame that can't be sealed or opened.
///
/// On a stream, the call fails with an [`io::Error`](std::io::Error) of the kind `InvalidData`.
/// Inside is an [`Error`](crate::Error) of the kind
/// [`ErrorKind::Encapsulation`](crate::ErrorKind::Encapsulation) at
/// [`Stage::Tunnel`](crate::Stage::Tunnel), with this as its source.
pub type FrameError = Box<dyn Error + Send + Sync>;

/// The sending half of an [`Encapsulation`].
pub trait Seal: Send + Sync {
    /// Seals bytes from the start of `plain` into one frame, appends it to `frames`, and returns
    /// their number.
    ///
    /// It takes at least one byte, and at most as many as fit a frame. `plain` is never empty.
    ///
    /// # Errors
    ///
    /// - Any error: the bytes can't be sealed. The stream fails with it.
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError>;
}

/// The receiving half of an [`Encapsulation`].
pub trait Open: Send + Sync {
    /// Returns the least number of bytes that are missing from a frame with this start.
    ///
    /// It returns 0 for a whole frame, and at least 1 for an empty one.
    fn missing(&self, frame: &[u8]) -> usize;

    /// Opens a whole frame, and appends its content, which may be empty, to `plain`.
    ///
    /// # Errors
    ///
    /// - Any error: the frame is forged or malformed. The stream fails with it.
    fn open(&mut self, frame: &[u8], plain: &mut Vec<u8>) -> Result<(), FrameError>;
}

/// The part of an [`Encapsulation`] for UDP, where datagrams may be lost, duplicated and
/// reordered.
///
/// One datagram, with its SOCKS header, becomes one sealed datagram. Several threads may send and
/// receive at the same time.
pub trait Datagrams: Send + Sync {
    /// Returns the most bytes by which a sealed datagram is longer than the plain one.
    fn overhead(&self) -> usize;

    /// Seals a datagram, and appends it to `sealed`.
    ///
    /// If the socket can't accept it now, the datagram is sealed again later, and this one is
    /// never sent.
    ///
    /// # Errors
    ///
    /// - Any error: the datagram can't be sealed. The sending call fails with it.
    fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError>;

    /// Opens a sealed datagram, and appends it to `datagram`.
    ///
    /// # Errors
    ///
    /// - Any error: the datagram is forged or malformed. It is dropped and counted.
    fn open(&self, sealed: &[u8], datagram: &mut Vec<u8>) -> Result<(), FrameError>;
}

impl fmt::Debug for Encapsulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encapsulation").finish_non_exhaustive()
    }
}
