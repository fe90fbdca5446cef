//! Associations of connectors that wrap: the TCP connection goes through what the hook made, and
//! the datagrams beside it.

use super::messages::Speaks;
use super::scene::{Lonely, behind, chain, error, falling_silent, invalid, soon};
use super::ways::hooks::{Does, Hook, masked};
use super::ways::{Through, Way, everywhere};
use crate::fronts::association::Association;
use crate::support::case::Case;
use crate::support::server::Server;
use anysocks::udp::AssociationEnd;
use anysocks::{Chain, Error, ErrorKind, Invalid, Proxy, Stage};
use socket2::SockRef;
use std::io::{self, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

pub(crate) const PATIENCE: Duration = Duration::from_secs(8);
const LIMIT: Duration = Duration::from_millis(250);
const PEER: &str = "192.0.2.1:80";
const HEADER: &[u8] = b"\0\0\0\x01\xC0\x00\x02\x01\x00\x50";

fn mask() -> Hook {
    Box::new(|_| Does::Mask)
}

/// An association over a masked TCP connection, and both its other ends.
pub(crate) struct Scene {
    pub(crate) association: Box<dyn Association>,
    pub(crate) relay: UdpSocket,
    pub(crate) control: TcpStream,
}

impl Scene {
    fn masked(way: &Way, kind: Speaks, by: impl FnOnce(Proxy) -> Chain) -> Self {
        let relay = relay();
        let lines = masked(&kind.lines(3, "0.0.0.0:0", kind.granted(&addr(&relay))));
        let server = Server::start(lines, |control| control.try_clone().expect("a handle"));
        let connector = (way.wrapped)(by(kind.at(server.addr)).into(), mask());
        let association = connector.associate().expect("an association");
        let control = server.join();
        relay.connect(association.local_addr()).expect("a way to the client");
        Self { association, relay, control }
    }

    /// Datagrams go both ways, in clear.
    pub(crate) fn assert_works(&self) {
        self.association.send_to(b"ping", PEER).expect("a way to the relay");
        let mut datagram = [0; 100];
        let n = self.relay.recv(&mut datagram).expect("a datagram");
        assert_eq!(datagram[..n], [HEADER, b"ping"].concat());
        self.relays(b"pong");
        let (n, source) = self.association.recv_from_within(PATIENCE, &mut datagram).expect("a datagram");
        assert_eq!((&datagram[..n], &*source.to_string()), (&b"pong"[..], PEER));
    }

    pub(crate) fn relays(&self, payload: &[u8]) {
        self.relay.send(&[HEADER, payload].concat()).expect("a client");
    }
}

pub(crate) fn relay() -> UdpSocket {
    let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
    relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    relay
}

pub(crate) fn addr(relay: &UdpSocket) -> String {
    relay.local_addr().expect("an address").to_string()
}

/// How the association has ended.
pub(crate) fn end(error: &io::Error) -> AssociationEnd {
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted, "{error:?}");
    let inner =
        error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("the crate's own error");
    assert_eq!(inner.stage(), Stage::Association);
    assert!(inner.proxy().is_some_and(|proxy| proxy.contains("127.0.0.1:")), "{inner}");
    let ErrorKind::AssociationEnded(end) = inner.kind() else { panic!("{inner:?}") };
    *end
}

/// A call that waits for the end, and reports it.
pub(crate) type Wait = fn(&dyn Association) -> io::Error;

pub(crate) const WAITS: [(&str, Wait); 2] = [
    ("recv_from", |association| association.recv_from(&mut [0; 64]).expect_err("the end")),
    ("closed", |association| association.closed()),
];

#[test]
fn both_ways_beside_the_connection() {
    everywhere(|way| {
        for kind in [Speaks::Socks5, Speaks::Password] {
            let scene = Scene::masked(way, kind, Chain::from);
            scene.assert_works();
            // A chain of one proxy and a proxy behind TLS are supported.
            Scene::masked(way, kind, |proxy| Chain::from(proxy).timeout(PATIENCE)).assert_works();
            Scene::masked(way, kind, |proxy| Chain::from(proxy.behind_tls(true))).assert_works();
        }
    });
}

type End = (&'static str, fn(TcpStream) -> Option<TcpStream>, AssociationEnd);

const ENDS: [End; 4] = [
    ("closed", |_| None, AssociationEnd::Closed),
    (
        "half-closed",
        |control| {
            control.shutdown(Shutdown::Write).expect("an open connection");
            Some(control)
        },
        AssociationEnd::Closed,
    ),
    (
        "spoken on",
        |mut control| {
            control.write_all(b"\xFF").expect("an open connection");
            Some(control)
        },
        AssociationEnd::UnexpectedData,
    ),
    (
        "reset",
        |control| {
            SockRef::from(&control).set_linger(Some(Duration::ZERO)).expect("an option");
            None
        },
        AssociationEnd::Failed(io::ErrorKind::ConnectionReset),
    ),
];

#[test]
fn the_end_is_noticed_by_a_call_that_waits() {
    everywhere(|way| {
        for (name, come, expected) in ENDS {
            for (call, wait) in WAITS {
                let _case = Case::new(format!("{name} during {call}"));
                let scene = Scene::masked(way, Speaks::Socks5, Chain::from);
                let another = scene.association.another();
                let (begun, begins) = std::sync::mpsc::channel();
                let waiting = soon(move || {
                    begun.send(()).expect("a test that waits");
                    wait(&*another)
                });
                begins.recv().expect("a call");
                // No event shows that a thread is waiting now.
                std::thread::sleep(Duration::from_millis(10));
                let _control = come(scene.control);
                assert_eq!(end(&waiting()), expected);
            }
        }
    });
}

#[test]
fn the_end_is_noticed_by_the_next_call() {
    everywhere(|way| {
        for (name, come, expected) in ENDS {
            let _case = Case::new(name);
            let scene = Scene::masked(way, Speaks::Socks5, Chain::from);
            scene.assert_works();
            // Datagrams before the end are received.
            scene.relays(b"before");
            let _control = come(scene.control);
            let mut buf = [0; 64];
            assert_eq!(scene.association.recv(&mut buf).expect("a datagram"), 6);
            assert_eq!(buf[..6], *b"before");
            let association = scene.association.another();
            let ended = soon(move || association.recv(&mut [0; 64]).expect_err("the end"));
            assert_eq!(end(&ended()), expected);
            assert_eq!(end(&scene.association.closed()), expected);
            assert_eq!(end(&scene.association.send_to(b"late", PEER).expect_err("the end")), expected);
        }
    });
}

/// The proxy learns of the client's end by the connection's.
#[test]
fn the_end_by_the_client() {
    everywhere(|way| {
        let Scene { association, mut control, .. } = Scene::masked(way, Speaks::Socks5, Chain::from);
        control.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        drop(association);
        assert_eq!(io::Read::read(&mut control, &mut [0]).expect("an end"), 0);
    });
}

#[test]
fn no_association_but_through_socks5() {
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        let never = || -> Hook { Box::new(|_| panic!("nothing was dialled")) };
        let two = behind(addr, &[Speaks::Socks4, Speaks::Socks5]);
        for (through, expected) in [
            (Through::from(two), Invalid::DatagramsThroughSocks4),
            (Through::Nobody, Invalid::NoProxyToAsk),
            (Through::Rule(Box::new(move |_| Some(Speaks::Socks5.at(addr).into()))), Invalid::NoProxyToAsk),
        ] {
            assert_eq!(invalid((way.wrapped)(through, never()).associate()), expected);
        }
        let v4 = (way.wrapped)(Speaks::Socks4.at(addr).into(), never());
        assert!(matches!(invalid(v4.associate()), Invalid::WrongVersion { .. }));
        lonely.assert_alone();
    });
}

#[test]
fn a_hook_that_fails() {
    let addr = falling_silent(vec![]);
    everywhere(|way| {
        let fails: Hook = Box::new(|_| Does::Fail(io::Error::other("no certificate")));
        let failed = error((way.wrapped)(Speaks::Socks5.at(addr).into(), fails).associate());
        assert_eq!(failed.stage(), Stage::Dial);
        assert!(
            format!("{failed:#}").ends_with("connection to the proxy failed: no certificate"),
            "{failed:#}"
        );
        assert_eq!(failed.proxy(), Some(&*Speaks::Socks5.at(addr).to_string()));
    });
}

/// The proxy's limit covers all of it, and so does that of a chain, which has one proxy here.
#[test]
fn what_takes_too_long() {
    let addr = falling_silent(vec![]);
    let own = || Chain::from(Speaks::Socks5.at(addr).timeout(LIMIT));
    let of_the_chain = || chain([Speaks::Socks5.at(addr).timeout(None)]).timeout(LIMIT);
    everywhere(|way| {
        for chain in [own(), of_the_chain()] {
            let waits = (way.wrapped)(chain.clone().into(), Box::new(|_| Does::Wait));
            let masks = (way.wrapped)(chain.clone().into(), mask());
            for (connector, stage) in [
                (waits, Stage::Dial),
                (masks, Stage::MethodSelection),
                ((way.new)(chain), Stage::MethodSelection),
            ] {
                let started = Instant::now();
                let late = soon(move || error(connector.associate()))();
                assert!(late.is_timeout() && late.stage() == stage, "{late:?}");
                assert!(started.elapsed() >= LIMIT, "{:?}", started.elapsed());
            }
        }
    });
}
