//! An association: what both ends know of it, and who gets through.

use super::batch::RecvBatch;
use super::datagram::{Datagram, Source};
use super::header::{Header, overhead};
use super::inbound::Inbound;
use super::options::Options;
use crate::address::Address;
use crate::encapsulation::{Datagrams, FrameError};
use crate::error::{Error, ErrorKind, Stage};
use crate::invalid::Invalid;
use crate::target::{Host, Target};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

/// Why there is no association any more. The relay forgets it with the TCP connection over which it was asked for (RFC 1928 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AssociationEnd {
    /// The proxy closed the TCP connection, or its direction of it.
    Closed,
    /// The proxy sent something on the TCP connection, where nothing may come.
    Spoke,
    /// The TCP connection failed.
    Failed(io::ErrorKind),
}

/// The most that UDP carries over IPv4, and over IPv6.
const LONGEST_V4: usize = 65_507;
const LONGEST_V6: usize = 65_527;

/// What is known of an association, beside its sockets.
pub(crate) struct Association {
    /// Its name, for errors.
    proxy: Box<str>,
    relay: SocketAddr,
    bound: Address,
    state: RwLock<State>,
    /// Whether a connected socket receives datagrams from any source.
    pub(crate) any_source: bool,
    dropped: AtomicU64,
    end: OnceLock<AssociationEnd>,
    encapsulation: Option<Box<dyn Datagrams>>,
    /// Where datagrams go first, if not into the caller's buffer.
    inbound: OnceLock<Mutex<Inbound>>,
}

/// What does not change while a datagram is received.
#[derive(Default)]
pub(super) struct State {
    peer: Option<Peer>,
    /// Whether the system was asked to join datagrams.
    asked_to_join: bool,
}

/// Who alone is sent to and heard.
struct Peer {
    target: Target<'static>,
    header: Header,
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
            state: RwLock::default(),
            any_source: options.any_source,
            dropped: AtomicU64::new(0),
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
    pub(super) fn alone(&self) -> Result<RwLockReadGuard<'_, State>, &Mutex<Inbound>> {
        let state = self.state();
        self.inbound().map_or(Ok(state), Err)
    }

    /// Calls `join`, once, to have the system join datagrams. If that succeeds, they go through
    /// `inbound` from then on.
    pub(super) fn join(&self, join: impl FnOnce() -> io::Result<()>) {
        if self.inbound().is_some() || self.state().asked_to_join {
            return;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut state.asked_to_join, true) && join().is_ok() {
            let _ = self.inbound.set(Inbound::new(None).into());
        }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn max_payload(&self, target: &Target<'_>) -> usize {
        let longest = if self.relay.is_ipv4() { LONGEST_V4 } else { LONGEST_V6 };
        let sealing = self.encapsulation().map_or(0, Datagrams::overhead);
        longest.saturating_sub(sealing + overhead(target))
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Counts datagrams that do not get through.
    pub(crate) fn drop_datagrams(&self, count: u64) {
        self.dropped.fetch_add(count, Relaxed);
    }

    /// Sends to this target alone, and hears nobody else.
    pub(crate) fn connect(&self, target: Target<'static>) {
        let peer = Peer { header: Header::new(&target), target };
        self.state.write().unwrap_or_else(PoisonError::into_inner).peer = Some(peer);
    }

    /// Calls `send` with the header of what goes to the peer.
    pub(crate) fn with_peer<T>(&self, send: impl FnOnce(&Header) -> io::Result<T>) -> io::Result<T> {
        match &self.state().peer {
            Some(peer) => send(&peer.header),
            None => Err(Error::from(Invalid::NotConnected).into()),
        }
    }

    pub(super) fn peer(&self) -> Option<Target<'static>> {
        self.state().peer.as_ref().map(|peer| peer.target.clone())
    }

    /// What the caller gets of a raw datagram: nothing where it is malformed, a fragment, or not from the peer.
    pub(super) fn admit<'a>(&self, raw: &'a [u8]) -> Option<Datagram<'a>> {
        self.admit_by(&self.state(), raw)
    }

    /// The same, while a datagram is received.
    pub(super) fn admit_by<'a>(&self, state: &State, raw: &'a [u8]) -> Option<Datagram<'a>> {
        let admitted = Datagram::parse(raw)
            .ok()
            .filter(|datagram| datagram.fragment == 0 && self.is_heard(state, datagram));
        if admitted.is_none() {
            self.drop_datagrams(1);
        }
        admitted
    }

    /// Leave of a batch what the caller gets.
    pub(super) fn admit_batch(&self, batch: &mut RecvBatch) {
        let received = batch.len();
        let state = self.state();
        batch.retain(|raw| {
            Datagram::parse(raw)
                .is_ok_and(|datagram| datagram.fragment == 0 && self.is_heard(&state, &datagram))
        });
        self.drop_datagrams((received - batch.len()) as u64);
    }

    /// Whether a datagram, or the fragment of one, may be from the peer.
    pub(super) fn hears(&self, datagram: &Datagram<'_>) -> bool {
        self.is_heard(&self.state(), datagram)
    }

    #[inline]
    fn is_heard(&self, state: &State, datagram: &Datagram<'_>) -> bool {
        self.any_source || state.peer.as_ref().is_none_or(|peer| may_be(&peer.target, &datagram.source))
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
            Ok(_) => AssociationEnd::Spoke,
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

/// Whether this is whom the target stands for.
///
/// The proxy resolves a name, and most do not say to what: any address may be meant, of the same port.
fn may_be(target: &Target<'_>, source: &Source<'_>) -> bool {
    target.port() == source.port()
        && match (target.host(), source) {
            (Host::Ip(ip), Source::Ip(addr)) => ip.to_canonical() == addr.ip().to_canonical(),
            (Host::Ip(_), Source::Name(..)) => false,
            (Host::Domain(_), Source::Ip(_)) => true,
            (Host::Domain(name), Source::Name(source, _)) => {
                name.as_str().as_bytes().eq_ignore_ascii_case(source)
            }
        }
}

impl fmt::Display for AssociationEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the proxy closed its TCP connection"),
            Self::Spoke => f.write_str("the proxy sent something on its TCP connection unasked"),
            Self::Failed(kind) => write!(f, "its TCP connection failed: {kind}"),
        }
    }
}

impl fmt::Debug for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Association")
            .field("relay", &self.relay)
            .field("bound", &self.bound)
            .field("peer", &self.peer())
            .field("dropped", &self.dropped())
            .field("end", &self.end.get())
            .field("encapsulated", &self.encapsulation.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source<'_> {
        if let Ok(addr) = text.parse() {
            return Source::Ip(addr);
        }
        let (name, port) = text.rsplit_once(':').unwrap();
        Source::Name(name.as_bytes(), port.parse().unwrap())
    }

    #[test]
    fn who_may_be_the_peer() {
        for (target, from, may) in [
            ("192.0.2.7:53", "192.0.2.7:53", true),
            ("192.0.2.7:53", "[::ffff:192.0.2.7]:53", true),
            ("[::ffff:192.0.2.7]:53", "192.0.2.7:53", true),
            ("192.0.2.7:53", "192.0.2.7:54", false),
            ("192.0.2.7:53", "192.0.2.8:53", false),
            ("192.0.2.7:53", "dns.example:53", false),
            ("dns.example:53", "192.0.2.7:53", true),
            ("dns.example:53", "192.0.2.7:54", false),
            ("dns.example:53", "DNS.example:53", true),
            ("dns.example:53", "dns.example:54", false),
            ("dns.example:53", "other.example:53", false),
        ] {
            let target = Target::try_from(target).unwrap();
            assert_eq!(may_be(&target, &source(from)), may, "{target} {from}");
        }
    }
}
