//! The outcome of a handshake.

use crate::protocol::address::Address;
use crate::protocol::frames::Frames;
use crate::protocol::negotiated::{Negotiated, Session};
use std::any::Any;

/// The outcome of a granted request.
///
/// After CONNECT, the stream is the tunnel. If there are [`frames`](Self::frames), all its bytes
/// must pass through them. [`SocksStream::new`](crate::SocksStream::new) makes a stream of both, and
/// has the METHOD's [`session`](crate::SocksStream::session).
#[derive(Debug)]
#[non_exhaustive]
pub struct Established {
    /// BND.ADDR and BND.PORT of the reply, as the proxy sent them. Their meaning depends on the
    /// command.
    pub bound: Address,
    pub(crate) negotiated: Option<Box<Negotiated>>,
    pub(crate) version: ProtocolVersion,
}

impl Established {
    /// Takes the frames through which all later bytes must pass.
    ///
    /// Returns `None` if no METHOD has negotiated an encapsulation, or if they were taken before.
    pub fn take_frames(&mut self) -> Option<Frames> {
        self.negotiated.as_mut()?.take_frames()
    }

    /// Returns the frames through which all later bytes must pass, if a METHOD has negotiated an
    /// encapsulation.
    #[must_use]
    pub fn frames(&self) -> Option<&Frames> {
        self.negotiated.as_ref()?.frames.as_ref()
    }

    /// Returns the value of type `T` that the METHOD made for the user of this connection, if it
    /// made one.
    ///
    /// ```
    /// use anysocks::protocol::Established;
    ///
    /// struct Principal(String);
    ///
    /// fn principal(established: &Established) -> Option<&str> {
    ///     established.session().map(|Principal(name)| name.as_str())
    /// }
    /// ```
    #[must_use]
    pub fn session<T: Any>(&self) -> Option<&T> {
        self.sessions().iter().find_map(|session| session.downcast_ref())
    }

    pub(crate) fn sessions(&self) -> &[Session] {
        self.negotiated.as_ref().map_or(&[], |negotiated| &negotiated.sessions)
    }
}

/// The version of SOCKS that was spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProtocolVersion {
    V4,
    V5,
}
