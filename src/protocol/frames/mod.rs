//! The pump of an encapsulated stream: plain bytes on one side, frames on the other, and no I/O.

mod call_limit;
mod incoming;
mod outgoing;
mod received;
mod sealing;
mod waking;

pub(crate) use call_limit::CallLimit;
pub use incoming::Incoming;
pub use outgoing::Outgoing;
pub(crate) use outgoing::Sink;

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::encapsulation::{Datagrams, Encapsulation, FrameError};
use std::{fmt, io};

/// The two directions of an encapsulated stream, without I/O.
///
/// [`Established::take_frames`](crate::protocol::Established::take_frames) returns one if the METHOD
/// has negotiated an encapsulation. All bytes of the tunnel then pass through it:
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
///         while let Some(pause) = frames.outgoing.pause() {
///             std::thread::sleep(pause.duration());
///             pause.end();
///         }
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
///         match frames.incoming.take(buf)? {
///             0 => {}
///             n => return Ok(n),
///         }
///         match stream.read(frames.incoming.room())? {
///             0 if frames.incoming.partial() == 0 => return Ok(0),
///             0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
///             n => frames.incoming.filled(n),
///         }
///     }
/// }
/// ```
///
/// A direction that fails once fails with every later call, because a missing frame would be a gap.
/// `Frames::from(encapsulation)` creates one for a METHOD that speaks through its encapsulation
/// before it ends.
#[non_exhaustive]
pub struct Frames {
    /// The direction from the proxy.
    pub incoming: Incoming,
    /// The direction to the proxy.
    pub outgoing: Outgoing,
    /// The encapsulation of the datagrams of UDP ASSOCIATE, if there is one.
    pub datagrams: Option<Box<dyn Datagrams>>,
    /// The time limit of the calls on the stream, if the front end has dialled it.
    pub(crate) call_limit: Option<Box<dyn CallLimit>>,
}

impl Frames {
    /// Puts the frames of this pump into frames of `outer`, the pump of an earlier proxy of a
    /// chain.
    ///
    /// The returned pump has the datagrams' encapsulation of this one. Only a driver of its own for
    /// a chain needs this call.
    #[must_use]
    pub fn inside(self, outer: Self) -> Self {
        Self {
            incoming: self.incoming.inside(outer.incoming),
            outgoing: self.outgoing.inside(outer.outgoing),
            datagrams: self.datagrams,
            call_limit: self.call_limit.or(outer.call_limit),
        }
    }

    /// Ends the handshake. All that comes now is for one stream, so reads go ahead.
    pub(crate) fn enter_tunnel(&mut self) {
        self.incoming.read_ahead();
        self.outgoing.enter_tunnel();
    }
}

impl From<Encapsulation> for Frames {
    fn from(Encapsulation { seal, open, datagrams }: Encapsulation) -> Self {
        Self { incoming: Incoming::new(open), outgoing: Outgoing::new(seal), datagrams, call_limit: None }
    }
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
            .finish_non_exhaustive()
    }
}
