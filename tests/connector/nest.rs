//! An association through a chain, and all its other ends in the hands of the test.

use super::messages::{Speaks, field};
use super::scene::{BEHIND, Listening, chain};
use super::ways::{Connecting, Way, everywhere};
use crate::fronts::association::Association;
use crate::support::case::Case;
use crate::support::script::{Line, client, proxy};
use crate::support::server;
use crate::support::toy::{self, Level};
use anysocks::{Address, Chain, Error, Proxy};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// How long a datagram or an end is waited for that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// The relays of the later proxies, as their replies have them.
pub(crate) const RELAYS: [&str; 2] = ["192.0.2.102:5002", "192.0.2.103:5003"];

pub(crate) const PEER: &str = "192.0.2.7:53";

/// What one proxy of the chain speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Speaks(Speaks),
    /// A custom METHOD, with or without an encapsulation.
    Toy(Level),
}

pub(crate) const PLAIN: Kind = Kind::Speaks(Speaks::Socks5);
pub(crate) const SEALED: Kind = Kind::Toy(Level::Framed);

impl Kind {
    pub(crate) fn at(self, addr: SocketAddr) -> Proxy {
        match self {
            Self::Speaks(kind) => kind.at(addr),
            Self::Toy(_) => Speaks::Socks5.at(addr).auth(toy::auth()).expect("a SOCKS5 proxy"),
        }
    }

    /// The messages to and from this proxy up to its reply, and then these, through its
    /// encapsulation.
    fn lines(self, command: u8, target: &str, reply: &[u8], then: &[Line]) -> Vec<Line> {
        match self {
            Self::Speaks(kind) => [kind.lines(command, target, reply.to_vec()), then.to_vec()].concat(),
            Self::Toy(level) => {
                let request = Speaks::Socks5.request(command, target);
                [toy::connection(level, &request, reply), carried(level, then)].concat()
            }
        }
    }

    pub(crate) const fn is_sealed(self) -> bool {
        matches!(self, Self::Toy(Level::Framed | Level::Paused | Level::PausedLong))
    }

    /// A datagram to or from the relay of this proxy, as it goes over the wire.
    fn sealed(self, datagram: Vec<u8>) -> Vec<u8> {
        if self.is_sealed() { toy::sealed_datagram(&datagram) } else { datagram }
    }
}

/// What is special about a chain.
pub(crate) struct Plan {
    pub(crate) kinds: Vec<Kind>,
    /// The address of each later proxy, as the one before it is asked for it.
    pub(crate) hops: Vec<String>,
    /// BND.ADDR and BND.PORT of each later proxy.
    pub(crate) replies: Vec<Vec<u8>>,
    /// The address in the header to each later relay.
    pub(crate) relays: Vec<String>,
    /// DST.ADDR and DST.PORT of each later request for an association.
    pub(crate) declared: Vec<&'static str>,
}

impl Plan {
    pub(crate) fn of(kinds: &[Kind]) -> Self {
        let later = kinds.len() - 1;
        let texts = |texts: [&str; 2]| texts[..later].iter().map(ToString::to_string).collect();
        Self {
            kinds: kinds.to_vec(),
            hops: texts(BEHIND),
            replies: RELAYS[..later].iter().map(|relay| reply(relay)).collect(),
            relays: texts(RELAYS),
            declared: vec!["0.0.0.0:0"; later],
        }
    }

    /// What the first proxy gets and sends on each connection, given its relay.
    pub(crate) fn transcripts(&self, relay: &str) -> Vec<Vec<Line>> {
        let associate = |n: usize| {
            let first = (reply(relay), "0.0.0.0:0");
            let (reply, declared) = match n.checked_sub(1) {
                None => first,
                Some(later) => (self.replies[later].clone(), self.declared[later]),
            };
            self.kinds[n].lines(3, declared, &reply, &[])
        };
        let through = |n: usize, then: Vec<Line>| {
            self.kinds[n].lines(1, &self.hops[n], &reply("192.0.2.7:12345"), &then)
        };
        (0..self.kinds.len()).map(|n| (0..n).rev().fold(associate(n), |then, n| through(n, then))).collect()
    }

    /// The chain, whose first proxy is at this address.
    pub(crate) fn chain(&self, first: SocketAddr) -> Chain {
        let later = self.hops.iter().map(|hop| hop.parse().expect("an address"));
        chain(self.kinds.iter().zip([first].into_iter().chain(later)).map(|(kind, addr)| kind.at(addr)))
    }

    /// Opens an association, with a chain made of that one.
    pub(crate) fn open(self, connect: impl FnOnce(Chain) -> Box<dyn Connecting>) -> Nest {
        let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let relay_addr = relay.local_addr().expect("an address");
        let server = Listening::start(self.transcripts(&relay_addr.to_string()));
        let association = connect(self.chain(server.addr)).associate().expect("an association");
        relay.connect(association.local_addr()).expect("a way to the client");
        relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        assert_eq!(association.relay_addr(), relay_addr);
        let first = server.addr;
        Nest { association, relay, controls: server.join(), plan: self, first }
    }
}

/// An association through a chain.
pub(crate) struct Nest {
    pub(crate) association: Box<dyn Association>,
    /// The first relay, connected to the client.
    pub(crate) relay: UdpSocket,
    /// The first proxy's end of the TCP connection of each association.
    pub(crate) controls: Vec<TcpStream>,
    pub(crate) plan: Plan,
    pub(crate) first: SocketAddr,
}

impl Nest {
    /// A datagram of the last relay in all layers: to or from these relays.
    pub(crate) fn nested_by(&self, relays: &[String], datagram: Vec<u8>) -> Vec<u8> {
        nested_as(&self.plan.kinds, relays, datagram)
    }

    /// A datagram to or from the target, in all layers.
    pub(crate) fn nested(&self, target: &str, payload: &[u8]) -> Vec<u8> {
        self.nested_by(&self.plan.relays, packet(target, payload))
    }

    /// The length of all headers but the last.
    pub(crate) fn outer(&self) -> usize {
        self.plan.relays.iter().map(|relay| packet(relay, b"").len()).sum()
    }

    /// What the first relay gets next.
    pub(crate) fn heard(&self) -> Vec<u8> {
        server::datagram(&self.relay)
    }

    pub(crate) fn says(&self, datagram: &[u8]) {
        assert_eq!(self.relay.send(datagram).expect("a client"), datagram.len());
    }

    pub(crate) fn relays(&self, source: &str, payload: &[u8]) {
        self.says(&self.nested(source, payload));
    }

    /// What the client gets next, with room for this much.
    pub(crate) fn received(&self, room: usize) -> (Vec<u8>, Address) {
        self.association.received_within(PATIENCE, room)
    }

    /// A datagram goes there and back.
    pub(crate) fn assert_works(&self) {
        self.association.send_to(b"ping", PEER).expect("sent");
        assert_eq!(self.heard(), self.nested(PEER, b"ping"));
        self.relays(PEER, b"pong");
        assert_eq!(self.received(64), (b"pong".to_vec(), address(PEER)));
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.plan.chain(self.first).hops().iter().map(ToString::to_string).collect()
    }
}

/// A datagram of the last relay, in the layers of these proxies and relays.
pub(crate) fn nested_as(kinds: &[Kind], relays: &[String], datagram: Vec<u8>) -> Vec<u8> {
    let (last, earlier) = kinds.split_last().expect("a proxy");
    let layers = earlier.iter().zip(relays).rev();
    layers.fold(last.sealed(datagram), |inner, (kind, relay)| kind.sealed(packet(relay, &inner)))
}

/// A reply that grants a request.
pub(crate) fn reply(bound: &str) -> Vec<u8> {
    [&[5, 0, 0][..], &field(bound)].concat()
}

/// A datagram with its header.
pub(crate) fn packet(addr: &str, payload: &[u8]) -> Vec<u8> {
    [&[0, 0, 0][..], &field(addr), payload].concat()
}

pub(crate) fn address(source: &str) -> Address {
    source.parse().map_or_else(
        |_| {
            let (name, port) = source.rsplit_once(':').expect("a port");
            Address::Name(name.as_bytes().to_vec().into(), port.parse().expect("a port"))
        },
        Address::Ip,
    )
}

/// Runs a check on every front end, with chains of these proxies.
pub(crate) fn through(chains: &[&[Kind]], check: impl Fn(&Nest)) {
    everywhere(|way| {
        for kinds in chains {
            let _case = Case::new(format!("{kinds:?}"));
            check(&open(way, kinds));
        }
    });
}

pub(crate) fn open(way: &Way, kinds: &[Kind]) -> Nest {
    Plan::of(kinds).open(way.new)
}

/// The crate's own error inside.
pub(crate) fn inner(error: &std::io::Error) -> &Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.unwrap_or_else(|| panic!("no error of the crate's: {error:?}"))
}

/// The lines of a later proxy inside of an encapsulation, each frame as a line: the encapsulation
/// of an earlier proxy seals it by itself.
pub(crate) fn carried(level: Level, lines: &[Line]) -> Vec<Line> {
    if level == Level::Bare {
        return lines.to_vec();
    }
    let frames = |line: &Line| -> Vec<Line> {
        match line {
            Line::Client(bytes) => bytes.chunks(toy::MOST).map(|part| client(toy::frame(part))).collect(),
            Line::Proxy(stage, bytes) => {
                bytes.chunks(toy::MOST).map(|part| proxy(*stage, toy::frame(part))).collect()
            }
        }
    };
    lines.iter().flat_map(frames).collect()
}
