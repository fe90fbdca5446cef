//! What a METHOD hands over when it has been negotiated.

use crate::protocol::dialect::Dialect;
use crate::protocol::encapsulation::Encapsulation;
use crate::protocol::frames::Frames;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// The outcome of a METHOD's sub-negotiation.
///
/// - [`Negotiated::nothing`]: the later bytes are plain.
/// - `Negotiated::from(encapsulation)`: the later bytes pass through an [`Encapsulation`].
/// - `Negotiated::from(frames)`: the METHOD has already spoken through its encapsulation, by these
///   [`Frames`]. Their state is kept: sequence numbers, and sealed bytes that were not written yet.
///
/// Each of them may have a [`session`](Self::session), and allow
/// [several requests](Self::several_requests).
///
/// ```
/// use anysocks::protocol::{Encapsulation, Negotiated};
///
/// struct Principal(String);
///
/// fn outcome(encapsulation: Encapsulation, name: String) -> Negotiated {
///     Negotiated::from(encapsulation).session(Principal(name))
/// }
/// ```
#[derive(Default)]
#[non_exhaustive]
pub struct Negotiated {
    /// The frames through which all later bytes pass, if the METHOD negotiated an encapsulation.
    pub frames: Option<Frames>,
    /// Whether the proxy accepts further requests on the connection.
    pub(crate) several_requests: bool,
    /// How later replies are read, if not by RFC 1928.
    pub(crate) dialect: Option<&'static Dialect>,
    /// The pump of earlier proxies of a chain, in whose frames all bytes are.
    pub(crate) outer: Option<Box<Frames>>,
    /// The values for the user, that of the last proxy first.
    pub(crate) sessions: Vec<Session>,
}

/// A value of a METHOD for the user of the connection.
pub(crate) type Session = Arc<dyn Any + Send + Sync>;

impl Negotiated {
    /// Creates an outcome without an encapsulation and without a session.
    ///
    /// All later bytes are plain. A METHOD that has agreed on an encapsulation must never return
    /// this.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Sets a value for the user of the connection, such as the name of the authenticated proxy.
    ///
    /// [`SocksStream::session`](crate::SocksStream::session) returns it, and so do listeners and UDP
    /// sockets. A METHOD has one value: a second call replaces the first.
    #[must_use]
    pub fn session(self, session: impl Any + Send + Sync) -> Self {
        Self { sessions: vec![Arc::new(session)], ..self }
    }

    /// Allows further requests on the connection: by
    /// [`Socks5::after`](crate::protocol::Socks5::after) of a custom driver, and by the `request`
    /// of a UDP socket.
    ///
    /// RFC 1928 has one request for each connection, so the proxy must have agreed to this in the
    /// sub-negotiation.
    #[must_use]
    pub fn several_requests(self) -> Self {
        Self { several_requests: true, ..self }
    }

    /// Returns whether there is anything to keep.
    pub(crate) fn is_something(&self) -> bool {
        let read_differently = self.frames.is_some() || self.dialect.is_some();
        read_differently || !self.sessions.is_empty() || self.several_requests
    }

    /// Combines what one proxy negotiated with `outer`, which earlier proxies of a chain did: all
    /// bytes are inside of their frames.
    pub(crate) fn inside(inner: Option<Box<Self>>, outer: Option<Box<Self>>) -> Option<Box<Self>> {
        let Some(mut outer) = outer else { return inner };
        let Some(mut inner) = inner else {
            let frames = outer.take_frames().map(Box::new);
            return Some(Box::new(Self { outer: frames, sessions: outer.sessions, ..Self::nothing() }));
        };
        inner.sessions.append(&mut outer.sessions);
        inner.outer = outer.take_frames().map(Box::new);
        Some(inner)
    }

    /// Returns the pump, through the frames of all proxies.
    pub(crate) fn pump(&mut self) -> Option<&mut Frames> {
        self.frames = self.take_frames();
        self.frames.as_mut()
    }

    /// Returns the frames of the last proxy that has negotiated an encapsulation.
    pub(crate) fn last_frames(&mut self) -> Option<&mut Frames> {
        self.frames.as_mut().or(self.outer.as_deref_mut())
    }

    /// Takes the pump, through the frames of all proxies.
    pub(crate) fn take_frames(&mut self) -> Option<Frames> {
        match (self.frames.take(), self.outer.take()) {
            (Some(frames), Some(outer)) => Some(frames.inside(*outer)),
            (frames, outer) => frames.or(outer.map(|outer| *outer)),
        }
    }
}

impl From<Encapsulation> for Negotiated {
    fn from(encapsulation: Encapsulation) -> Self {
        Frames::from(encapsulation).into()
    }
}

impl From<Frames> for Negotiated {
    fn from(frames: Frames) -> Self {
        Self { frames: Some(frames), ..Self::nothing() }
    }
}

impl fmt::Debug for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiated")
            .field("frames", &self.frames)
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}
