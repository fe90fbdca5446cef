//! The encapsulation of all later bytes, which a METHOD may negotiate (RFC 1928 §3, §6).

use crate::protocol::pause::Clock;
use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// An encapsulation that a METHOD has negotiated (RFC 1928 §3).
///
/// The request, the replies and the relayed bytes pass through it. It has two halves, because the
/// two directions of a stream may belong to two threads or tasks. If both halves need the same
/// state, they share it, for example in an `Arc<Mutex<_>>`.
///
/// [`Method`](crate::protocol::Method) has an example. A METHOD returns it as
/// `Negotiated::from(encapsulation)`.
pub struct Encapsulation {
    pub(crate) seal: Box<dyn Seal>,
    pub(crate) open: Box<dyn Open>,
    pub(crate) datagrams: Option<Box<dyn Datagrams>>,
}

impl Encapsulation {
    /// Creates an encapsulation of streams, from its two directions.
    pub fn new(seal: impl Seal + 'static, open: impl Open + 'static) -> Self {
        Self { seal: Box::new(seal), open: Box::new(open), datagrams: None }
    }

    /// Adds the encapsulation of the datagrams of UDP ASSOCIATE.
    ///
    /// Without it, UDP ASSOCIATE fails with
    /// [`ErrorKind::Encapsulation`](crate::ErrorKind::Encapsulation), because the datagrams would be
    /// plain.
    #[must_use]
    pub fn datagrams(self, datagrams: impl Datagrams + 'static) -> Self {
        Self { datagrams: Some(Box::new(datagrams)), ..self }
    }
}

/// The error of a frame or a datagram that can't be sealed or opened.
///
/// A read or write of the stream then fails with an `io::Error` of the kind `InvalidData`. That
/// contains an [`Error`](crate::Error) of [`Stage::Tunnel`](crate::Stage::Tunnel), whose source is
/// this.
pub type FrameError = Box<dyn Error + Send + Sync>;

/// The sending half of an [`Encapsulation`].
pub trait Seal: Send + Sync {
    /// Seals bytes from the start of `plain` into one frame, and appends the frame to `frames`.
    ///
    /// Returns the number of sealed bytes: as many as a frame can hold, and at least 1. `plain` is
    /// never empty. Frames without content may be appended before and after the frame. `frames` may
    /// hold earlier frames, which must not be changed.
    ///
    /// # Errors
    ///
    /// The bytes can't be sealed. The pump removes the appended bytes, and each later write of the
    /// stream fails, because the missing frame would be a gap. A call that takes no bytes, takes
    /// more than `plain` has or appends nothing has the same effect, and so has a panic.
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError>;

    /// Returns the largest number of plain bytes in one frame, up to 1 MiB. Default: 16 KiB.
    ///
    /// [`seal`](Self::seal) receives no more. A vectored write joins buffers up to this length, so
    /// that they fill one frame.
    fn capacity(&self) -> usize {
        16 * 1024
    }

    /// Returns how long to wait before the last sealed frame is written, for traffic shaping.
    /// Default: no time.
    ///
    /// It is called once after each [`seal`](Self::seal). The asynchronous front ends wait with a
    /// timer, so other tasks run meanwhile. The blocking front end sleeps in the call that writes
    /// the frame, which may be a flush or a read. During a handshake with a deadline, it sleeps no
    /// longer than that.
    fn pause(&mut self) -> Duration {
        Duration::ZERO
    }

    /// Returns the clock for [`pause`](Self::pause) on a front end without one. Default: none.
    ///
    /// That is the front end `futures`. Without a clock, a pause there is an error:
    /// [`Invalid::NoClock`](crate::Invalid::NoClock). [`Clock`] has an example.
    fn clock(&self) -> Option<Clock> {
        None
    }
}

/// The length of a frame, as far as its first bytes tell it.
///
/// A frame without bytes does not exist, and a frame of more than 1 MiB is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The whole frame has this many bytes.
    Exactly(usize),
    /// The length is not known yet. The frame has at least this many bytes, which are more than
    /// the known ones.
    AtLeast(usize),
}

/// The receiving half of an [`Encapsulation`].
pub trait Open: Send + Sync {
    /// Returns the length of the frame that begins with `start`.
    ///
    /// `start` may be empty, and it may be longer than the frame: in the tunnel, the pump reads
    /// ahead. The result must not depend on the bytes behind the frame. After
    /// [`Extent::AtLeast`], the pump reads that many bytes and calls this again.
    ///
    /// For a malformed start, return [`Extent::Exactly`] with a length that was received, so that
    /// [`open`](Self::open) refuses it at once.
    ///
    /// ```
    /// use anysocks::protocol::Extent;
    ///
    /// /// Frames of RFC 1961 §4: VER, MTYP, LEN of 2 bytes, and the token.
    /// fn extent(start: &[u8]) -> Extent {
    ///     match start {
    ///         [1, 3, high, low, ..] => {
    ///             Extent::Exactly(4 + usize::from(u16::from_be_bytes([*high, *low])))
    ///         }
    ///         [1, 3, ..] | [1] | [] => Extent::AtLeast(4),
    ///         _ => Extent::Exactly(1),
    ///     }
    /// }
    /// ```
    fn extent(&self, start: &[u8]) -> Extent;

    /// Opens a whole frame in place. Returns the range of its content in `frame`.
    ///
    /// An empty range is a frame without content. The reader does not notice it.
    ///
    /// # Errors
    ///
    /// The frame is forged or malformed. Each later read of the stream fails too.
    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError>;
}

/// The encapsulation of the datagrams of UDP ASSOCIATE (RFC 1928 §7).
///
/// A sealed datagram contains a whole SOCKS datagram with its header. Datagrams may be lost,
/// duplicated and reordered on the way. Several threads may call this at once.
///
/// [`Encapsulation::datagrams`] takes it.
///
/// ```
/// use anysocks::protocol::{Encapsulation, FrameError, Open, Seal};
/// use anysocks::udp::Datagrams;
/// use std::ops::Range;
///
/// /// XOR in the place of real cryptography.
/// #[derive(Clone, Copy)]
/// struct Cipher(u8);
///
/// impl Datagrams for Cipher {
///     fn overhead(&self) -> usize {
///         0
///     }
///
///     fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError> {
///         sealed.extend(datagram.iter().map(|byte| byte ^ self.0));
///         Ok(())
///     }
///
///     fn open(&self, sealed: &mut [u8]) -> Result<Option<Range<usize>>, FrameError> {
///         sealed.iter_mut().for_each(|byte| *byte ^= self.0);
///         Ok(Some(0..sealed.len()))
///     }
/// }
///
/// /// The encapsulation of streams and of datagrams, with one key.
/// fn encapsulation<E: Seal + Open + Clone + 'static>(streams: E, key: u8) -> Encapsulation {
///     Encapsulation::new(streams.clone(), streams).datagrams(Cipher(key))
/// }
/// ```
pub trait Datagrams: Send + Sync {
    /// Returns the largest number of bytes by which sealing lengthens a datagram.
    ///
    /// [`max_payload`](crate::udp::SocksUdpSocket::max_payload) subtracts it.
    fn overhead(&self) -> usize;

    /// Seals a datagram, and appends it to `sealed`, which is empty.
    ///
    /// If the socket is not ready, the sealed datagram is dropped, and the next attempt seals the
    /// datagram again.
    ///
    /// # Errors
    ///
    /// The datagram can't be sealed. The call that sends it fails with
    /// [`ErrorKind::Encapsulation`](crate::ErrorKind::Encapsulation). Later calls may succeed.
    fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError>;

    /// Opens a sealed datagram in place. Returns the range of the datagram in `sealed`.
    ///
    /// Returns `None` for a datagram without content, such as cover traffic. It is ignored, and
    /// [`dropped`](crate::udp::SocksUdpSocket::dropped) does not count it.
    ///
    /// # Errors
    ///
    /// The datagram is forged or malformed. It is dropped and counted; receivers continue to wait.
    fn open(&self, sealed: &mut [u8]) -> Result<Option<Range<usize>>, FrameError>;

    /// Returns how long the next datagram waits before it is sealed and sent, for traffic shaping.
    /// Default: no time.
    ///
    /// `send`, `send_to`, `send_in_place` and `send_fragmented` call it once for each datagram.
    /// The asynchronous front ends wait with a timer, so other tasks run meanwhile. A cancelled
    /// call has sent nothing. The blocking front end sleeps, but no longer than the write timeout
    /// of the socket. Concurrent calls wait concurrently.
    ///
    /// Other calls do not wait and do not call it: `try_send_to`, `poll_send_to`, batches and
    /// QUIC.
    ///
    /// # Errors
    ///
    /// The time can't be determined. The call fails like one whose datagram can't be sealed.
    fn pause(&self) -> Result<Duration, FrameError> {
        Ok(Duration::ZERO)
    }

    /// Appends a datagram without content to `sealed`, which is empty, and returns `true`. It is
    /// sent before the next datagram. Default: returns `false`.
    ///
    /// It is called once for each datagram.
    fn cover(&self, sealed: &mut Vec<u8>) -> bool {
        let _ = sealed;
        false
    }
}

impl fmt::Debug for Encapsulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encapsulation").finish_non_exhaustive()
    }
}
