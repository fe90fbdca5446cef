//! TOL on UDP: each datagram is a record.

use crate::fronts::association::Association;
use crate::fronts::{FRONTS, Front};
use crate::parts::{TOL, jitter, obfuscations, proxy, tol};
use crate::payload;
use crate::reference::{
    self, Action, Carrier, Connection, Dummies, Fault, Kind, Point, Request, Server, Setup,
};
use crate::support::case::{self, Case};
use anysocks::socks5a::Obfuscation;
use anysocks::udp::{HEADROOM, RecvBatch, SendBatch};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

const SOURCE: &str = "192.0.2.7:53";
const PATIENCE: Duration = Duration::from_secs(20);
/// RSV, FRAG, ATYP, an IPv4 address and its port.
const HEADER: usize = 10;

struct Scene {
    server: Server,
    socket: Box<dyn Association>,
}

impl Scene {
    fn open(front: &Front, obfuscation: Obfuscation, setup: Setup) -> Self {
        let server = Server::start(setup);
        let auth = tol(obfuscation).auth().expect("a key");
        let socket = (front.associate)(&proxy(server.addr, auth)).expect("an association");
        Self { server, socket }
    }

    #[track_caller]
    fn received(&self) -> Vec<u8> {
        let mut buf = vec![0; 1 << 16];
        let (n, source) = self.socket.recv_from_within(PATIENCE, &mut buf).expect("a datagram");
        assert_eq!(source.to_string(), SOURCE);
        buf.truncate(n);
        buf
    }

    fn close(self) -> Connection {
        drop(self.socket);
        self.server.finish().only()
    }
}

/// A server that expects this TYPE, and sends all five, with dummies everywhere.
fn setup(expects: Kind) -> Setup {
    let tol = reference::Obfuscation {
        expects: Some(expects),
        dummies: Dummies::Everywhere(2),
        ..reference::Obfuscation::default()
    };
    Setup { tol, faults: vec![Fault::MixedTypes], ..Setup::default() }
}

fn each(check: impl Fn(&Front, Obfuscation, Kind)) {
    for (obfuscation, kind) in obfuscations().into_iter().zip(Kind::ALL) {
        for front in FRONTS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            check(front, obfuscation, kind);
        }
    }
}

#[test]
fn each_call() {
    each(|front, obfuscation, kind| {
        let scene = Scene::open(front, obfuscation, setup(kind));
        for len in [0, 1, 1_200, 8_000, 30_000] {
            let payload = payload(len);
            assert_eq!(scene.socket.send_to(&payload, SOURCE).expect("sent"), len);
            assert!(scene.received() == payload, "other bytes");
            let mut buf = [&[0; HEADROOM][..], &payload].concat();
            scene.socket.send_in_place(&mut buf, SOURCE).expect("sent");
            assert!(scene.received() == payload, "other bytes");
        }
        scene.socket.connect(SOURCE).expect("a peer");
        assert_eq!(scene.socket.send(b"hello").expect("sent"), 5);
        let mut buf = [0; 64];
        assert_eq!(scene.socket.recv(&mut buf).expect("a datagram"), 5);
        let mut batch = SendBatch::new();
        for n in 0..8 {
            batch.push(&[n; 100], SOURCE).expect("room");
        }
        while !batch.is_empty() {
            scene.socket.send_batch(&mut batch).expect("sent");
        }
        for n in 0..8 {
            assert_eq!(scene.received(), [n; 100]);
        }
        assert_eq!(scene.socket.send_to(b"batch", SOURCE).expect("sent"), 5);
        let mut batch = RecvBatch::new(4);
        assert_eq!(scene.socket.recv_batch(&mut batch).expect("a datagram"), 1);
        // Dummies are not lost datagrams.
        assert_eq!(scene.socket.dropped(), 0);
        let connection = scene.close();
        assert_eq!(connection.methods, [TOL]);
        assert!(connection.dropped.is_empty(), "{:?}", connection.dropped);
        assert_eq!(connection.payloads.len(), 10 + 1 + 8 + 1);
        assert_eq!(connection.payloads[8].len(), 30_000);
        assert!(matches!(connection.requests[..], [Request { command: 3, .. }]));
    });
}

fn delayed(check: impl Fn(&Front, Obfuscation) + Sync, least_ms: u64) {
    let jitter = jitter(least_ms, least_ms + 20);
    for obfuscation in [Obfuscation::Jitter(jitter), Obfuscation::Full(jitter)] {
        let name = |front: &Front| format!("{obfuscation:?} on {}", front.name);
        case::at_once(FRONTS, name, |front| check(front, obfuscation));
    }
}

/// The server judges the times of the datagrams.
#[test]
fn delays() {
    let check = |front: &Front, obfuscation| {
        let tol = reference::Obfuscation { datagrams_wait: true, ..reference::Obfuscation::default() };
        let scene = Scene::open(front, obfuscation, Setup { tol, ..Setup::default() });
        scene.socket.connect(SOURCE).expect("a peer");
        for round in 0..4_usize {
            let payload = payload(round * 30);
            for (call, sent) in scene.socket.each_send_within(PATIENCE, &payload, SOURCE) {
                assert_eq!(sent.expect(call), payload.len());
                assert_eq!(scene.received(), payload);
            }
        }
        let connection = scene.close();
        assert!(connection.dropped.is_empty(), "{:?}", connection.dropped);
        assert_eq!(connection.payloads.len(), 16);
    };
    delayed(check, 40);
}

/// Calls that never wait announce the delay only.
#[test]
fn without_delays() {
    let check = |front: &Front, obfuscation| {
        let scene = Scene::open(front, obfuscation, Setup::default());
        let sends: [(_, &dyn Fn() -> bool); 3] = [
            ("try_send_to", &|| scene.socket.try_send_to(b"hello", SOURCE).is_ok()),
            ("poll_send_to", &|| {
                let Some(polled) = scene.socket.polled() else { return true };
                let cx = &mut Context::from_waker(Waker::noop());
                matches!(polled.poll_send_to(cx, b"hello", SOURCE), Poll::Ready(Ok(5)))
            }),
            ("send_batch", &|| {
                let mut batch = SendBatch::new();
                batch.push(b"hello", SOURCE).expect("room");
                scene.socket.send_batch(&mut batch).expect("sent") == 1
            }),
        ];
        for (call, send) in sends {
            let started = Instant::now();
            for _ in 0..8 {
                while !send() {
                    assert!(started.elapsed() < PATIENCE, "{call} sends nothing");
                    thread::yield_now();
                }
            }
            // The delays alone would take that long.
            assert!(started.elapsed() < Duration::from_secs(8), "{call} took {:?}", started.elapsed());
        }
        let datagrams = if scene.socket.polled().is_some() { 24 } else { 16 };
        for _ in 0..datagrams {
            assert_eq!(scene.received(), b"hello");
        }
        scene.close();
    };
    delayed(check, 1000);
}

/// The server judges how padding is distributed in many datagrams, and how often dummies come.
#[test]
fn many_datagrams() {
    for obfuscation in [Obfuscation::Padding, Obfuscation::Masking, Obfuscation::Full(jitter(0, 0))] {
        for front in FRONTS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            let scene = Scene::open(front, obfuscation, Setup::default());
            for n in 0..450_usize {
                let payload = payload(n % 40);
                scene.socket.send_to(&payload, SOURCE).expect("sent");
                assert_eq!(scene.received(), payload);
            }
            assert_eq!(scene.close().datagrams.lengths().len(), 450);
        }
    }
}

#[test]
fn the_longest_datagram() {
    each(|front, obfuscation, _| {
        let scene = Scene::open(front, obfuscation, Setup::default());
        let rand = match obfuscation {
            Obfuscation::Padding | Obfuscation::Full(_) => 255,
            Obfuscation::Jitter(_) => 8,
            _ => 0,
        };
        let longest = scene.socket.max_payload(SOURCE);
        assert_eq!(longest, 65_507 - 4 - rand - HEADER);
        let payload = payload(longest);
        scene.socket.send_to(&payload, SOURCE).expect("sent");
        // A longer one fits if its padding is short.
        scene.socket.send_to(&vec![7; longest + rand + 1], SOURCE).expect_err("too long");
        // The echo may not fit, because its padding is another one.
        scene.socket.send_to(b"last", SOURCE).expect("sent");
        while scene.received() != b"last" {}
        let connection = scene.close();
        assert!(connection.payloads[0] == payload, "other bytes");
    });
}

/// Datagrams that are no record of this session are dropped and counted.
#[test]
fn refused_datagrams() {
    for front in FRONTS {
        for (faults, dropped) in [
            (vec![Fault::WrongSig(Carrier::Relay, 0)], 1),
            (vec![Fault::RecordType(Carrier::Relay, 0, 5)], 1),
            // One before each of the two.
            (vec![Fault::Datagram(b"\0\0\0\x01\xC0\0\x02\x07\x00\x35bare".into())], 2),
            (vec![Fault::Datagram(b"abc".into())], 2),
            (vec![Fault::Datagram(Vec::new())], 2),
            (vec![Fault::Datagram(b"ab\0\xFFtoo short".into())], 2),
        ] {
            let _case = Case::new(format!("{faults:?} on {}", front.name));
            let is_first_lost = dropped == 1;
            let scene = Scene::open(front, Obfuscation::None, Setup { faults, ..Setup::default() });
            scene.socket.send_to(b"first", SOURCE).expect("sent");
            if !is_first_lost {
                assert_eq!(scene.received(), b"first");
            }
            scene.socket.send_to(b"second", SOURCE).expect("sent");
            assert_eq!(scene.received(), b"second");
            assert_eq!(scene.socket.dropped(), dropped);
            scene.close();
        }
    }
}

/// Dummies on the control connection end nothing, and its end is noticed behind them.
#[test]
fn the_end_of_an_association() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let scene = Scene::open(front, Obfuscation::Masking, setup(Kind::Masking));
        for _ in 0..20 {
            scene.socket.send_to(b"hello", SOURCE).expect("sent");
            assert_eq!(scene.received(), b"hello");
        }
        let Scene { server, socket } = scene;
        let report = server.stop();
        let ended = socket.closed();
        assert_eq!(ended.kind(), std::io::ErrorKind::ConnectionAborted, "{ended}");
        report.only();
    }
}

/// The server ends the control connection by itself.
#[test]
fn ends_of_the_control_connection() {
    for front in FRONTS {
        for action in [Action::Close, Action::Reset] {
            let _case = Case::new(format!("{action:?} on {}", front.name));
            let faults = vec![Fault::At(Point::Relay, action)];
            let scene = Scene::open(front, Obfuscation::None, Setup { faults, ..Setup::default() });
            let ended = scene.socket.closed();
            assert!(ended.to_string().contains("association"), "{ended}");
            scene.close();
        }
    }
}
