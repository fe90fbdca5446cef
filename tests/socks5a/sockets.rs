//! Streams in records over sockets, on every front end.

use crate::fronts::FRONTS;
use crate::records::{Wire, record};
use crate::support::blocked::send;
use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use crate::support::listening::Accept;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use crate::{REPLY, REQUEST, TARGET, all, at, payload};
use anysocks::Stage;
use anysocks::socks5a::{Error, Obfuscation};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A proxy that grants this request, and continues in records.
fn server<T: Send + 'static>(
    request: &'static [u8],
    then: impl FnOnce(&mut Wire<&TcpStream>) -> T + Send + 'static,
) -> Server<T> {
    let lines = vec![client([5, 1, 0x81]), proxy(Stage::MethodSelection, [5, 0x81])];
    Server::start(lines, move |stream| {
        let mut wire = Wire::new(stream);
        let mut heard = vec![0; request.len()];
        wire.read_exact(&mut heard).expect("the request");
        assert_eq!(heard, request);
        wire.write_all(REPLY).expect("a client that listens");
        then(&mut wire)
    })
}

fn echo(wire: &mut Wire<&TcpStream>) -> Vec<(u8, Vec<u8>, usize)> {
    let mut buf = vec![0; 20_000];
    loop {
        match wire.read(&mut buf).expect("the client's bytes") {
            0 => return std::mem::take(&mut wire.read),
            n => wire.write_all(&buf[..n]).expect("a client that listens"),
        }
    }
}

#[test]
fn connect() {
    for obfuscation in all() {
        for front_end in FRONT_ENDS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front_end.name));
            let server = server(REQUEST, echo);
            let mut stream = (front_end.connect)(&at(server.addr, obfuscation), TARGET).expect("a tunnel");
            for len in [1, 2, 300, 16_384, 16_385, 70_000] {
                let payload = payload(len);
                send(&mut *stream, &payload).expect("an open stream");
                let mut heard = vec![0; len];
                stream.read_exact(&mut heard).expect("an echo");
                assert!(heard == payload, "an echo of {len} bytes is not what was sent");
            }
            drop(stream);
            let records = server.join();
            let code = records[0].0;
            assert!(records.iter().all(|(found, ..)| *found == code));
            let timing = if matches!(code, 2 | 4) { &b"\0\0\0\x02\0\0\0\0"[..] } else { b"" };
            assert!(records.iter().all(|(_, rand, _)| rand.starts_with(timing)));
        }
    }
}

/// A write that is not flushed is sent when the stream is read, also if it waits.
#[test]
fn a_write_without_flush() {
    for front_end in FRONT_ENDS {
        let _case = Case::new(front_end.name);
        let server = server(REQUEST, echo);
        let full = all()[4];
        let mut stream = (front_end.connect)(&at(server.addr, full), TARGET).expect("a tunnel");
        for _ in 0..20 {
            let n = stream.write(b"hello").expect("an open stream");
            let mut heard = vec![0; n];
            stream.read_exact(&mut heard).expect("an echo");
            assert_eq!(heard, b"hello"[..n]);
        }
        drop(stream);
        server.join();
    }
}

/// The error of a forged record is that of SOCKS5a.
#[test]
fn a_forged_record() {
    for front_end in FRONT_ENDS {
        let _case = Case::new(front_end.name);
        let server = server(REQUEST, |wire| {
            let mut forged = record(0, b"", b"hello");
            forged[8] ^= 1;
            wire.stream.write_all(&forged).expect("a client that listens");
            echo(wire);
        });
        let mut stream = (front_end.connect)(&at(server.addr, Obfuscation::None), TARGET).expect("a tunnel");
        let error = stream.read_exact(&mut [0; 5]).expect_err("a forged record");
        assert!(matches!(Error::of(&error), Some(Error::Signature)), "{error:?}");
        drop(stream);
        server.join();
    }
}

/// Both replies of BIND, and the peer's first bytes in the record of the second one.
#[test]
fn bind() {
    const PEER: &str = "192.0.2.9:40000";
    const BIND: &[u8] = b"\x05\x02\x00\x01\xC0\x00\x02\x09\x9C\x40";
    for obfuscation in all() {
        for front in FRONTS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            let server = server(BIND, |wire| {
                let second = [b"\x05\x00\x00\x01\xC0\x00\x02\x09\x9C\x40", &b"banner"[..]].concat();
                wire.write_all(&second).expect("a client that listens");
                echo(wire);
            });
            let mut listener = (front.bind5)(&at(server.addr, obfuscation), PEER).expect("a listener");
            let Accept { peer, mut stream, .. } = listener.accept().expect("the peer");
            assert_eq!(peer.to_string(), PEER);
            send(&mut *stream, b"hello").expect("an open stream");
            let mut heard = [0; 11];
            stream.read_exact(&mut heard).expect("the banner and an echo");
            assert_eq!(&heard, b"bannerhello");
            drop((stream, listener));
            server.join();
        }
    }
}
