//! The state of an association, apart from its sockets.

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

/// The longest payload of a UDP datagram over IPv4 and over IPv6.
const MAX_PAYLOAD_V4: usize = 65_507;
const MAX_PAYLOAD_V6: usize = 65_527;

/// The state of an association, apart from its sockets.
pub(crate) struct Association {
    /// The proxy's URL, for errors.
    proxy: Box<str>,
    relay: SocketAddr,
    bound: Address,
    pub(crate) admission: Admission,
    end: OnceLock<AssociationEnd>,
    encapsulation: Option<Box<dyn Datagrams>>,
    /// The buffer of datagrams that can't be received directly into the caller's.
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

    /// Locks the state to receive a single datagram: coalescing can't start while the guard is
    /// held. If datagrams must go through a buffer, returns that instead.
    pub(super) fn lock_single(&self) -> Result<RwLockReadGuard<'_, State>, &Mutex<Inbound>> {
        let state = self.admission.state();
        self.inbound().map_or(Ok(state), Err)
    }

    /// Calls `coalesce` once, to have the system coalesce datagrams. After a success, datagrams go
    /// through `inbound`.
    pub(super) fn enable_coalescing(&self, coalesce: impl FnOnce() -> io::Result<()>) {
        if self.inbound().is_none() {
            self.admission.coalesce_once(|| {
                if coalesce().is_ok() {
                    let _ = self.inbound.set(Inbound::new(None).into());
                }
            });
        }
    }

    pub(super) fn max_payload(&self, target: &Target<'_>) -> usize {
        let longest = if self.relay.is_ipv4() { MAX_PAYLOAD_V4 } else { MAX_PAYLOAD_V6 };
        let sealing = self.encapsulation().map_or(0, Datagrams::overhead);
        longest.saturating_sub(sealing + overhead(target))
    }

    /// Fails if the association is known to have ended.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.end.get().map_or(Ok(()), |end| Err(self.error(*end)))
    }

    /// Records the end that a read from the TCP connection shows, and returns its error.
    pub(crate) fn record_end(&self, read: io::Result<usize>) -> io::Error {
        let end = match read {
            Ok(0) => AssociationEnd::Closed,
            // A TLS stream whose TCP connection was closed without an alert.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => AssociationEnd::Closed,
            Ok(_) => AssociationEnd::UnexpectedData,
            Err(error) => AssociationEnd::Failed(error.kind()),
        };
        self.error(*self.end.get_or_init(|| end))
    }

    fn error(&self, end: AssociationEnd) -> io::Error {
        Error::new(Stage::Association, ErrorKind::AssociationEnded(end)).at(&self.proxy).into()
    }

    /// Returns the error of an encapsulation that can't seal a datagram.
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
