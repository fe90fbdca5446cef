//! Datagrams through a UDP ASSOCIATE. TLS to the proxy does not protect them.

use super::answer::Found;
use super::event::Event;
use super::failure::{Defect, Failure};
use super::note::Note;
use super::prober::Prober;
use super::source::Source;
use super::wire::Wire;
use crate::blocking::{Blocking, converse};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::encapsulation::Datagrams;
use crate::protocol::socks5::{Auth, Socks5};
use crate::protocol::target::Target;
use crate::protocol::udp::datagram::Datagram;
use crate::protocol::udp::header::Header;
use crate::proxy::SocketOptions;
use crate::route::path::unspecified;
use crate::runtime::dial::open_datagram;
use crate::runtime::{Deadline, deadline};
use crate::udp::associate::{bind, socket_for};
use socket2::Socket;
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
        Ok(Found { bound: Some(bound), relay: Some(relay), ..Found::default() })
    }

    /// Sends datagrams until one comes back, with zeros as the source and then with a declared
    /// one. Later questions begin with the source that has worked. If none has, they use zeros
    /// alone.
    pub(super) fn datagrams(&self, target: &Target<'_>) -> Result<Found, Failure> {
        let sources = self.sources.replace(Source::ZEROS);
        let mut left = sources.iter().peekable();
        loop {
            let source = left.next().copied().unwrap_or(Source::Zeros);
            let association = self.association(source)?;
            match association.round_trip(target, deadline::<Blocking>(self.dialler.timeout)) {
                Ok(found) => {
                    if source == Source::Declared {
                        self.sources.set(Source::DECLARED);
                    }
                    return Ok(found);
                }
                Err(error) if Event::of_io(&error) == Some(Event::Silence) && left.peek().is_some() => {}
                Err(error) => {
                    let Association { relay, proxy, .. } = association;
                    let declared_source = source == Source::Declared;
                    return Err(Failure::Datagrams { relay, proxy, error, declared_source });
                }
            }
        }
    }

    fn association(&self, source: Source) -> Result<Association, Failure> {
        let auth = self.auth(Command::UdpAssociate)?;
        Association::new(self.dialler.dial()?, &auth, source, &self.dialler.proxy.dialling().socket)
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
}

impl Association {
    fn new(mut control: Wire, auth: &Auth, source: Source, options: &SocketOptions) -> Result<Self, Failure> {
        let proxy = control.proxy_ip();
        let declared = match source {
            Source::Zeros => None,
            Source::Declared => Some(bound_to(control.local_ip(), options).map_err(Failure::Local)?),
        };
        let request = match &declared {
            Some(socket) => socket.local_addr().map_err(Failure::Local)?.try_into()?,
            None => unspecified(Some(proxy)),
        };
        let mut established = converse(&mut control, &mut Socks5::associate(auth, request)?)?;
        control.keep();
        let encapsulation = established.take_frames().and_then(|frames| frames.datagrams);
        let relay = match relay(&established.bound, proxy) {
            Ok(relay) => relay,
            Err(defect) => return Err(Failure::Bound(established.bound, defect)),
        };
        let socket = match declared {
            Some(socket) => socket,
            None => socket_for(relay, options).and_then(blocking).map_err(Failure::Local)?,
        };
        let declared_source = source == Source::Declared;
        socket.connect(relay).map_err(|error| Failure::Datagrams { relay, proxy, error, declared_source })?;
        let bound = established.bound;
        Ok(Self { _control: control, socket, encapsulation, source, bound, relay, proxy })
    }

    fn round_trip(&self, target: &Target<'_>, until: Deadline) -> io::Result<Found> {
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
                    let opened = self.opened(&mut back[..len]);
                    if let Ok(Datagram { payload: b"ping", source, .. }) = Datagram::parse(opened) {
                        let notes = self.notes(target, source.socket_addr());
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

    /// Returns what a client must do for this relay.
    fn notes(&self, target: &Target<'_>, from: Option<SocketAddr>) -> Vec<Note> {
        let declared = (self.source == Source::Declared).then_some(Note::DeclaredSource);
        let other = from.filter(|from| target.ip().is_some_and(|ip| from.ip() != ip)).map(Note::OtherSource);
        declared.into_iter().chain(other).collect()
    }
}

/// The relay as BND.ADDR and BND.PORT name it. An unspecified address is the proxy's. A name is
/// not looked up.
fn relay(bound: &Address, proxy: IpAddr) -> Result<SocketAddr, Defect> {
    let ip = match bound {
        Address::Ip(addr) => Some(addr.ip().to_canonical()),
        Address::Name(name, _) => {
            std::str::from_utf8(name.as_bytes()).ok().and_then(|name| name.parse().ok())
        }
    };
    match (ip, bound.port()) {
        (_, 0) => Err(Defect::PortZero),
        (None, _) => Err(Defect::RelayName),
        (Some(ip), port) => Ok(SocketAddr::new(if ip.is_unspecified() { proxy } else { ip }, port)),
    }
}

/// Returns a socket with these options, at a free port of this address.
fn bound_to(ip: IpAddr, options: &SocketOptions) -> io::Result<UdpSocket> {
    let local = SocketAddr::new(ip, 0);
    let socket = open_datagram(local, options)?;
    bind(&socket, local)?;
    blocking(socket)
}

fn blocking(socket: Socket) -> io::Result<UdpSocket> {
    socket.set_nonblocking(false)?;
    Ok(socket.into())
}
