//! `KEEP_ALIVE` on the control connection of an association, while datagrams flow.

use crate::chains::auths;
use crate::client::request;
use crate::fronts::association::Association;
use crate::fronts::{FRONTS, Front};
use crate::parts::{obfuscations, password, proxy, token, tol};
use crate::reference::{self, Address, Dummies, Fault, Server, Setup};
use crate::scene::invalid;
use crate::support::case::Case;
use anysocks::{Auth, Invalid};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const SOURCE: &str = "192.0.2.7:53";

/// A server with dummies around each record, on the control connection and as datagrams.
fn setup() -> Setup {
    let tol = reference::Obfuscation { dummies: Dummies::Everywhere(2), ..reference::Obfuscation::default() };
    Setup { tol, faults: vec![Fault::MixedTypes], ..crate::chains::setup() }
}

/// EAF, TOL with each obfuscation, and a sequence of both.
fn each(check: impl Fn(&Front, &Auth)) {
    let each_tol = obfuscations().map(|kind| ("TOL", tol(kind).auth().expect("a key"), &[0x81][..]));
    for (name, auth, _) in auths().into_iter().chain(each_tol) {
        for front in FRONTS {
            let _case = Case::new(format!("{name} {auth:?} on {}", front.name));
            check(front, &auth);
        }
    }
}

fn assert_echoed(socket: &dyn Association, payload: &[u8]) {
    socket.send_to(payload, SOURCE).expect("sent");
    let mut buf = [0; 64];
    let (n, source) = socket.recv_from(&mut buf).expect("an echo");
    assert_eq!((&buf[..n], &*source.to_string()), (payload, SOURCE));
}

#[test]
fn between_datagrams() {
    each(|front, auth| {
        for long_keep_alive in [false, true] {
            let server = Server::start(Setup { long_keep_alive, ..setup() });
            let socket = (front.associate)(&proxy(server.addr, auth.clone())).expect("an association");
            socket.keep_alive().expect("a reply");
            for _ in 0..3 {
                assert_echoed(&*socket, b"hello");
                socket.keep_alive().expect("a reply");
                socket.another().keep_alive().expect("a reply");
            }
            assert_eq!(socket.dropped(), 0);
            drop(socket);
            let connection = server.finish().only();
            assert_eq!(connection.requests[0].command, 3);
            assert_eq!(connection.requests[1..], vec![request(4, Address::None, 0); 7]);
        }
    });
}

/// Several receivers wait meanwhile. None of them takes the reply, and none misses a datagram.
#[test]
fn while_receivers_wait() {
    const ROUNDS: usize = 10;
    const RECEIVERS: usize = 3;
    each(|front, auth| {
        let server = Server::start(setup());
        let socket = (front.associate)(&proxy(server.addr, auth.clone())).expect("an association");
        let echoes = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..RECEIVERS {
                let (own, echoes) = (socket.another(), &echoes);
                scope.spawn(move || {
                    loop {
                        let mut buf = [0; 64];
                        let (n, _) = own.recv_from(&mut buf).expect("an echo");
                        if buf[..n] == *b"end" {
                            return;
                        }
                        assert_eq!(&buf[..n], b"hello");
                        echoes.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            for round in 0..ROUNDS {
                socket.keep_alive().expect("a reply");
                socket.send_to(b"hello", SOURCE).expect("sent");
                // Some follow datagrams, and others their echo.
                while round % 2 == 0 && echoes.load(Ordering::Relaxed) <= round {
                    thread::yield_now();
                }
            }
            for _ in 0..RECEIVERS {
                socket.send_to(b"end", SOURCE).expect("sent");
                socket.keep_alive().expect("a reply");
            }
        });
        assert_eq!(echoes.into_inner(), ROUNDS);
        assert_eq!(socket.dropped(), 0);
        drop(socket);
        let connection = server.finish().only();
        assert_eq!(connection.requests.len(), 1 + ROUNDS + RECEIVERS);
        assert_eq!(connection.payloads.len(), ROUNDS + RECEIVERS);
    });
}

/// Each byte of the replies by itself.
#[test]
fn in_pieces() {
    each(|front, auth| {
        let setup = Setup { faults: vec![Fault::Crumbs], long_keep_alive: true, ..setup() };
        let server = Server::start(setup);
        let socket = (front.associate)(&proxy(server.addr, auth.clone())).expect("an association");
        for _ in 0..3 {
            socket.keep_alive().expect("a reply");
            assert_echoed(&*socket, b"hello");
        }
        drop(socket);
        server.finish().only();
    });
}

/// RFC 1928 has one request for each connection. The association stays.
#[test]
fn without_socks5a() {
    let auths = [
        (Auth::none(), vec![0]),
        (Auth::password_only(password()), vec![2]),
        (token().auth().or(Auth::none()).expect("two METHODs"), vec![0]),
    ];
    for (auth, methods) in auths {
        for front in FRONTS {
            let _case = Case::new(format!("{auth:?} on {}", front.name));
            let server = Server::start(Setup { methods: methods.clone(), ..Setup::default() });
            let socket = (front.associate)(&proxy(server.addr, auth.clone())).expect("an association");
            assert_eq!(invalid(socket.keep_alive()), Invalid::OneRequest);
            assert_echoed(&*socket, b"hello");
            drop(socket);
            assert_eq!(server.finish().only().requests.len(), 1);
        }
    }
}
