//! The state of an association, apart from its sockets.

use super::admission::{Admission, State};
use super::inbound::Inbound;
use super::negotiated::{Control, Negotiated};
use crate::error::invalid::Invalid;
use crate::error::{AssociationEnd, Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::encapsulation::{Datagrams, FrameError};
use crate::protocol::frames::Frames;
use crate::protocol::pause::Pause;
use crate::protocol::socks5::Socks5;
use crate::protocol::target::Target;
use crate::protocol::udp::header::overhead;
use crate::proxy::Proxy;
use crate::stream::driver::STEPS_AT_ONCE;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock, RwLockReadGuard};
use std::task::Poll;
use std::time::Duration;

/// The longest payload of a UDP datagram over IPv4 and over IPv6.
const MAX_PAYLOAD_V4: usize = 65_507;
const MAX_PAYLOAD_V6: usize = 65_527;

/// The state of an association, apart from its sockets.
pub(crate) struct Association {
    /// The proxy's URL, for errors.
    proxy: Box<str>,
    /// The proxy's timeout, for requests.
    limit: Option<Duration>,
    relay: SocketAddr,
    bound: Address,
    pub(crate) admission: Admission,
    end: OnceLock<AssociationEnd>,
    negotiated: Option<Box<Negotiated>>,
    /// The buffer of datagrams that can't be received directly into the caller's. On the heap,
    /// because few associations have one.
    inbound: OnceLock<Box<Mutex<Inbound>>>,
}

impl Association {
    pub(super) fn new(
        proxy: &Proxy,
        relay: SocketAddr,
        bound: Address,
        negotiated: Option<Negotiated>,
    ) -> Self {
        let options = proxy.udp_options();
        let inbound = OnceLock::new();
        let is_encapsulated = negotiated.as_ref().is_some_and(|negotiated| negotiated.datagrams.is_some());
        if is_encapsulated || options.reassembly.is_some() {
            let _ = inbound.set(Box::new(Inbound::new(options.reassembly.clone()).into()));
        }
        Self {
            proxy: proxy.to_string().into(),
            limit: proxy.limit(),
            relay,
            bound,
            admission: Admission::new(options.any_source),
            end: OnceLock::new(),
            negotiated: negotiated.map(Box::new),
            inbound,
        }
    }

    pub(super) const fn relay(&self) -> SocketAddr {
        self.relay
    }

    /// Returns the proxy's URL, for errors.
    pub(super) const fn proxy(&self) -> &impl fmt::Display {
        &self.proxy
    }

    /// Returns the timeout of a request over the TCP connection.
    pub(super) const fn limit(&self) -> Option<Duration> {
        self.limit
    }

    pub(super) const fn bound(&self) -> &Address {
        &self.bound
    }

    pub(super) fn encapsulation(&self) -> Option<&dyn Datagrams> {
        self.negotiated.as_ref()?.datagrams.as_deref()
    }

    pub(super) fn negotiated(&self) -> Option<&Negotiated> {
        self.negotiated.as_deref()
    }

    pub(crate) fn inbound(&self) -> Option<&Mutex<Inbound>> {
        self.inbound.get().map(Box::as_ref)
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
                    let _ = self.inbound.set(Box::new(Inbound::new(None).into()));
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

    /// Reads from the TCP connection with `read`, and opens its frames. Returns `None` if no more
    /// can be read without waiting, and all frames were without content. Fails with `Interrupted`
    /// if there may be more such frames: a proxy that sends them without end must not occupy the
    /// thread.
    pub(crate) fn read_control(
        &self,
        mut read: impl FnMut(&mut [u8]) -> Option<io::Result<usize>>,
    ) -> Option<io::Result<usize>> {
        let Some(negotiated) = self.negotiated() else { return read(&mut [0]) };
        let mut control = negotiated.control();
        let incoming = match &mut *control {
            Control::Idle(None) => return read(&mut [0]),
            Control::Idle(Some(frames)) => &mut frames.incoming,
            Control::Requesting => return None,
        };
        let mut reads = 0;
        let mut read = |buf: &mut [u8]| {
            reads += 1;
            if reads > STEPS_AT_ONCE { Some(Err(io::ErrorKind::Interrupted.into())) } else { read(buf) }
        };
        let read = |buf: &mut [u8]| read(buf).map_or(Poll::Pending, Poll::Ready);
        match incoming.poll_plain(read) {
            Poll::Pending => None,
            Poll::Ready(plain) => Some(plain),
        }
    }

    /// Creates a request over the TCP connection.
    pub(super) fn request<'t>(&self, command: Command, target: Target<'t>) -> Result<Socks5<'t>, Error> {
        Socks5::further(self.requestable()?.dialect, command, target)
    }

    /// Takes the pump of the TCP connection for a request, of which only one can run.
    pub(super) fn take_control(&self) -> Result<Option<Frames>, Error> {
        match std::mem::replace(&mut *self.requestable()?.control(), Control::Requesting) {
            Control::Idle(frames) => Ok(frames.map(|frames| *frames)),
            Control::Requesting => Err(Invalid::AnotherRequest.into()),
        }
    }

    pub(crate) fn is_requesting(&self) -> bool {
        self.negotiated().is_some_and(|negotiated| matches!(*negotiated.control(), Control::Requesting))
    }

    pub(super) fn return_control(&self, frames: Option<Frames>) {
        if let Some(negotiated) = self.negotiated() {
            *negotiated.control() = Control::Idle(frames.map(Box::new));
        }
    }

    /// Returns what was negotiated, if the proxy accepts further requests.
    fn requestable(&self) -> Result<&Negotiated, Error> {
        let negotiated = self.negotiated().filter(|negotiated| negotiated.several_requests);
        negotiated.ok_or_else(|| Invalid::OneRequest.into())
    }

    /// Returns the error of the end that a read from the TCP connection shows, and records it.
    pub(crate) fn record_end(&self, read: io::Result<usize>) -> io::Error {
        self.record(match read {
            Ok(0) => AssociationEnd::Closed,
            Ok(_) => AssociationEnd::UnexpectedData,
            // A TLS stream whose TCP connection was closed without an alert.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => AssociationEnd::Closed,
            Err(error) if is_of_a_frame(&error) => AssociationEnd::BadFrame,
            Err(error) => AssociationEnd::Failed(error.kind()),
        })
    }

    /// Records the end that a failed or cancelled request is.
    pub(super) fn record_request(&self, error: Option<&Error>) {
        self.record(match error.map(Error::kind) {
            Some(ErrorKind::EndedEarly { .. }) => AssociationEnd::Closed,
            Some(ErrorKind::Io(error)) if error.kind() != io::ErrorKind::TimedOut => {
                AssociationEnd::Failed(error.kind())
            }
            Some(ErrorKind::Encapsulation(_)) => AssociationEnd::BadFrame,
            _ => AssociationEnd::UnfinishedRequest,
        });
    }

    /// Records the end, unless there was an earlier one. Returns the error of the first.
    fn record(&self, end: AssociationEnd) -> io::Error {
        self.error(*self.end.get_or_init(|| end))
    }

    fn error(&self, end: AssociationEnd) -> io::Error {
        Error::new(Stage::Association, ErrorKind::AssociationEnded(end)).at(&self.proxy).into()
    }

    /// Returns how long the next datagram waits before it is sent, if it has to wait.
    pub(crate) fn pause(&self) -> io::Result<Option<Pause>> {
        let Some(encapsulation) = self.encapsulation() else { return Ok(None) };
        self.check()?;
        let duration = encapsulation.pause().map_err(|error| self.encapsulation_failed(error))?;
        Ok(Pause::of_a_datagram(duration))
    }

    /// Returns the error of an encapsulation that can't seal a datagram.
    pub(super) fn encapsulation_failed(&self, error: FrameError) -> io::Error {
        Error::new(Stage::Association, ErrorKind::Encapsulation(error)).at(&self.proxy).into()
    }
}

fn is_of_a_frame(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    inner.is_some_and(|error| matches!(error.kind(), ErrorKind::Encapsulation(_)))
}

impl fmt::Debug for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Association")
            .field("relay", &self.relay)
            .field("bound", &self.bound)
            .field("peer", &self.admission.peer())
            .field("dropped", &self.admission.dropped())
            .field("end", &self.end.get())
            .field("encapsulated", &self.encapsulation().is_some())
            .finish_non_exhaustive()
    }
}
