//! Datagrams through a UDP ASSOCIATE. TLS to the proxy does not protect them.

use crate::answer::{Answer, Found};
use crate::event::{Event, reason};
use crate::prober::{LIMIT, Prober};
use crate::wire::Wire;
use anysocks::blocking::converse;
use anysocks::protocol::{Command, Socks5};
use anysocks::udp::{Datagram, Datagrams, Header};
use anysocks::{Address, Auth, Target};
use std::error::Error as StdError;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The interval between attempts: a datagram may be lost.
const AGAIN: Duration = Duration::from_secs(1);

/// The source that UDP ASSOCIATE declares in DST.ADDR and DST.PORT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Zeros,
    /// The address and port of the socket that sends.
    Declared,
}

impl Source {
    pub(crate) const BOTH: &'static [Self] = &[Self::Zeros, Self::Declared];
    const ZEROS: &'static [Self] = &[Self::Zeros];
    const DECLARED: &'static [Self] = &[Self::Declared];
}

impl Prober {
    pub(crate) fn associate(&self) -> Answer {
        let Association { bound, relay, .. } = self.association(Source::Zeros)?;
        Ok(Found { bound: Some(bound.to_string()), relay: Some(relay), ..Found::default() })
    }

    /// Sends datagrams until one comes back, with zeros as the source and then with a declared
    /// one. Later questions begin with the source that has worked. If none has, they use zeros
    /// alone.
    pub(crate) fn datagrams(&self, target: &Target<'_>) -> Answer {
        let sources = self.sources.replace(Source::ZEROS);
        let mut silence = None;
        for source in sources {
            let association = self.association(*source)?;
            match association.round_trip(target) {
                Ok(found) => {
                    if *source == Source::Declared {
                        self.sources.set(Source::DECLARED);
                    }
                    return Ok(found);
                }
                Err(error) if Event::of(&error) == Some(Event::Silence) => {
                    silence = Some((reason(&error), association.advice()));
                }
                Err(error) => return Err(format!("relay {}: {}", association.relay, reason(&error)).into()),
            }
        }
        let tried =
            if sources.contains(&Source::Declared) { ", with a declared source (0.0.0.0:0) too" } else { "" };
        let (reason, relay) = silence.unwrap_or_default();
        Err((reason + tried + &relay).into())
    }

    fn association(&self, source: Source) -> Result<Association, Box<dyn StdError>> {
        Association::new(self.dialler.dial()?, &self.prepared(Command::UdpAssociate)?, source)
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
    fn new(mut control: Wire, auth: &Auth, source: Source) -> Result<Self, Box<dyn StdError>> {
        let declared = match source {
            Source::Zeros => None,
            Source::Declared => Some(UdpSocket::bind((control.local_ip(), 0))?),
        };
        let request = match &declared {
            Some(socket) => socket.local_addr()?.try_into()?,
            None => Target::from((unspecified(control.proxy_ip()), 0)),
        };
        let mut established = converse(&mut control, &mut Socks5::associate(auth, request)?)?;
        let encapsulation = established.take_frames().and_then(|frames| frames.datagrams);
        let bound = established.bound;
        let relay = relay(&bound, control.proxy_ip())?;
        let socket = match declared {
            Some(socket) => socket,
            None => UdpSocket::bind((unspecified(relay.ip()), 0))?,
        };
        socket.connect(relay).map_err(|error| format!("no route to the relay {relay}: {}", error.kind()))?;
        let proxy = control.proxy_ip();
        Ok(Self { _control: control, socket, encapsulation, source, bound, relay, proxy })
    }

    fn round_trip(&self, target: &Target<'_>) -> io::Result<Found> {
        let start = Instant::now();
        let datagram = [Header::new(target)?.as_bytes(), b"ping"].concat();
        let mut back = [0; 512];
        let mut again = start;
        loop {
            let now = Instant::now();
            if now >= start + LIMIT {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if now >= again {
                self.socket.send(&self.sealed(&datagram)?)?;
                again = now + AGAIN;
            }
            self.socket.set_read_timeout(Some(again - now))?;
            match self.socket.recv(&mut back) {
                Ok(len) => {
                    let opened = self.opened(&mut back[..len]);
                    if let Ok(Datagram { payload: b"ping", source, .. }) = Datagram::parse(opened) {
                        let note = self.note(target, source.socket_addr());
                        return Ok(Found { round_trip: Some(start.elapsed()), note, ..Found::default() });
                    }
                }
                Err(error) if Event::of(&error) == Some(Event::Silence) => {}
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

    /// Returns what to try if no datagram comes back: an address in the reply may be one that only
    /// the proxy's own network knows.
    fn advice(&self) -> String {
        let (relay, proxy) = (self.relay, self.proxy.to_canonical());
        if relay.ip() == proxy {
            return String::new();
        }
        format!("; the relay {relay} is not at the proxy's address {proxy}: try `Relay::ProxyAddress`")
    }

    /// Returns what a client must do for this relay.
    fn note(&self, target: &Target<'_>, from: Option<SocketAddr>) -> String {
        let mut notes = Vec::new();
        if self.source == Source::Declared {
            notes.push("only with a declared source (0.0.0.0:0)".to_owned());
        }
        match (target.ip(), from) {
            (Some(ip), Some(from)) if from.ip() != ip => {
                notes.push(format!("the header names {from} as the source"));
            }
            _ => {}
        }
        notes.join("; ")
    }
}

/// The relay as BND.ADDR and BND.PORT name it. An unspecified address is the proxy's. A name is
/// not looked up.
fn relay(bound: &Address, proxy: IpAddr) -> Result<SocketAddr, String> {
    let ip = match bound {
        Address::Ip(addr) => Some(addr.ip().to_canonical()),
        Address::Name(name, _) => {
            std::str::from_utf8(name.as_bytes()).ok().and_then(|name| name.parse().ok())
        }
        _ => None,
    };
    match (ip, bound.port()) {
        (_, 0) => Err(format!("granted with BND {bound}: no relay can be at port 0")),
        (None, _) => Err(format!("granted with BND {bound}: probe looks up no name of a relay")),
        (Some(ip), port) => Ok(SocketAddr::new(if ip.is_unspecified() { proxy } else { ip }, port)),
    }
}

/// Zeros of the family of this address.
fn unspecified(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
