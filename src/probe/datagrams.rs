//! Datagrams through a UDP ASSOCIATE. TLS to the proxy does not protect them.

use super::answer::Found;
use super::dialler::Dialler;
use super::event::Event;
use super::failure::{Defect, Failure};
use super::note::Note;
use super::prober::Prober;
use super::source::Source;
use super::wire::Wire;
use crate::blocking::block_on::block_on;
use crate::blocking::{Blocking, converse};
use crate::error::setup::is_of_setup;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::encapsulation::Datagrams;
use crate::protocol::socks5::{Auth, Socks5};
use crate::protocol::target::{Host, Target};
use crate::protocol::udp::datagram::Datagram;
use crate::protocol::udp::header::Header;
use crate::protocol::udp::reassembly::{Reassembler, Reassembly};
use crate::route::path::unspecified;
use crate::runtime::{Deadline, deadline};
use crate::udp::associate::{bind_source, connect};
use crate::udp::peer::is_same;
use crate::udp::relay;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The interval between attempts: a datagram may be lost.
const AGAIN: Duration = Duration::from_secs(1);

/// A socket has no timeout of zero.
const TICK: Duration = Duration::from_millis(1);

impl Prober<'_> {
    pub(super) fn associate(&self) -> Result<Found, Failure> {
        let Association { bound, relay, .. } = self.association(Source::Zeros)?;
        let notes = is_replaced(&bound, relay).then(|| Note::RelayReplaced { bound: bound.clone() });
        let notes = notes.into_iter().collect();
        Ok(Found { bound: Some(bound), relay: Some(relay), notes, ..Found::default() })
    }

    /// Sends datagrams until one comes back, with zeros as the source and then with a declared
    /// one. Later questions begin with the source that has worked. If none has, they use zeros
    /// alone.
    pub(super) fn datagrams(&self, target: &Target<'_>) -> Result<Found, Failure> {
        let sources = self.sources.replace(Source::ZEROS);
        let mut left = sources.iter().peekable();
        let (mut silence, mut dropped) = (None, false);
        loop {
            let source = left.next().copied().unwrap_or(Source::Zeros);
            let mut association = match self.association(source) {
                Ok(association) => association,
                // The question is about the datagrams of the first source. Another one only helps.
                Err(failure) => return Err(silence.unwrap_or(failure)),
            };
            match association.round_trip(target, deadline::<Blocking>(self.dialler.timeout)) {
                Ok(found) => {
                    if source == Source::Declared {
                        self.sources.set(Source::DECLARED);
                    }
                    return Ok(found);
                }
                Err(error) => {
                    let is_silence = Event::of_io(&error) == Some(Event::Silence);
                    dropped |= association.dropped;
                    let Association { relay, proxy, .. } = association;
                    let declared_source = source == Source::Declared;
                    let failure = Failure::Datagrams { relay, proxy, error, declared_source, dropped };
                    if !is_silence || left.peek().is_none() {
                        return Err(failure);
                    }
                    silence = Some(failure);
                }
            }
        }
    }

    fn association(&self, source: Source) -> Result<Association, Failure> {
        Association::new(&self.dialler, &self.auth(Command::UdpAssociate)?, source)
    }
}

struct Association {
    /// The association ends with this connection.
    _control: Wire,
    socket: UdpSocket,
    /// What GSS-API has negotiated.
    encapsulation: Option<Box<dyn Datagrams>>,
    source: Source,
    bound: Address,
    relay: SocketAddr,
    proxy: IpAddr,
    reassembler: Reassembler,
    /// Whether a client drops some of the received datagrams.
    dropped: bool,
}

impl Association {
    fn new(dialler: &Dialler<'_>, auth: &Auth, source: Source) -> Result<Self, Failure> {
        let mut control = dialler.dial()?;
        let options = &dialler.proxy.dialling().socket;
        let (proxy, ends) = (control.proxy_ip(), control.ends());
        let declared = match source {
            Source::Zeros => None,
            Source::Declared => Some(bind_source(control.source(), ends.as_ref(), options)),
        };
        let declared = declared.transpose().map_err(Failure::Local)?;
        let request = match &declared {
            Some((_, source)) => (source.ip(), source.port()).into(),
            None => unspecified(Some(proxy)),
        };
        let mut established = converse(&mut control, &mut Socks5::associate(auth, request)?)?;
        control.keep();
        let encapsulation = match established.take_frames().map(|frames| frames.datagrams) {
            Some(None) => return Err(no_encapsulation().into()),
            encapsulation => encapsulation.flatten(),
        };
        let bound = established.bound;
        let until = deadline::<Blocking>(dialler.timeout);
        let relays = block_on(relay::find::<Blocking>(dialler.proxy, &bound, ends.as_ref(), until));
        let relays = relays.map_err(no_relay)?;
        let socket = match connect(&relays, declared.as_ref(), options) {
            Ok(socket) => socket,
            Err(error) if is_of_setup(&error) => return Err(Failure::Local(error)),
            Err(error) => {
                let (relay, declared_source) = (relays[0], source == Source::Declared);
                return Err(Failure::Datagrams { relay, proxy, error, declared_source, dropped: false });
            }
        };
        socket.set_nonblocking(false).map_err(Failure::Local)?;
        let socket = UdpSocket::from(socket);
        let relay = socket.peer_addr().map_err(Failure::Local)?;
        let reassembler = Reassembler::new(Reassembly::new());
        Ok(Self {
            _control: control,
            socket,
            encapsulation,
            source,
            bound,
            relay,
            proxy,
            reassembler,
            dropped: false,
        })
    }

    fn round_trip(&mut self, target: &Target<'_>, until: Deadline) -> io::Result<Found> {
        let start = Instant::now();
        let header = Header::new(target).map_err(io::Error::from)?;
        let datagram = [header.as_bytes(), b"ping"].concat();
        let mut back = [0; 512];
        let mut again = start;
        loop {
            let now = Instant::now();
            if until.is_some_and(|until| now >= until) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if now >= again {
                self.socket.send(&self.sealed(&datagram)?)?;
                again = now + AGAIN;
            }
            let wake = until.map_or(again, |until| until.min(again));
            self.socket.set_read_timeout(Some(wake.saturating_duration_since(now).max(TICK)))?;
            match self.socket.recv(&mut back) {
                Ok(len) => {
                    if let Some(notes) = self.received(&mut back[..len], target) {
                        return Ok(Found { round_trip: Some(start.elapsed()), notes, ..Found::default() });
                    }
                }
                Err(error) if Event::of_io(&error) == Some(Event::Silence) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn sealed(&self, datagram: &[u8]) -> io::Result<Vec<u8>> {
        let mut sealed = Vec::new();
        match &self.encapsulation {
            Some(encapsulation) => encapsulation.seal(datagram, &mut sealed).map_err(io::Error::other)?,
            None => sealed.extend(datagram),
        }
        Ok(sealed)
    }

    /// Returns the datagram, or nothing if it can't be opened.
    fn opened<'d>(&self, sealed: &'d mut [u8]) -> &'d [u8] {
        let Some(encapsulation) = &self.encapsulation else { return sealed };
        match encapsulation.open(sealed) {
            Ok(Some(content)) => sealed.get(content).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Returns what a client must do to receive this datagram, or nothing if it is not the one that
    /// was sent.
    fn received(&mut self, sealed: &mut [u8], target: &Target<'_>) -> Option<Vec<Note>> {
        let Ok(datagram) = Datagram::parse(self.opened(sealed)) else {
            self.dropped = true;
            return None;
        };
        let Some(payload) = self.reassembler.take(&datagram, Instant::now()).complete else {
            self.dropped = true;
            return None;
        };
        let is_declared = self.source == Source::Declared;
        let is_other = !is_same(target, &datagram.source);
        let notes = [
            is_declared.then_some(Note::DeclaredSource),
            (datagram.fragment != 0).then_some(Note::Fragments),
            is_other.then(|| Note::OtherSource(datagram.source.to_address())),
        ];
        (*payload == *b"ping").then(|| notes.into_iter().flatten().collect())
    }
}

fn no_encapsulation() -> Error {
    let cause = "the method's encapsulation carries no datagrams";
    Error::new(Stage::Association, ErrorKind::Encapsulation(cause.into()))
}

fn no_relay(error: Error) -> Failure {
    let ErrorKind::NoRelay { bound, relay } = error.kind() else { return error.into() };
    let defect = match relay {
        _ if relay.port() == 0 => Defect::PortZero,
        Address::Name(..) => Defect::RelayName,
        Address::Ip(_) => Defect::NotUnicast,
    };
    Failure::Bound(bound.clone(), defect)
}

/// Whether the relay is not at the address in the reply. An unspecified address means the proxy's.
fn is_replaced(bound: &Address, relay: SocketAddr) -> bool {
    let ip = match Host::of_name(bound) {
        Some(Host::Ip(ip)) => Some(ip),
        _ => bound.ip(),
    };
    let ip = ip.map(|ip| ip.to_canonical());
    ip.is_some_and(|ip| !ip.is_unspecified() && ip != relay.ip())
}
