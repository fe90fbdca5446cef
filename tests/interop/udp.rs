//! The cases of UDP ASSOCIATE, each for every server and dialling front end.

use std::io::{self, ErrorKind};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use anysocks::udp::{HEADROOM, Header, RecvBatch, SendBatch};
use anysocks::{Address, Error, Stage, Target};

use crate::association::Association;
use crate::capabilities::{Capabilities, Relay};
use crate::cases::{pattern, same};
use crate::destinations::NAME;
use crate::dns;
use crate::expectation::{check_failure, check_source};
use crate::fronts::Front;
use crate::servers::DNSMASQ;
use crate::setting::Setting;
use crate::trials::Demands;
use crate::tunnel::DEADLINE;

/// An association, and what to do with it where it is granted.
pub(crate) struct UdpCase {
    pub(crate) name: &'static str,
    host: &'static str,
    talk: fn(Talk<'_>) -> Result<(), String>,
    needs: fn(&Relay) -> bool,
    pub(crate) demands: Demands,
}

/// What is at hand in an association.
struct Talk<'a> {
    setting: &'a Setting<'a>,
    relay: Relay,
    association: Box<dyn Association>,
    /// The echo.
    target: Target<'a>,
}

const V4: UdpCase = UdpCase {
    name: "udp_v4",
    host: "127.0.0.1",
    talk: |talk| talk.echoed(to_address),
    needs: |_| true,
    demands: Demands::NONE,
};

/// All clients share a relay's buffers.
const ALONE: Demands = Demands { alone: true, ..Demands::NONE };

const NAME_SERVER: Demands = Demands { helper: Some(&DNSMASQ), ..Demands::NONE };

pub(crate) const CASES: [UdpCase; 10] = [
    V4,
    UdpCase { name: "udp_v6", host: "::1", ..V4 },
    UdpCase { name: "udp_name", host: NAME, ..V4 },
    UdpCase { name: "udp_connected", talk: |talk| talk.echoed(connected), ..V4 },
    UdpCase { name: "udp_connected_name", host: NAME, talk: |talk| talk.echoed(connected), ..V4 },
    UdpCase { name: "udp_in_place", talk: |talk| talk.echoed(in_place), ..V4 },
    UdpCase { name: "udp_many", talk: |talk| talk.many(), demands: ALONE, ..V4 },
    UdpCase { name: "udp_batched", talk: |talk| talk.batched(), demands: ALONE, ..V4 },
    UdpCase { name: "udp_dns", talk: |talk| talk.query(), demands: NAME_SERVER, ..V4 },
    UdpCase { name: "udp_dropped", talk: ends_when_dropped, needs: |relay| relay.ends, ..V4 },
];

impl UdpCase {
    /// Whether there is anything to try at this place of the server with this front end.
    pub(crate) fn applies(&self, server: &Capabilities, front: &Front) -> bool {
        let granted = match server.udp {
            Ok(relay) => (self.needs)(&relay),
            // A refusal is one, whatever would have been done with the association.
            Err(_) => self.name == V4.name,
        };
        // There is no association over a stream that the caller has connected.
        front.associate.is_some() && granted
    }

    pub(crate) fn play(&self, setting: &Setting<'_>) -> Result<(), String> {
        let port = setting.lab.destinations()?.echo;
        let target = Target::try_from((self.host, port)).map_err(|error| error.to_string())?;
        match (associate(setting)?, setting.capabilities.udp) {
            (Ok(association), Ok(relay)) => (self.talk)(Talk { setting, relay, association, target }),
            (Err(error), Err(failure)) => check_failure(failure, &error, Stage::Request),
            (Ok(association), Err(failure)) => {
                Err(format!("expected {failure:?}, got a relay at {}", association.relay_addr()))
            }
            (Err(error), Ok(_)) => Err(format!("{error:?}: {error}")),
        }
    }
}

/// Requests an association from the server.
pub(crate) fn associate(setting: &Setting<'_>) -> Result<Result<Box<dyn Association>, Error>, String> {
    let (proxy, _) = setting.socks5().map_err(|error| error.to_string())?;
    let associate = setting.front.associate.ok_or("this front end has no associations")?;
    Ok(associate(&proxy, setting.tls()?))
}

/// Calls that send a payload, and receive another, with its source if the call returns it.
type Exchange = fn(&dyn Association, &[u8], &Target<'_>) -> io::Result<(Vec<u8>, Option<Address>)>;

/// As long as a datagram can be.
const LONGEST: usize = 1 << 16;

fn to_address(
    association: &dyn Association,
    payload: &[u8],
    target: &Target<'_>,
) -> io::Result<(Vec<u8>, Option<Address>)> {
    sent(association.send_to(payload, target)?, payload)?;
    let mut buf = vec![0; LONGEST];
    let (len, source) = association.recv_from(&mut buf)?;
    Ok((buf[..len].to_vec(), Some(source)))
}

fn connected(
    association: &dyn Association,
    payload: &[u8],
    target: &Target<'_>,
) -> io::Result<(Vec<u8>, Option<Address>)> {
    association.connect(target)?;
    sent(association.send(payload)?, payload)?;
    let mut buf = vec![0; LONGEST];
    let len = association.recv(&mut buf)?;
    Ok((buf[..len].to_vec(), None))
}

fn in_place(
    association: &dyn Association,
    payload: &[u8],
    target: &Target<'_>,
) -> io::Result<(Vec<u8>, Option<Address>)> {
    let mut buf = [&[0; HEADROOM], payload].concat();
    sent(association.send_in_place(&mut buf, target)?, payload)?;
    let (heard, source) = association.recv_in_place(&mut vec![0; LONGEST])?;
    Ok((heard, Some(source)))
}

fn sent(len: usize, payload: &[u8]) -> io::Result<()> {
    if len == payload.len() {
        return Ok(());
    }
    Err(io::Error::other(format!("{len} bytes sent of {}", payload.len())))
}

impl Talk<'_> {
    /// Each payload within the relay's limit is echoed.
    fn echoed(&self, exchange: Exchange) -> Result<(), String> {
        for len in self.relay.payloads {
            let source = exchanged(exchange, &*self.association, &self.target, &pattern(*len))?;
            source.map_or(Ok(()), |source| check_source(self.relay, &source, &self.target))?;
        }
        Ok(())
    }

    /// Ten thousand datagrams come back in their order.
    fn many(&self) -> Result<(), String> {
        const COUNT: u32 = 10_000;
        const TOLERABLE: u32 = COUNT / 100;
        let mut payload = pattern(1200);
        let mut buf = [0; 1500];
        let (mut sent, mut awaited, mut lost) = (0, 0, 0);
        while awaited < COUNT {
            while sent < COUNT.min(awaited + self.relay.window) {
                number(&mut payload, sent);
                self.association
                    .send_to(&payload, &self.target)
                    .map_err(|error| format!("{sent}: {error}"))?;
                sent += 1;
            }
            let came = match self.association.recv_from(&mut buf) {
                Ok((len, _)) => numbered(&buf[..len], &mut payload)?,
                // None of these will come.
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    lost += sent - awaited;
                    awaited = sent;
                    continue;
                }
                Err(error) => return Err(format!("{awaited}: {error}")),
            };
            lost += came.checked_sub(awaited).ok_or_else(|| format!("{came} came after {awaited}"))?;
            awaited = came + 1;
        }
        if lost <= TOLERABLE { Ok(()) } else { Err(format!("{lost} of {COUNT} datagrams are lost")) }
    }

    /// A hundred batches come back in their order.
    fn batched(&self) -> Result<(), String> {
        let sources = |source: &Address| check_source(self.relay, source, &self.target);
        batched_with(&*self.association, &self.target, 100, self.relay.window, sources)
    }

    fn query(&self) -> Result<(), String> {
        let name_server = self.setting.lab.name_server()?.addresses[0];
        let target = Target::try_from(name_server).map_err(|error| error.to_string())?;
        let (answer, source) = to_address(&*self.association, &dns::query(dns::NAME), &target)
            .map_err(|error| format!("a query: {error}"))?;
        if source.and_then(|source| source.socket_addr()) != Some(name_server) {
            return Err("the answer has another source".to_owned());
        }
        match &*dns::addresses(&answer)? {
            [dns::ADDRESS] => Ok(()),
            others => Err(format!("{} has the addresses {others:?}", dns::NAME)),
        }
    }
}

/// A payload comes back.
pub(crate) fn echoed(
    association: &dyn Association,
    target: &Target<'_>,
    payload: &[u8],
) -> Result<(), String> {
    exchanged(to_address, association, target, payload).map(drop)
}

/// A payload comes back. Returns its source, if the call does.
fn exchanged(
    exchange: Exchange,
    association: &dyn Association,
    target: &Target<'_>,
    payload: &[u8],
) -> Result<Option<Address>, String> {
    let once = || exchange(association, payload, target);
    // A busy relay may lose a datagram, as UDP may. To lose it twice is no accident.
    let exchanged = match once() {
        Err(error) if error.kind() == ErrorKind::TimedOut => once(),
        exchanged => exchanged,
    };
    let (heard, source) = exchanged.map_err(|error| format!("{} bytes: {error}", payload.len()))?;
    same(&heard, payload)?;
    Ok(source)
}

/// Batches come back in their order.
pub(crate) fn batched(
    association: &dyn Association,
    target: &Target<'_>,
    rounds: u32,
    window: u32,
) -> Result<(), String> {
    batched_with(association, target, rounds, window, |_| Ok(()))
}

fn batched_with(
    association: &dyn Association,
    target: &Target<'_>,
    rounds: u32,
    window: u32,
    check_source: impl Fn(&Address) -> Result<(), String>,
) -> Result<(), String> {
    let mut payload = pattern(1200);
    let (mut outgoing, mut incoming) = (SendBatch::new(), RecvBatch::new(8));
    let mut awaited = 0;
    for round in 1..=rounds {
        let end = round * window;
        for sent in awaited..end {
            number(&mut payload, sent);
            outgoing.push(&payload, target).map_err(|error| error.to_string())?;
        }
        while !outgoing.is_empty() {
            association.send_batch(&mut outgoing).map_err(|error| format!("sending: {error}"))?;
        }
        while awaited < end {
            association.recv_batch(&mut incoming).map_err(|error| format!("{awaited}: {error}"))?;
            for datagram in incoming.iter() {
                let came = numbered(datagram.payload, &mut payload)?;
                if came != awaited {
                    return Err(format!("{came} came for {awaited}"));
                }
                check_source(&datagram.source.to_address())?;
                awaited += 1;
            }
        }
    }
    Ok(())
}

/// The payload of so many.
fn number(payload: &mut [u8], number: u32) {
    payload[..4].copy_from_slice(&number.to_be_bytes());
}

/// Which of the payloads this is.
fn numbered(heard: &[u8], payload: &mut [u8]) -> Result<u32, String> {
    let told = heard.first_chunk().ok_or("a datagram without a number")?;
    let told = u32::from_be_bytes(*told);
    number(payload, told);
    same(heard, payload).map(|()| told)
}

/// What has the port of the dropped socket is answered no more.
fn ends_when_dropped(talk: Talk<'_>) -> Result<(), String> {
    talk.echoed(to_address)?;
    let Talk { association, target, .. } = talk;
    let local = association.local_addr();
    let relay = association.relay_addr();
    drop(association);
    let datagram = [Header::new(&target).expect("an address").as_bytes(), b"?"].concat();
    let reason = |error| format!("the port {local}, which is free again: {error}");
    let successor = UdpSocket::bind(local).map_err(reason)?;
    successor.connect(relay).map_err(reason)?;
    successor.set_read_timeout(Some(Duration::from_millis(50))).map_err(reason)?;
    let dropped = Instant::now();
    while dropped.elapsed() < DEADLINE {
        let answer = successor.send(&datagram).and_then(|_| successor.recv(&mut [0; 512]));
        if answer.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused) {
            return Ok(());
        }
    }
    Err(format!("there still is a relay at {relay}"))
}
