//! The state of an association, apart from its sockets.

use super::admission::{Admission, State};
use super::hop::{Enclosure, Hop, Layer, encapsulation_error};
use super::inbound::Inbound;
use super::negotiated::{Control, Negotiated};
use crate::error::invalid::Invalid;
use crate::error::{AssociationEnd, Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::encapsulation::FrameError;
use crate::protocol::frames::Frames;
use crate::protocol::pause::Pause;
use crate::protocol::socks5::Socks5;
use crate::protocol::target::Target;
use crate::protocol::udp::header::{HEADROOM, overhead};
use crate::proxy::{Lookup, Proxy, Resolve};
use crate::stream::driver::STEPS_AT_ONCE;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock, PoisonError, RwLockReadGuard};
use std::task::Poll;
use std::time::Duration;

/// The longest payload of a UDP datagram over IPv4 and over IPv6.
const MAX_PAYLOAD_V4: usize = 65_507;
const MAX_PAYLOAD_V6: usize = 65_527;

/// The state of an association, apart from its sockets.
///
/// In a chain, it has the associations at all proxies: that at the last one, and the layers around
/// it.
pub(crate) struct Association {
    /// The association at the last proxy.
    last: Hop,
    /// The first relay, to which the socket is connected.
    relay: SocketAddr,
    /// The last proxy's reply.
    bound: Address,
    /// Those of the earlier proxies of a chain. The pointer is thin, because most routes have none.
    layers: Option<Box<Layers>>,
    pub(crate) admission: Admission,
    /// The end, and the number of the proxy whose TCP connection showed it.
    end: OnceLock<(u16, AssociationEnd)>,
    /// The buffer of datagrams that can't be received directly into the caller's. On the heap,
    /// because few associations have one.
    inbound: OnceLock<Box<Mutex<Inbound>>>,
}

struct Layers(Vec<Layer>);

impl Association {
    pub(super) fn new(
        proxies: &[Proxy],
        relay: SocketAddr,
        layers: Vec<Layer>,
        last: Hop,
        bound: Address,
    ) -> Self {
        let proxy = &proxies[proxies.len() - 1];
        let inbound = OnceLock::new();
        let is_reassembled = proxy.udp_options().reassembly.is_some();
        if last.encapsulation().is_some() || is_reassembled || !layers.is_empty() {
            let _ = inbound.set(Box::new(Inbound::new(proxies).into()));
        }
        Self {
            last,
            relay,
            bound,
            layers: (!layers.is_empty()).then(|| Box::new(Layers(layers))),
            admission: Admission::new(proxy.udp_options().any_source),
            end: OnceLock::new(),
            inbound,
        }
    }

    pub(super) const fn relay(&self) -> SocketAddr {
        self.relay
    }

    /// Returns the layers around the datagrams of the last proxy, the outermost first.
    pub(super) fn layers(&self) -> &[Layer] {
        self.layers.as_ref().map_or(&[], |layers| &layers.0)
    }

    /// Returns the number of proxies.
    pub(super) fn hops(&self) -> usize {
        self.layers().len() + 1
    }

    /// Returns the layers, and the association at the last proxy.
    pub(super) fn nesting(&self) -> (&[Layer], &Hop) {
        (self.layers(), &self.last)
    }

    /// Returns the association at the proxy with this number, from 0.
    pub(super) fn hop(&self, n: usize) -> &Hop {
        self.layers().get(n).map_or(&self.last, |layer| &layer.hop)
    }

    /// Returns what encloses the datagrams of this proxy. Those of the first one are sent as they
    /// are.
    pub(super) fn enclosure(&self, n: usize) -> Option<&Enclosure> {
        self.layers().get(n.checked_sub(1)?).map(|layer| &layer.enclosure)
    }

    /// Adds the URL and the number of a proxy to an error.
    pub(super) fn at(&self, n: usize) -> impl Fn(Error) -> Error {
        move |error| error.at_hop(&self.hop(n).proxy, n + 1, self.hops())
    }

    /// Adds the URL and the number of the last proxy to an error.
    pub(super) fn at_last(&self) -> impl Fn(Error) -> Error {
        self.at(self.layers().len())
    }

    /// Returns the timeout of a request over the TCP connection.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.negotiated()?.limit
    }

    /// Returns how names of targets are looked up, if this machine resolves them.
    pub(super) fn lookup(&self) -> Option<&Lookup> {
        let proxy = &self.last.proxy;
        (proxy.resolves() == Resolve::Locally).then(|| &proxy.dialling().lookup)
    }

    pub(super) const fn bound(&self) -> &Address {
        &self.bound
    }

    /// Returns whether an encapsulation seals the datagrams, that of any proxy.
    pub(super) fn is_encapsulated(&self) -> bool {
        (0..self.hops()).any(|n| self.hop(n).encapsulation().is_some())
    }

    /// Returns what was negotiated with the last proxy.
    pub(super) fn negotiated(&self) -> Option<&Negotiated> {
        self.last.negotiated.as_deref()
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
        if self.inbound().is_none() || self.is_chain_of_plain_datagrams() {
            self.admission.coalesce_once(|| {
                if coalesce().is_ok() {
                    self.inbound.get_or_init(|| Box::new(Inbound::new(&[]).into()));
                }
            });
        }
    }

    /// Returns whether the datagrams of a chain can be received as a batch.
    fn is_chain_of_plain_datagrams(&self) -> bool {
        let inbound = self.inbound().filter(|_| !self.layers().is_empty() && !self.is_encapsulated());
        inbound
            .is_some_and(|inbound| !inbound.lock().unwrap_or_else(PoisonError::into_inner).has_reassembler())
    }

    pub(super) fn max_payload(&self, target: &Target<'_>) -> usize {
        self.max_datagram().saturating_sub(overhead(target))
    }

    /// Returns the longest datagram, with its header, within all layers.
    pub(super) fn max_datagram(&self) -> usize {
        let longest = |is_ipv4| if is_ipv4 { MAX_PAYLOAD_V4 } else { MAX_PAYLOAD_V6 };
        let sealing = self.hop(0).sealing();
        let first = longest(self.relay.is_ipv4()).saturating_sub(sealing);
        // Each relay removes its header and its seal, and sends the rest to the next one.
        self.layers().iter().enumerate().fold(first, |room, (n, layer)| {
            let room = room.saturating_sub(layer.header_len());
            room.min(longest(layer.is_ipv4())).saturating_sub(self.hop(n + 1).sealing())
        })
    }

    /// Returns the number of bytes that a header needs in front of a payload.
    pub(super) fn headroom(&self) -> usize {
        HEADROOM + self.headers_len()
    }

    /// Returns the length of the headers of all layers.
    fn headers_len(&self) -> usize {
        self.layers().iter().map(Layer::header_len).sum()
    }

    /// Fails if the association is known to have ended.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.end.get().map_or(Ok(()), |(hop, end)| Err(self.error((*hop).into(), *end)))
    }

    /// Reads from the TCP connection of this proxy with `read`, and opens its frames.
    ///
    /// Returns `None` if no more can be read without waiting, and all frames were without content.
    /// Fails with `Interrupted` if there may be more such frames: a proxy that sends them without
    /// end must not occupy the thread.
    pub(crate) fn read_control(
        &self,
        hop: usize,
        mut read: impl FnMut(&mut [u8]) -> Option<io::Result<usize>>,
    ) -> Option<io::Result<usize>> {
        let Some(negotiated) = &self.hop(hop).negotiated else { return read(&mut [0]) };
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

    /// Returns the error of the end that a read from the TCP connection of this proxy shows, and
    /// records it.
    pub(crate) fn record_end(&self, hop: usize, read: io::Result<usize>) -> io::Error {
        let end = match read {
            Ok(0) => AssociationEnd::Closed,
            Ok(_) => AssociationEnd::UnexpectedData,
            // A TLS stream whose TCP connection was closed without an alert.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => AssociationEnd::Closed,
            Err(error) if is_of_a_frame(&error) => AssociationEnd::BadFrame,
            Err(error) => AssociationEnd::Failed(error.kind()),
        };
        self.record(hop, end)
    }

    /// Records the end that a failed or cancelled request is.
    pub(super) fn record_request(&self, error: Option<&Error>) {
        let end = match error.map(Error::kind) {
            Some(ErrorKind::EndedEarly { .. }) => AssociationEnd::Closed,
            Some(ErrorKind::Io(error)) if error.kind() != io::ErrorKind::TimedOut => {
                AssociationEnd::Failed(error.kind())
            }
            Some(ErrorKind::Encapsulation(_)) => AssociationEnd::BadFrame,
            _ => AssociationEnd::UnfinishedRequest,
        };
        self.record(self.layers().len(), end);
    }

    /// Records the end, unless there was an earlier one. Returns the error of the first.
    fn record(&self, hop: usize, end: AssociationEnd) -> io::Error {
        let hop = u16::try_from(hop).unwrap_or(u16::MAX);
        let (hop, end) = *self.end.get_or_init(|| (hop, end));
        self.error(hop.into(), end)
    }

    fn error(&self, hop: usize, end: AssociationEnd) -> io::Error {
        self.at(hop)(Error::new(Stage::Association, ErrorKind::AssociationEnded(end))).into()
    }

    /// Returns how long the next datagram waits before it is sent, if it has to wait: the pauses of
    /// all encapsulations.
    pub(crate) fn pause(&self) -> io::Result<Option<Pause>> {
        if !self.is_encapsulated() {
            return Ok(None);
        }
        self.check()?;
        let mut duration = Duration::ZERO;
        for n in 0..self.hops() {
            if let Some((encapsulation, _)) = self.hop(n).encapsulation() {
                let pause = encapsulation.pause().map_err(|error| self.encapsulation_failed(n, error))?;
                duration = duration.saturating_add(pause);
            }
        }
        Ok(Pause::of_a_datagram(duration))
    }

    /// Returns the error of a proxy's encapsulation that can't seal a datagram.
    pub(super) fn encapsulation_failed(&self, hop: usize, error: FrameError) -> io::Error {
        self.at(hop)(encapsulation_error(error)).into()
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
            .field("encapsulated", &self.is_encapsulated())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A datagram has to fit each of its legs, whose families may differ.
    #[test]
    fn the_longest_datagram_of_a_chain() {
        const V4: &str = "192.0.2.1:9";
        const V6: &str = "[2001:db8::1]:9";
        let (v4_header, v6_header) = (10, 22);
        for (relays, longest) in [
            (&[V4][..], 65_507),
            (&[V6], 65_527),
            (&[V4, V4], 65_507 - v4_header),
            (&[V6, V6], 65_527 - v6_header),
            (&[V4, V6], 65_507 - v6_header),
            // The second leg is the narrow one: its header is removed before.
            (&[V6, V4], 65_507),
            (&[V6, "a.example:9"], 65_507),
            (&[V6, V4, V6], 65_507 - v6_header),
        ] {
            let proxies = vec![Proxy::socks5("127.0.0.1:1").unwrap(); relays.len()];
            let hop = || Hop::new(&proxies[0], None);
            let mut layers = Vec::new();
            for next in &relays[1..] {
                let next = Target::try_from(*next).unwrap().into_owned();
                Layer::push(&mut layers, hop(), false, next).unwrap();
            }
            let relay = relays[0].parse().unwrap();
            let association = Association::new(&proxies, relay, layers, hop(), Address::Ip(relay));
            assert_eq!(association.max_datagram(), longest, "{relays:?}");
        }
    }
}
