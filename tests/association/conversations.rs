//! Frames and requests on the TCP connection of an association.

use crate::scene::{Scene, Setting, datagram, everywhere, inner};
use crate::support::toy::{self, Level, sealed_datagram};
use anysocks::protocol::{Command, Socks5};
use anysocks::{Auth, ErrorKind, Invalid, Target};
use std::io::{Read, Write};
use std::sync::mpsc::channel;
use std::thread;

const SOURCE: &str = "192.0.2.7:53";
const REQUEST: &[u8] = b"\x05\x01\0\x01\xC0\0\x02\x01\0\x50";
const GRANTED: &[u8] = b"\x05\0\0\x01\xC0\0\x02\x07\0\x35";

fn target() -> Target<'static> {
    "192.0.2.1:80".try_into().expect("a target")
}

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

#[test]
fn a_request_while_a_receiver_waits() {
    settings(|scene, level| {
        let auth = Auth::none();
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
                let requesting = scope.spawn(|| {
                    let mut request = Socks5::further(&auth, Command::Connect, target()).expect("a request");
                    scene.socket.converse(&mut request).map(|established| established.bound.to_string())
                });
                let mut request = vec![0; carried(level, REQUEST).len()];
                scene.control().read_exact(&mut request).expect("a request");
                assert_eq!(request, carried(level, REQUEST));
                // In two pieces.
                let reply = carried(level, GRANTED);
                scene.control().write_all(&reply[..3]).expect("an open connection");
                scene.control().write_all(&reply[3..]).expect("an open connection");
                let bound = requesting.join().expect("no panic").expect("a reply");
                assert_eq!(bound, "192.0.2.7:53");
            }
            relays(scene, level, b"for the receiver");
            assert_eq!(receiving.join().expect("no panic").expect("a datagram"), b"for the receiver");
        });
        scene.control().shutdown(std::net::Shutdown::Both).expect("an open connection");
        let ended = scene.socket.recv_from(&mut [0; 64]).expect_err("the end");
        assert!(matches!(inner(&ended).kind(), ErrorKind::AssociationEnded(_)), "{ended:?}");
    });
}

#[test]
fn one_conversation_at_a_time() {
    settings(|scene, level| {
        let auth = Auth::none();
        let further = || Socks5::further(&auth, Command::Connect, target()).expect("a request");
        thread::scope(|scope| {
            let first = scope.spawn(|| scene.socket.converse(&mut further()).map(drop));
            let mut request = vec![0; carried(level, REQUEST).len()];
            scene.control().read_exact(&mut request).expect("a request");
            let error = scene.socket.converse(&mut further()).expect_err("it is busy");
            let ErrorKind::Invalid(invalid) = error.kind() else { panic!("{error:?}") };
            assert_eq!(*invalid, Invalid::AlreadyConversing);
            scene.control().write_all(&carried(level, GRANTED)).expect("an open connection");
            first.join().expect("no panic").expect("a reply");
        });
    });
}

/// RFC 1928 has one request for each connection, so another one leaves nothing on it.
#[test]
fn one_request_without_a_method() {
    everywhere(|front| {
        let scene = Setting::default().open(front);
        let auth = Auth::none();
        let mut request = Socks5::further(&auth, Command::Connect, target()).expect("a request");
        let error = scene.socket.converse(&mut request).expect_err("one request");
        let ErrorKind::Invalid(invalid) = error.kind() else { panic!("{error:?}") };
        assert_eq!(*invalid, Invalid::OneRequest);
        relays(&scene, Level::Bare, b"still there");
        assert_eq!(scene.received(64).0, b"still there");
    });
}

/// The proxy ends the association instead of a reply.
#[test]
fn an_end_instead_of_a_reply() {
    settings(|scene, level| {
        let auth = Auth::none();
        thread::scope(|scope| {
            let requesting = scope.spawn(|| {
                let mut request = Socks5::further(&auth, Command::Connect, target()).expect("a request");
                scene.socket.converse(&mut request).map(drop)
            });
            let mut request = vec![0; carried(level, REQUEST).len()];
            scene.control().read_exact(&mut request).expect("a request");
            scene.control().shutdown(std::net::Shutdown::Both).expect("an open connection");
            let error = requesting.join().expect("no panic").expect_err("the end");
            assert!(matches!(error.kind(), ErrorKind::EndedEarly { .. }), "{error:?}");
        });
        let ended = scene.socket.recv_from(&mut [0; 64]).expect_err("the end");
        assert!(matches!(inner(&ended).kind(), ErrorKind::AssociationEnded(_)), "{ended:?}");
    });
}
