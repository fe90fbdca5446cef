//! What a METHOD may negotiate for all that follows: bytes into frames, and frames into bytes (RFC 1928 §3, §6).

use std::error::Error;
use std::fmt;

/// An encapsulation that a METHOD has negotiated. The request, the replies and the relayed bytes go through it.
///
/// It has two halves, because the two directions of a stream may belong to two threads or tasks. What they share, if anything, they
/// share inside.
pub struct Encapsulation {
    pub(crate) seal: Box<dyn Seal>,
    pub(crate) open: Box<dyn Open>,
    pub(crate) datagrams: Option<Box<dyn Datagrams>>,
}

impl Encapsulation {
    /// An encapsulation: from plain bytes to frames, and from frames to plain bytes.
    pub fn new(seal: impl Seal + 'static, open: impl Open + 'static) -> Self {
        Self { seal: Box::new(seal), open: Box::new(open), datagrams: None }
    }

    /// The same, and what goes and comes over UDP is encapsulated too. Without this the method can't be used for UDP ASSOCIATE: it
    /// would be unprotected.
    #[must_use]
    pub fn datagrams(self, datagrams: impl Datagrams + 'static) -> Self {
        Self { datagrams: Some(Box::new(datagrams)), ..self }
    }
}

/// Why a frame can't be sealed or opened. A stream's call fails with an `io::Error` of the kind
/// `InvalidData`, in which there is an [`Error`](crate::Error) of
/// [`Stage::Tunnel`](crate::Stage::Tunnel) with this as its source.
pub type FrameError = Box<dyn Error + Send + Sync>;

/// The sending half of an [`Encapsulation`].
pub trait Seal: Send + Sync {
    /// Takes bytes from the start of `plain`, at least one, as many as fit a frame; appends that frame to `frames`; and says how
    /// many bytes it took. `plain` is never empty.
    ///
    /// # Errors
    ///
    /// The bytes can't be sealed. The stream fails with it.
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError>;
}

/// The receiving half of an [`Encapsulation`].
pub trait Open: Send + Sync {
    /// How many bytes a frame that starts with these still needs, at the least; 0 if it is whole. A frame that has not begun needs
    /// at least one.
    fn missing(&self, frame: &[u8]) -> usize;

    /// Appends the content of a whole frame to `plain`. A frame without content is fine.
    ///
    /// # Errors
    ///
    /// The frame is forged or malformed. The stream fails with it.
    fn open(&mut self, frame: &[u8], plain: &mut Vec<u8>) -> Result<(), FrameError>;
}

/// The part of an [`Encapsulation`] that is for UDP: one datagram in, one out. They may be lost, doubled and reordered on the way.
///
/// What is sealed is a whole datagram with its SOCKS header. Several threads may send and receive at once.
pub trait Datagrams: Send + Sync {
    /// By how many bytes a sealed datagram is longer, at the most.
    fn overhead(&self) -> usize;

    /// Appends the sealed datagram to `sealed`. If the socket can't take it, the same datagram is sealed once more, and this one is never
    /// sent.
    ///
    /// # Errors
    ///
    /// It can't be sealed. The call that sends it fails.
    fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError>;

    /// Appends the datagram that was sealed to `datagram`.
    ///
    /// # Errors
    ///
    /// It is forged or malformed. It is dropped, and counted.
    fn open(&self, sealed: &[u8], datagram: &mut Vec<u8>) -> Result<(), FrameError>;
}

impl fmt::Debug for Encapsulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encapsulation").finish_non_exhaustive()
    }
}
