//! Frames and further requests on the TCP connection of an association.

use crate::scene::{Scene, Setting, at_once, datagram, everywhere, inner};
use crate::support::clock::TOLERANCE;
use crate::support::toy::{self, Level, sealed_datagram};
use anysocks::protocol::Command;
use anysocks::udp::AssociationEnd;
use anysocks::{ErrorKind, Invalid};
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

const SOURCE: &str = "192.0.2.7:53";
const TARGET: &str = "192.0.2.1:80";

/// The timeout of a proxy that does not answer. An association takes less on a busy machine.
const LATE: Duration = Duration::from_secs(3);
const REQUEST: &[u8] = b"\x05\x01\0\x01\xC0\0\x02\x01\0\x50";
const GRANTED: &[u8] = b"\x05\0\0\x01\xC0\0\x02\x07\0\x35";

/// With frames on the TCP connection, and without.
fn settings(check: impl Fn(&Scene, Level)) {
    for level in [Level::Bare, Level::Framed] {
        everywhere(|front| check(&Setting { level: Some(level), ..Setting::default() }.open(front), level));
    }
}

fn carried(level: Level, message: &[u8]) -> Vec<u8> {
    if level == Level::Framed { toy::sealed(message) } else { message.to_vec() }
}

fn relays(scene: &Scene, level: Level, payload: &[u8]) {
    let datagram = datagram(SOURCE, payload);
    scene.says(&if level == Level::Framed { sealed_datagram(&datagram) } else { datagram });
}

#[test]
fn frames_without_content_do_not_end_it() {
    everywhere(|front| {
        let scene = Setting { level: Some(Level::Framed), ..Setting::default() }.open(front);
        for count in [1, 2, 500] {
            scene.control().write_all(&toy::frame(b"").repeat(count)).expect("an open connection");
            relays(&scene, Level::Framed, b"still there");
            assert_eq!(scene.received(64).0, b"still there");
        }
        scene.control().write_all(&toy::frame(b"!")).expect("an open connection");
        let ended = scene.socket.recv_from(&mut [0; 64]).expect_err("the end");
        assert!(matches!(inner(&ended).kind(), ErrorKind::AssociationEnded(_)), "{ended:?}");
    });
}

/// The proxy receives the request.
fn heard(scene: &Scene, level: Level) {
    let mut request = vec![0; carried(level, REQUEST).len()];
    scene.control().read_exact(&mut request).expect("a request");
    assert_eq!(request, carried(level, REQUEST));
}

fn end(error: &io::Error) -> AssociationEnd {
    match inner(error).kind() {
        ErrorKind::AssociationEnded(end) => *end,
        _ => panic!("{error:?}"),
    }
}

#[test]
fn one_while_a_receiver_waits() {
    settings(|scene, level| {
        let receiver = scene.socket.another();
        let (begun, begins) = channel();
        thread::scope(|scope| {
            let receiving = scope.spawn(move || {
                begun.send(()).expect("a test that waits");
                let mut buf = [0; 64];
                receiver.recv_from(&mut buf).map(|(n, _)| buf[..n].to_vec())
            });
            begins.recv().expect("a receiver");
            for _ in 0..3 {
                let requesting = scope.spawn(|| scene.socket.request(Command::Connect, TARGET));
                heard(scene, level);
                // In two pieces.
                let reply = carried(level, GRANTED);
                scene.control().write_all(&reply[..3]).expect("an open connection");
                scene.control().write_all(&reply[3..]).expect("an open connection");
                let bound = requesting.join().expect("no panic").expect("a reply");
                assert_eq!(bound.to_string(), "192.0.2.7:53");
            }
            relays(scene, level, b"for the receiver");
            assert_eq!(receiving.join().expect("no panic").expect("a datagram"), b"for the receiver");
        });
        scene.control().shutdown(std::net::Shutdown::Both).expect("an open connection");
        let ended = scene.socket.recv_from(&mut [0; 64]).expect_err("the end");
        assert_eq!(end(&ended), AssociationEnd::Closed);
    });
}

#[test]
fn one_at_a_time() {
    settings(|scene, level| {
        thread::scope(|scope| {
            let first = scope.spawn(|| scene.socket.request(Command::Connect, TARGET));
            heard(scene, level);
            let error = scene.socket.request(Command::Connect, TARGET).expect_err("it is busy");
            let ErrorKind::Invalid(invalid) = error.kind() else { panic!("{error:?}") };
            assert_eq!(*invalid, Invalid::AnotherRequest);
            scene.control().write_all(&carried(level, GRANTED)).expect("an open connection");
            first.join().expect("no panic").expect("a reply");
        });
    });
}

/// RFC 1928 has one request for each connection, so another one leaves nothing on it.
#[test]
fn none_without_a_method() {
    everywhere(|front| {
        let scene = Setting::default().open(front);
        let error = scene.socket.request(Command::Connect, TARGET).expect_err("one request");
        let ErrorKind::Invalid(invalid) = error.kind() else { panic!("{error:?}") };
        assert_eq!(*invalid, Invalid::OneRequest);
        relays(&scene, Level::Bare, b"still there");
        assert_eq!(scene.received(64).0, b"still there");
    });
}

/// A reply before the request is none.
#[test]
fn a_reply_that_nobody_asked_for() {
    settings(|scene, level| {
        scene.control().write_all(&carried(level, GRANTED)).expect("an open connection");
        // Without waiting, a receiver would not see it either.
        while scene
            .socket
            .try_recv_from(&mut [0; 64])
            .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
        {
            thread::yield_now();
        }
        let error = scene.socket.request(Command::Connect, TARGET).expect_err("the end");
        assert!(
            matches!(error.kind(), ErrorKind::AssociationEnded(AssociationEnd::UnexpectedData)),
            "{error:?}"
        );
    });
}

/// The proxy ends the association instead of a reply, or refuses.
#[test]
fn one_that_fails() {
    let refused = b"\x05\x07\0\x01\0\0\0\0\0\0";
    for answer in [&b""[..], refused] {
        settings(|scene, level| {
            thread::scope(|scope| {
                let requesting = scope.spawn(|| scene.socket.request(Command::Connect, TARGET));
                heard(scene, level);
                if answer.is_empty() {
                    scene.control().shutdown(std::net::Shutdown::Both).expect("an open connection");
                } else {
                    scene.control().write_all(&carried(level, answer)).expect("an open connection");
                }
                let error = requesting.join().expect("no panic").expect_err("a failure");
                assert!(error.proxy().is_some(), "{error:?}");
                assert_eq!(error.target(), Some(TARGET));
                match error.kind() {
                    ErrorKind::EndedEarly { .. } => assert!(answer.is_empty(), "{error:?}"),
                    ErrorKind::Refused(reply) => assert_eq!(reply.code(), 7),
                    _ => panic!("{error:?}"),
                }
            });
            let ended = scene.socket.recv_from(&mut [0; 64]).expect_err("the end");
            let expected =
                if answer.is_empty() { AssociationEnd::Closed } else { AssociationEnd::UnfinishedRequest };
            assert_eq!(end(&ended), expected);
        });
    }
}

/// A request that timed out or was cancelled ends the association: its late reply is not that of
/// the next one. Receivers that wait meanwhile see the end.
#[test]
fn one_that_is_late() {
    for level in [Level::Bare, Level::Framed] {
        at_once(|front| {
            let timeout = LATE;
            let scene = Setting { level: Some(level), timeout, ..Setting::default() }.open(front);
            let receiver = scene.socket.another();
            thread::scope(|scope| {
                let receiving = scope.spawn(move || receiver.recv_from(&mut [0; 64]).map(drop));
                let late = scene.socket.request_within(LATE, Command::Connect, TARGET);
                assert!(late.is_none_or(|late| late.is_err_and(|error| error.is_timeout())));
                let ended = receiving.join().expect("no panic").expect_err("the end");
                assert_eq!(end(&ended), AssociationEnd::UnfinishedRequest);
            });
            heard(&scene, level);
            let _ = scene.control().write_all(&carried(level, GRANTED));
            let error = scene.socket.request(Command::Connect, TARGET).expect_err("the end");
            assert!(
                matches!(error.kind(), ErrorKind::AssociationEnded(AssociationEnd::UnfinishedRequest)),
                "{error:?}"
            );
        });
    }
}

/// Frames without content that never end prolong neither a receiving call nor a request.
#[test]
fn limits_while_frames_never_end() {
    everywhere(|front| {
        let limit = LATE;
        let scene = Setting { level: Some(Level::Framed), timeout: limit, ..Setting::default() }.open(front);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let flooding = scope.spawn(|| {
                let frames = toy::frame(b"").repeat(100);
                while !is_over.load(Relaxed) {
                    // The client closes the connection once its request has failed.
                    if scene.control().write_all(&frames).is_err() {
                        return;
                    }
                }
            });
            let started = Instant::now();
            let received = scene.socket.recv_from_within(limit, &mut [0; 64]);
            let received_at = started.elapsed();
            let started = Instant::now();
            let late = scene.socket.request_within(limit, Command::Connect, TARGET);
            let requested_at = started.elapsed();
            is_over.store(true, Relaxed);
            // A write that is blocked.
            let _ = scene.control().shutdown(std::net::Shutdown::Both);
            flooding.join().expect("no panic");
            assert_eq!(received.expect_err("no datagram").kind(), io::ErrorKind::TimedOut);
            assert!(late.is_none_or(|late| late.is_err_and(|error| error.is_timeout())));
            for elapsed in [received_at, requested_at] {
                assert!(elapsed >= limit && elapsed < limit + TOLERANCE, "{elapsed:?}");
            }
        });
    });
}
