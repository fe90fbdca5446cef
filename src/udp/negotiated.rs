//! What a METHOD negotiated for an association.

use crate::protocol::dialect::Dialect;
use crate::protocol::encapsulation::{Datagrams, FrameError};
use crate::protocol::established::Established;
use crate::protocol::frames::Frames;
use crate::protocol::negotiated::Session;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a METHOD negotiated for an association.
pub(super) struct Negotiated {
    pub(super) datagrams: Option<Box<dyn Datagrams>>,
    pub(super) sessions: Vec<Session>,
    /// Whether the proxy accepts further requests on the TCP connection, and how their replies are
    /// read.
    pub(super) several_requests: bool,
    pub(super) dialect: Option<&'static Dialect>,
    /// The proxy's timeout, for further requests.
    pub(super) limit: Option<Duration>,
    control: Mutex<Control>,
    sealing: Mutex<Sealing>,
}

/// The use of the TCP connection.
pub(super) enum Control {
    /// Nothing but its end is expected. It may have a pump.
    Idle(Option<Box<Frames>>),
    /// A request waits for its reply.
    Requesting,
}

/// Buffers for a datagram that is sealed.
#[derive(Default)]
pub(super) struct Sealing {
    pub(super) plain: Vec<u8>,
    pub(super) sealed: Vec<u8>,
    /// Whether cover traffic was sent for the next datagram. A second attempt sends none.
    pub(super) is_covered: bool,
}

impl Negotiated {
    /// Takes over what was negotiated, and the pump of the TCP connection.
    ///
    /// That may have the frames of earlier proxies of a chain. They are for the bytes of this TCP
    /// connection only: the datagrams are this proxy's own.
    ///
    /// # Errors
    ///
    /// - The encapsulation is for streams only.
    pub(super) fn new(
        established: &mut Established,
        limit: Option<Duration>,
    ) -> Result<Option<Self>, FrameError> {
        let sessions = established.sessions().to_vec();
        let negotiated = established.negotiated.as_ref();
        let several_requests = negotiated.is_some_and(|negotiated| negotiated.several_requests);
        let dialect = negotiated.and_then(|negotiated| negotiated.dialect);
        let own = established.negotiated.as_mut().and_then(|negotiated| negotiated.frames.as_mut());
        let datagrams = own.map(|frames| frames.datagrams.take());
        if let Some(None) = datagrams {
            return Err("the method's encapsulation carries no datagrams".into());
        }
        let mut control = established.take_frames();
        if let Some(frames) = &mut control {
            frames.enter_tunnel();
        }
        let is_something = control.is_some() || !sessions.is_empty() || several_requests;
        Ok(is_something.then(|| Self {
            datagrams: datagrams.flatten(),
            sessions,
            several_requests,
            dialect,
            limit,
            control: Mutex::new(Control::Idle(control.map(Box::new))),
            sealing: Mutex::default(),
        }))
    }

    /// Locks the use of the TCP connection.
    pub(super) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the buffers for one call.
    pub(super) fn sealing(&self) -> MutexGuard<'_, Sealing> {
        self.sealing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
