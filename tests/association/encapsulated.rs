//! Datagrams through an encapsulation that a METHOD has negotiated: each by itself, both ways.

use crate::scene::{
    PATIENCE, REQUEST_V4, Scene, Setting, at_once, datagram, everywhere, fragment, inner, local, reply,
};
use crate::support::case::Case;
use crate::support::echo::payload;
use crate::support::server::Server;
use crate::support::toy::{self, Level, PAUSE, sealed_datagram};
use crate::waiting::{at_last, unless_blocked};
use anysocks::udp::{HEADROOM, Options, Reassembly, RecvBatch, SendBatch, Source};
use anysocks::{ErrorKind, Stage};
use std::io;
use std::net::UdpSocket;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

const SOURCE: &str = "192.0.2.7:53";

fn setting(level: Level) -> Setting {
    Setting { level: Some(level), ..Setting::default() }
}

fn sealed(check: impl Fn(&Scene)) {
    everywhere(|front| check(&setting(Level::Framed).open(front)));
}

#[test]
fn both_ways() {
    sealed(|scene| {
        for target in [SOURCE, "[2001:db8::7]:53", "dns.example:53"] {
            for len in [0, 1, 64, 1200, 2048, 2049, 4096, 4097, 60_000] {
                let _case = Case::new(format!("{len} bytes and {target}"));
                let payload = payload(len);
                let expected = sealed_datagram(&datagram(target, &payload));
                assert_eq!(scene.socket.send_to(&payload, target).expect("sent"), len);
                assert!(scene.heard() == expected, "other bytes");
                let mut buf = [&[0; HEADROOM][..], &payload].concat();
                assert_eq!(scene.socket.send_in_place(&mut buf, target).expect("sent"), len);
                assert!(scene.heard() == expected, "other bytes in place");
                scene.says(&expected);
                let (received, source) = scene.received(len);
                assert!(received == payload && source.to_string() == target, "other bytes");
                scene.says(&expected);
                let mut buf = vec![0; HEADROOM + len];
                let received = scene.socket.recv_in_place(&mut buf).expect("a datagram");
                assert!(received.payload == payload && received.source.to_string() == target, "other bytes");
                scene.says(&expected);
                assert!(scene.received(len / 2).0 == payload[..len / 2], "other bytes");
            }
            let most = scene.socket.max_payload(target);
            assert_eq!(most, 65_506 - datagram(target, b"").len());
            scene.socket.send_to(&payload(most), target).expect("sent");
            assert_eq!(scene.heard().len(), 65_507);
            scene.socket.send_to(&payload(most + 1), target).expect_err("too long");
        }
        assert_eq!(scene.socket.dropped(), 0);
    });
}

/// A datagram that was not sealed is delivered nowhere.
#[test]
fn forged_ones_are_counted() {
    sealed(|scene| {
        let good = sealed_datagram(&datagram(SOURCE, b"payload"));
        for at in 0..good.len() {
            let mut forged = good.clone();
            forged[at] ^= 1;
            scene.says(&forged);
        }
        for len in 0..good.len() {
            // A sum of the bytes is no cipher: a truncated datagram may be right by chance. Here
            // it is not.
            scene.says(&good[..len]);
        }
        scene.relays(SOURCE, b"bare");
        scene.says(&sealed_datagram(b"sealed, and no datagram"));
        scene.says(&good);
        assert_eq!(scene.received(64).0, b"payload");
        assert_eq!(scene.socket.dropped(), 2 * good.len() as u64 + 2);
    });
}

#[test]
fn batches() {
    sealed(|scene| {
        let targets = [SOURCE, "dns.example:53", "[2001:db8::7]:53"];
        let mut batch = SendBatch::new();
        for (number, target) in (0..).zip(targets) {
            batch.push(&payload(number * 100), target).expect("room");
        }
        assert_eq!(scene.socket.send_batch(&mut batch).expect("sent"), 3);
        assert!(batch.is_empty());
        for (number, target) in (0..).zip(targets) {
            let expected = sealed_datagram(&datagram(target, &payload(number * 100)));
            assert_eq!(scene.heard(), expected);
            scene.says(&expected);
            scene.says(b"forged");
        }
        let mut received = Vec::new();
        let mut batch = RecvBatch::new(4);
        while received.len() < 3 {
            scene.socket.recv_batch(&mut batch).expect("datagrams");
            received.extend(batch.iter().map(|one| (one.source.to_string(), one.payload.to_vec())));
        }
        let expected = (0..).zip(targets).map(|(number, target)| (target.to_owned(), payload(number * 100)));
        assert_eq!(received, expected.collect::<Vec<_>>());
        assert!(scene.socket.dropped() >= 2);
    });
}

/// Fragments are sealed one by one, and put together when they are open.
#[test]
fn fragments() {
    everywhere(|front| {
        let options = Options::new().reassemble(Reassembly::new());
        let scene = Setting { options, ..setting(Level::Framed) }.open(front);
        scene.socket.send_fragmented(b"fragment", SOURCE, 4).expect("sent");
        for (number, part) in [(1, b"frag"), (0x82, b"ment")] {
            let expected = sealed_datagram(&fragment(number, SOURCE, part));
            assert_eq!(scene.heard(), expected);
            scene.says(&expected);
        }
        let mut buf = [0; 64];
        let received = scene.socket.recv_in_place(&mut buf).expect("a datagram");
        assert_eq!(
            (received.source, received.payload),
            (Source::Ip(([192, 0, 2, 7], 53).into()), &b"fragment"[..])
        );
    });
}

#[test]
fn a_method_without_an_encapsulation() {
    everywhere(|front| {
        let scene = setting(Level::Bare).open(front);
        scene.socket.send_to(b"bare", SOURCE).expect("sent");
        assert_eq!(scene.heard(), datagram(SOURCE, b"bare"));
        scene.relays(SOURCE, b"bare");
        assert_eq!(scene.received(64).0, b"bare");
    });
}

/// Datagrams would go unprotected where the METHOD protects streams alone.
#[test]
fn an_encapsulation_of_streams_alone() {
    everywhere(|front| {
        let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let granted = reply(&local(&relay).to_string());
        let server = Server::start(toy::connection(Level::Streams, REQUEST_V4, &granted), |_| ());
        let proxy = setting(Level::Streams).proxy(&server);
        let error = (front.associate)(&proxy).expect_err("no association");
        assert_eq!(error.stage(), Stage::Association);
        assert!(matches!(error.kind(), ErrorKind::Encapsulation(_)), "{error:?}");
        server.join();
    });
}

/// The association's end is what it is without an encapsulation, too.
#[test]
fn the_end() {
    sealed(|scene| {
        scene.says(&sealed_datagram(&datagram(SOURCE, b"last")));
        scene.control().shutdown(std::net::Shutdown::Both).expect("an open connection");
        assert_eq!(scene.received(64).0, b"last");
        let ended = scene.socket.recv_from(&mut [0; 64]).expect_err("the end");
        assert!(matches!(inner(&ended).kind(), ErrorKind::AssociationEnded(_)), "{ended:?}");
    });
}

/// Each datagram waits, fragments included, and is sent then.
#[test]
fn pauses() {
    at_once(|front| {
        let scene = setting(Level::Paused).open(front);
        scene.socket.connect(SOURCE).expect("a peer");
        let payload = payload(250);
        for (round, expected) in [(&payload[..50], 4), (&payload, 6)] {
            let started = Instant::now();
            for (call, sent) in scene.socket.each_send_within(PATIENCE, round, SOURCE) {
                assert_eq!(sent.expect(call), round.len());
            }
            assert!(started.elapsed() >= PAUSE * expected, "{:?}", started.elapsed());
            for _ in 0..3 {
                assert_eq!(scene.heard(), sealed_datagram(&datagram(SOURCE, round)));
            }
            for _ in 3..expected {
                scene.heard();
            }
        }
        assert_nothing_is_heard(&scene);
    });
}

#[track_caller]
fn assert_nothing_is_heard(scene: &Scene) {
    scene.relay.set_nonblocking(true).expect("a socket");
    let heard = scene.relay.recv(&mut [0; 64]).expect_err("nothing");
    assert_eq!(heard.kind(), io::ErrorKind::WouldBlock);
    scene.relay.set_nonblocking(false).expect("a socket");
}

/// A call that is cancelled or times out in its pause sends nothing, and cover neither. Its thread
/// was free for the timer.
#[test]
fn pauses_that_are_too_long() {
    at_once(|front| {
        let scene = setting(Level::PausedLong).open(front);
        scene.socket.connect(SOURCE).expect("a peer");
        let limit = Duration::from_millis(50);
        for (call, sent) in scene.socket.each_send_within(limit, b"late", SOURCE) {
            assert_eq!(sent.expect_err(call).kind(), io::ErrorKind::TimedOut, "{call}");
        }
        assert_nothing_is_heard(&scene);
        at_last(|| unless_blocked(scene.socket.try_send_to(b"next", SOURCE)));
        assert_eq!(scene.heard(), sealed_datagram(b""));
        assert_eq!(scene.heard(), sealed_datagram(&datagram(SOURCE, b"next")));
    });
}

/// Calls that never wait have no pause. The others fail if the association has ended, and do not
/// wait for it.
#[test]
fn without_pauses() {
    at_once(|front| {
        let scene = setting(Level::PausedLong).open(front);
        let heard = |payload: &[u8]| {
            assert_eq!(scene.heard(), sealed_datagram(b""));
            assert_eq!(scene.heard(), sealed_datagram(&datagram(SOURCE, payload)));
        };
        at_last(|| unless_blocked(scene.socket.try_send_to(b"try", SOURCE)));
        heard(b"try");
        if let Some(polled) = scene.socket.polled() {
            let cx = &mut Context::from_waker(Waker::noop());
            at_last(|| match polled.poll_send_to(cx, b"poll", SOURCE) {
                Poll::Ready(sent) => Some(sent.expect("sent")),
                Poll::Pending => None,
            });
            heard(b"poll");
        }
        let mut batch = SendBatch::new();
        for number in 0..3 {
            batch.push(&[number; 100], SOURCE).expect("room");
        }
        while !batch.is_empty() {
            scene.socket.send_batch(&mut batch).expect("sent");
        }
        for number in 0..3 {
            heard(&[number; 100]);
        }
        scene.control().shutdown(std::net::Shutdown::Both).expect("an open connection");
        scene.socket.recv_from(&mut [0; 64]).expect_err("the end");
        let ended = scene.socket.send_to(b"late", SOURCE).expect_err("the end");
        assert!(matches!(inner(&ended).kind(), ErrorKind::AssociationEnded(_)), "{ended:?}");
    });
}

#[test]
fn pauses_that_can_not_be_determined() {
    everywhere(|front| {
        let scene = setting(Level::PauseUnknown).open(front);
        scene.socket.connect(SOURCE).expect("a peer");
        for (call, sent) in scene.socket.each_send_within(PATIENCE, b"unsent", SOURCE) {
            let error = sent.expect_err(call);
            assert!(matches!(inner(&error).kind(), ErrorKind::Encapsulation(_)), "{call}: {error:?}");
        }
        assert_nothing_is_heard(&scene);
    });
}

/// The write timeout is that of the whole call, with the pauses of all fragments.
#[test]
fn a_write_timeout_in_the_pauses() {
    let associate =
        |proxy: &_| anysocks::blocking::Socks5UdpSocket::associate(proxy).expect("an association");
    let (socket, _relay, _control) = setting(Level::Paused).associate(associate);
    socket.set_write_timeout(Some(PAUSE * 3)).expect("a timeout");
    let late = socket.send_fragmented(&payload(127), SOURCE, 1).expect_err("too many pauses");
    assert_eq!(late.kind(), io::ErrorKind::TimedOut);
}
