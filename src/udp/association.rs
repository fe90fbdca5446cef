//! What is known of an association beside its sockets.

use super::admission::{Admission, State};
use super::inbound::Inbound;
use crate::error::{AssociationEnd, Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::encapsulation::{Datagrams, FrameError};
use crate::protocol::target::Target;
use crate::protocol::udp::header::overhead;
use crate::proxy::udp_options::Options;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock, RwLockReadGuard};

/// The most that UDP carries over IPv4, and over IPv6.
const LONGEST_V4: usize = 65_507;
const LONGEST_V6: usize = 65_527;

/// What is known of an association, beside its sockets.
pub(crate) struct Association {
    /// Its name, for errors.
    proxy: Box<str>,
    relay: SocketAddr,
    bound: Address,
    pub(crate) admission: Admission,
    end: OnceLock<AssociationEnd>,
    encapsulation: Option<Box<dyn Datagrams>>,
    /// Where datagrams go first, if not into the caller's buffer.
    inbound: OnceLock<Mutex<Inbound>>,
}

impl Association {
    pub(super) fn new(
        proxy: &impl fmt::Display,
        relay: SocketAddr,
        bound: Address,
        encapsulation: Option<Box<dyn Datagrams>>,
        options: &Options,
    ) -> Self {
        let inbound = OnceLock::new();
        if encapsulation.is_some() || options.reassembly.is_some() {
            let _ = inbound.set(Inbound::new(options.reassembly.clone()).into());
        }
        Self {
            proxy: proxy.to_string().into(),
            relay,
            bound,
            admission: Admission::new(options.any_source),
            end: OnceLock::new(),
            encapsulation,
            inbound,
        }
    }

    pub(super) const fn relay(&self) -> SocketAddr {
        self.relay
    }

    pub(super) const fn bound(&self) -> &Address {
        &self.bound
    }

    pub(super) fn encapsulation(&self) -> Option<&dyn Datagrams> {
        self.encapsulation.as_deref()
    }

    pub(crate) fn inbound(&self) -> Option<&Mutex<Inbound>> {
        self.inbound.get()
    }

    /// Locks the state to receive a single datagram from the socket: the system joins none while
    /// the guard is held. Where it may have joined some already, returns what they go through.
    pub(super) fn lock_single(&self) -> Result<RwLockReadGuard<'_, State>, &Mutex<Inbound>> {
        let state = self.admission.state();
        self.inbound().map_or(Ok(state), Err)
    }

    /// Calls `join`, once, to have the system join datagrams. If that succeeds, they go through
    /// `inbound` from then on.
    pub(super) fn join(&self, join: impl FnOnce() -> io::Result<()>) {
        if self.inbound().is_none() {
            self.admission.join_once(|| {
                if join().is_ok() {
                    let _ = self.inbound.set(Inbound::new(None).into());
                }
            });
        }
    }

    pub(super) fn max_payload(&self, target: &Target<'_>) -> usize {
        let longest = if self.relay.is_ipv4() { LONGEST_V4 } else { LONGEST_V6 };
        let sealing = self.encapsulation().map_or(0, Datagrams::overhead);
        longest.saturating_sub(sealing + overhead(target))
    }

    /// Fails if it is known that the association is over.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.end.get().map_or(Ok(()), |end| Err(self.error(*end)))
    }

    /// What a read from the TCP connection means, if anything.
    pub(crate) fn control_read(&self, read: io::Result<usize>) -> io::Error {
        let end = match read {
            Ok(0) => AssociationEnd::Closed,
            // A TLS stream whose TCP connection is closed without an alert.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => AssociationEnd::Closed,
            Ok(_) => AssociationEnd::UnexpectedData,
            Err(error) => AssociationEnd::Failed(error.kind()),
        };
        self.error(*self.end.get_or_init(|| end))
    }

    fn error(&self, end: AssociationEnd) -> io::Error {
        Error::new(Stage::Association, ErrorKind::AssociationEnded(end)).at(&self.proxy).into()
    }

    /// An encapsulation that can't seal a datagram.
    pub(super) fn encapsulation_failed(&self, error: FrameError) -> io::Error {
        Error::new(Stage::Association, ErrorKind::Encapsulation(error)).at(&self.proxy).into()
    }
}

impl fmt::Debug for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Association")
            .field("relay", &self.relay)
            .field("bound", &self.bound)
            .field("peer", &self.admission.peer())
            .field("dropped", &self.admission.dropped())
            .field("end", &self.end.get())
            .field("encapsulated", &self.encapsulation.is_some())
            .finish_non_exhaustive()
    }
}
