//! TOL on streams: CONNECT, BIND, halves, and writes that are not flushed.

use crate::fronts::FRONTS;
use crate::parts::{PEER, TARGET, TOL, jitter, obfuscations, proxy, tol};
use crate::payload;
use crate::reference::{self, Dummies, Fault, Kind, Server, Setup, Target, Timing};
use crate::support::blocked::{receive, send};
use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use crate::support::echo::{assert_echoed, assert_echoed_by_halves};
use crate::support::listening::Accept;
use anysocks::socks5a::{Jitter, Obfuscation};
use anysocks::{Auth, Proxy};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A server that expects this TYPE, and sends all five, with dummies everywhere.
fn server(expects: Kind, setup: Setup) -> Server {
    let tol = reference::Obfuscation {
        expects: Some(expects),
        dummies: Dummies::Everywhere(2),
        split: 5_000,
        ..reference::Obfuscation::default()
    };
    let faults = [setup.faults, vec![Fault::MixedTypes]].concat();
    Server::start(Setup { tol, faults, ..setup })
}

fn auth(obfuscation: Obfuscation) -> Auth {
    tol(obfuscation).auth().expect("a key")
}

fn at(addr: SocketAddr, obfuscation: Obfuscation) -> Proxy {
    proxy(addr, auth(obfuscation))
}

#[test]
fn connect() {
    for (obfuscation, kind) in obfuscations().into_iter().zip(Kind::ALL) {
        for front in FRONT_ENDS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            let server = server(kind, Setup::default());
            let mut stream = (front.connect)(&at(server.addr, obfuscation), TARGET).expect("a tunnel");
            for len in [1, 2, 300, 16_383, 16_384, 16_385, 70_000] {
                assert_echoed(&mut *stream, len);
            }
            drop(stream);
            let connection = server.finish().only();
            assert_eq!(connection.methods, [TOL]);
            assert_eq!(connection.offered, [TOL]);
            assert_eq!(connection.relayed, 1 + 2 + 300 + 3 * 16_384 + 70_000);
        }
    }
}

/// The server judges how padding and splits are distributed in many records.
#[test]
fn many_records() {
    for (obfuscation, kind) in [
        (Obfuscation::Padding, Kind::Padding),
        (Obfuscation::Masking, Kind::Masking),
        (Obfuscation::Full(jitter(0, 0)), Kind::Full),
    ] {
        for front in FRONT_ENDS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            let server = server(kind, Setup::default());
            let mut stream = (front.connect)(&at(server.addr, obfuscation), TARGET).expect("a tunnel");
            for _ in 0..450 {
                send(&mut *stream, &[7; 20]).expect("an open stream");
            }
            let mut heard = vec![0; 450 * 20];
            stream.read_exact(&mut heard).expect("an echo");
            drop(stream);
            let connection = server.finish().only();
            let lengths: BTreeSet<_> = connection.records.lengths().into_iter().collect();
            // The request's length, and that of each message. Splits have all that are shorter.
            let least = if kind == Kind::Padding { 2 } else { 15 };
            assert!(lengths.len() >= least, "{lengths:?}");
        }
    }
}

/// Jitter delays each record of the handshake and of the stream, in each of its distributions.
#[test]
fn delays() {
    let range = || Duration::from_millis(40)..=Duration::from_millis(60);
    for (mode, jitter) in [Jitter::uniform(range()), Jitter::normal(range()), Jitter::exponential(range())]
        .into_iter()
        .enumerate()
    {
        let obfuscation = Obfuscation::Jitter(jitter.expect("a range"));
        for front in FRONT_ENDS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            let server = server(Kind::Jitter, Setup::default());
            let started = Instant::now();
            let mut stream = (front.connect)(&at(server.addr, obfuscation), TARGET).expect("a tunnel");
            assert_echoed(&mut *stream, 5);
            assert!(started.elapsed() >= 2 * *range().start(), "{:?}", started.elapsed());
            drop(stream);
            // The server has judged the times.
            let connection = server.finish().only();
            let timing = Timing { least: 40, most: 60, mode: u8::try_from(mode).expect("one of three") };
            for record in connection.records.records {
                assert_eq!(record.rand, timing.encode());
            }
        }
    }
}

/// A read sends the records that still wait.
#[test]
fn writes_without_flush() {
    for front in FRONT_ENDS {
        for obfuscation in [Obfuscation::Jitter(jitter(50, 60)), Obfuscation::Full(jitter(20, 30))] {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            let server = Server::start(Setup::default());
            let mut stream = (front.connect)(&at(server.addr, obfuscation), TARGET).expect("a tunnel");
            for _ in 0..2 {
                stream.write_all(b"hello").expect("an open stream");
                let mut heard = [0; 5];
                stream.read_exact(&mut heard).expect("an echo");
                assert_eq!(&heard, b"hello");
            }
            drop(stream);
            server.finish().only();
        }
    }
}

/// Both halves at once.
#[test]
fn two_halves() {
    for (obfuscation, kind) in obfuscations().into_iter().zip(Kind::ALL) {
        for front in FRONT_ENDS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            let server = server(kind, Setup::default());
            let (mut read, mut write) =
                (front.halves)(&at(server.addr, obfuscation), TARGET).expect("a tunnel");
            assert_echoed_by_halves(&mut read, &mut write, 200_000);
            drop((read, write));
            assert_eq!(server.finish().only().relayed, 200_000);
        }
    }
}

#[test]
fn bind() {
    for (obfuscation, kind) in obfuscations().into_iter().zip(Kind::ALL) {
        for front in FRONTS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            // The peer's first bytes share a record with the second reply.
            let faults = vec![Fault::BehindReply(1, b"banner".into())];
            let server = server(kind, Setup { faults, ..Setup::default() });
            let mut listener = (front.bind5)(&at(server.addr, obfuscation), PEER).expect("a listener");
            assert_eq!(listener.raw_bound().to_string(), "192.0.2.1:1080");
            let Accept { peer, mut stream, .. } = listener.accept().expect("the peer");
            assert_eq!(peer.to_string(), "192.0.2.1:1080");
            let mut banner = [0; 6];
            stream.read_exact(&mut banner).expect("the banner");
            assert_eq!(&banner, b"banner");
            assert_echoed(&mut *stream, 300);
            drop((stream, listener));
            server.finish().only();
        }
    }
}

/// The end of the stream behind the last record, and dummies behind that.
#[test]
fn the_end_of_a_stream() {
    for front in FRONT_ENDS {
        let _case = Case::new(front.name);
        let bytes = payload(30_000);
        let server = server(Kind::None, Setup { target: Target::Sends(bytes.clone()), ..Setup::default() });
        let mut stream = (front.connect)(&at(server.addr, Obfuscation::None), TARGET).expect("a tunnel");
        assert!(receive(&mut *stream, 1_000).expect("the end") == bytes, "other bytes");
        drop(stream);
        server.finish().only();
    }
}
