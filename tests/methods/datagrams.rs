//! Datagrams of a METHOD with a state: each one that is lost, doubled or swapped shows, and empty
//! ones are cover.

use crate::association::{self, datagram};
use crate::fronts::{FRONTS, Front};
use crate::messages::Speaks;
use crate::support::case::Case;
use crate::support::methods::numbered::{self, Letters, OVERHEAD, Side};
use crate::support::methods::{covering, short};
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use anysocks::protocol::Negotiated;
use anysocks::udp::{Datagrams, HEADROOM, RecvBatch, SendBatch};
use anysocks::{ErrorKind, Proxy, Stage};

const CODE: u8 = 0xC1;
const SOURCE: &str = "192.0.2.7:53";

#[derive(Clone, Copy)]
enum Kind {
    Numbered,
    Covering,
}

impl Kind {
    fn negotiated(self) -> Negotiated {
        match self {
            Self::Numbered => numbered::negotiated(CODE),
            Self::Covering => covering::negotiated(CODE),
        }
    }

    /// The frames of a request.
    fn request(self, request: &[u8]) -> Vec<u8> {
        let mut out = Side::client(CODE);
        match self {
            Self::Numbered => out.frame(request),
            Self::Covering => [out.frame(b""), out.frame(request), out.frame(b"")].concat(),
        }
    }
}

/// An association, and the relay with its end of the encapsulation.
struct Scene {
    inner: association::Scene,
    letters: Letters,
}

impl Scene {
    fn open(front: &Front, kind: Kind) -> Self {
        let request = kind.request(&Speaks::Socks5.request(3, "0.0.0.0:0"));
        let lines = |relay: &str| {
            let reply = Side::proxy(CODE).frame(&Speaks::Socks5.granted(relay));
            [short::lines(CODE), vec![client(request), proxy(Stage::Request, reply)]].concat()
        };
        let auth = short::auth(CODE, move || kind.negotiated());
        let at = |addr| Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth)).expect("SOCKS5");
        Self { inner: association::Scene::of(front, lines, at), letters: Letters::relay(CODE) }
    }

    /// The next datagram at the relay, opened; `None` if it is cover.
    fn heard(&self) -> Option<Vec<u8>> {
        let mut datagram = self.inner.heard();
        let expected = self.letters.expected();
        let content = self.letters.open(&mut datagram).expect("in order");
        assert_eq!(self.letters.expected(), expected + 1, "one was lost");
        content.map(|content| datagram[content].to_vec())
    }

    fn sealed(&self, datagram: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        self.letters.seal(datagram, &mut sealed).expect("a datagram");
        sealed
    }

    fn received(&self) -> Vec<u8> {
        self.inner.received(1 << 16).0
    }
}

fn each(kind: Kind, check: impl Fn(&Scene)) {
    for front in FRONTS {
        let _case = Case::new(front.name);
        check(&Scene::open(front, kind));
    }
}

/// Each way to send.
fn send_all(scene: &Scene, mut check: impl FnMut(&[u8])) {
    for n in 0..20_u8 {
        let payload = vec![n; usize::from(n) * 100];
        scene.inner.socket.send_to(&payload, SOURCE).expect("sent");
        check(&payload);
        let mut buf = [&[0; HEADROOM][..], &payload].concat();
        scene.inner.socket.send_in_place(&mut buf, SOURCE).expect("sent");
        check(&payload);
    }
    let mut batch = SendBatch::new();
    for n in 0..8 {
        batch.push(&[n; 100], SOURCE).expect("room");
    }
    while !batch.is_empty() {
        scene.inner.socket.send_batch(&mut batch).expect("sent");
    }
    for n in 0..8 {
        check(&[n; 100]);
    }
    scene.inner.socket.connect(SOURCE).expect("a peer");
    scene.inner.socket.send(b"to the peer").expect("sent");
    check(b"to the peer");
}

#[test]
fn in_order() {
    each(Kind::Numbered, |scene| {
        send_all(scene, |payload| assert_eq!(scene.heard(), Some(datagram(SOURCE, payload))));
        for n in 0..20_u8 {
            scene.inner.says(&scene.sealed(&datagram(SOURCE, &[n; 300])));
            assert_eq!(scene.received(), [n; 300]);
        }
        assert_eq!(scene.inner.socket.dropped(), 0);
    });
}

/// Each datagram has an empty one before it. Those that come are neither delivered nor counted.
#[test]
fn with_cover() {
    each(Kind::Covering, |scene| {
        send_all(scene, |payload| {
            assert_eq!(scene.heard(), None);
            assert_eq!(scene.heard(), Some(datagram(SOURCE, payload)));
        });
        for n in 0..70_u8 {
            scene.inner.says(&scene.sealed(b""));
            if n % 7 == 0 {
                scene.inner.says(&scene.sealed(&datagram(SOURCE, &[n; 30])));
                assert_eq!(scene.received(), [n; 30]);
            }
        }
        scene.inner.says(&scene.sealed(b""));
        scene.inner.says(&scene.sealed(&datagram(SOURCE, b"the last")));
        let mut batch = RecvBatch::new(4);
        assert_eq!(scene.inner.socket.recv_batch(&mut batch).expect("a datagram"), 1);
        assert_eq!(batch.iter().next().expect("a datagram").payload, b"the last");
        assert_eq!(scene.inner.socket.dropped(), 0);
    });
}

#[test]
fn lost_doubled_and_swapped() {
    each(Kind::Numbered, |scene| {
        let [first, second, third, fourth] =
            [b"1", b"2", b"3", b"4"].map(|payload| scene.sealed(&datagram(SOURCE, payload)));
        scene.inner.says(&first);
        scene.inner.says(&first);
        // The second one is late.
        scene.inner.says(&third);
        scene.inner.says(&second);
        scene.inner.says(&fourth);
        assert_eq!([scene.received(), scene.received(), scene.received()], [b"1", b"3", b"4"]);
        assert_eq!(scene.inner.socket.dropped(), 2);
    });
}

#[test]
fn the_longest() {
    each(Kind::Numbered, |scene| {
        let longest = scene.inner.socket.max_payload(SOURCE);
        assert_eq!(longest, 65_507 - OVERHEAD - datagram(SOURCE, b"").len());
        scene.inner.socket.send_to(&vec![7; longest], SOURCE).expect("sent");
        assert_eq!(scene.heard().expect("no cover").len(), 65_507 - OVERHEAD);
        scene.inner.socket.send_to(&vec![7; longest + 1], SOURCE).expect_err("too long");
    });
}

/// Datagrams would be bare if the encapsulation is for streams alone.
#[test]
fn of_an_encapsulation_for_streams() {
    use anysocks::protocol::Encapsulation;
    for front in FRONTS {
        let _case = Case::new(front.name);
        let request = Side::client(CODE).frame(&Speaks::Socks5.request(3, "0.0.0.0:0"));
        let reply = Side::proxy(CODE).frame(&Speaks::Socks5.granted(SOURCE));
        let lines = [short::lines(CODE), vec![client(request), proxy(Stage::Request, reply)]].concat();
        let server = Server::start(lines, |_| ());
        let streams = || Encapsulation::new(Side::client(CODE), Side::proxy(CODE)).into();
        let proxy = server.proxy().auth(short::auth(CODE, streams)).expect("SOCKS5");
        let failed = (front.associate)(&proxy).expect_err("bare datagrams");
        assert!(matches!(failed.kind(), ErrorKind::Encapsulation(_)), "{failed:?}");
        server.join();
    }
}

/// The error of an earlier datagram is returned, also if cover traffic meets it first.
#[cfg(target_os = "linux")]
#[test]
fn a_relay_that_refuses() {
    for kind in [Kind::Numbered, Kind::Covering] {
        for front in FRONTS {
            let _case = Case::new(front.name);
            let association::Scene { socket, relay, .. } = Scene::open(front, kind).inner;
            drop(relay);
            let refused = (0..20).any(|_| {
                let sent = socket.send_to(b"x", "192.0.2.1:53");
                sent.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
            });
            assert!(refused, "no error");
        }
    }
}
