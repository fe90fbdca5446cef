//! Datagrams as records, on every front end.

use crate::fronts::FRONTS;
use crate::fronts::association::Association;
use crate::records::{self, Wire, opened};
use crate::support::case::Case;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use crate::{all, at, payload};
use anysocks::Stage;
use anysocks::socks5a::Obfuscation;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::time::Duration;

const SOURCE: &str = "192.0.2.7:53";
const PATIENCE: Duration = Duration::from_secs(8);
const REQUEST: &[u8] = b"\x05\x03\x00\x01\0\0\0\0\0\0";

/// An association, and the relay's socket.
struct Scene {
    socket: Box<dyn Association>,
    relay: UdpSocket,
    control: Wire<TcpStream>,
}

fn each(check: impl Fn(&mut Scene, Obfuscation)) {
    for obfuscation in all() {
        for front in FRONTS {
            let _case = Case::new(format!("{obfuscation:?} on {}", front.name));
            let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let port = relay.local_addr().expect("an address").port().to_be_bytes();
            let lines = vec![client([5, 1, 0x81]), proxy(Stage::MethodSelection, [5, 0x81])];
            let server = Server::start(lines, move |control| {
                let mut control = Wire::new(control.try_clone().expect("a handle"));
                let mut heard = vec![0; REQUEST.len()];
                control.read_exact(&mut heard).expect("the request");
                assert_eq!(heard, REQUEST);
                let reply = [&b"\x05\x00\x00\x01\x7F\x00\x00\x01"[..], &port].concat();
                control.write_all(&reply).expect("a client that listens");
                control
            });
            let socket = (front.associate)(&at(server.addr, obfuscation)).expect("an association");
            relay.connect(socket.local_addr()).expect("a way to the client");
            relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            check(&mut Scene { socket, relay, control: server.join() }, obfuscation);
        }
    }
}

fn datagram(payload: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 1, 192, 0, 2, 7, 0, 53], payload].concat()
}

impl Scene {
    /// The next datagram with content, and how many without content came before it.
    fn heard(&self) -> (u8, Vec<u8>, usize) {
        let (mut buf, mut covers) = (vec![0; 1 << 16], 0);
        loop {
            let n = self.relay.recv(&mut buf).expect("a datagram from the client");
            let (code, _, message) = opened(&buf[..n]);
            if !message.is_empty() {
                return (code, message.to_vec(), covers);
            }
            covers += 1;
        }
    }

    fn says(&self, record: &[u8]) {
        assert_eq!(self.relay.send(record).expect("a client"), record.len());
    }

    fn received(&self) -> Vec<u8> {
        let mut buf = vec![0; 1 << 16];
        let (n, source) = self.socket.recv_from_within(PATIENCE, &mut buf).expect("a datagram");
        assert_eq!(source.to_string(), SOURCE);
        buf.truncate(n);
        buf
    }
}

#[test]
fn both_ways() {
    each(|scene, obfuscation| {
        let mut covers = 0;
        for round in 0..60 {
            let payload = payload([1, 1200, 300][round % 3]);
            scene.socket.send_to(&payload, SOURCE).expect("sent");
            let (code, heard, covered) = scene.heard();
            covers += covered;
            assert!(heard == datagram(&payload), "other bytes");
            // All types, whatever the client sends, and one without content.
            assert!(covered <= 1);
            let answer = (code + u8::try_from(round % 5).expect("a small number")) % 5;
            scene.says(&records::datagram(3, b"", b""));
            scene.says(&records::datagram(answer, &vec![7; round], &datagram(&payload)));
            assert!(scene.received() == payload, "other bytes");
        }
        let is_masked = matches!(obfuscation, Obfuscation::Masking | Obfuscation::Full(_));
        // The unit tests count them: 60 are too few.
        assert!(is_masked || covers == 0, "{covers}");
        assert_eq!(scene.socket.dropped(), 0);
    });
}

#[test]
fn refused_ones_are_counted() {
    each(|scene, _| {
        let whole = records::datagram(1, b"pad", &datagram(b"whole"));
        let mut forged = whole.clone();
        *forged.last_mut().expect("a byte") ^= 1;
        let refused = [&b""[..], b"\0", b"\0\0\x01\x09", b"\0\0\x05\0", &forged, &datagram(b"bare")];
        for datagram in refused {
            scene.says(datagram);
        }
        scene.says(&whole);
        assert_eq!(scene.received(), b"whole");
        assert_eq!(scene.socket.dropped(), refused.len() as u64);
    });
}

#[test]
fn the_longest_datagram() {
    each(|scene, obfuscation| {
        let overhead = match obfuscation {
            Obfuscation::Padding | Obfuscation::Full(_) => 4 + 255,
            Obfuscation::Jitter(_) => 4 + 8,
            _ => 4,
        };
        let longest = scene.socket.max_payload(SOURCE);
        assert_eq!(longest, 65_507 - overhead - datagram(b"").len());
        let payload = payload(longest);
        for _ in 0..8 {
            scene.socket.send_to(&payload, SOURCE).expect("sent");
            assert!(scene.heard().1 == datagram(&payload), "other bytes");
        }
    });
}

/// Records without content on the TCP connection end nothing.
#[test]
fn dummies_on_the_control_connection() {
    each(|scene, _| {
        for code in 0..=4 {
            let dummy = records::record(code, &[7; 9], b"");
            scene.control.stream.write_all(&dummy).expect("an open connection");
        }
        for _ in 0..3 {
            scene.socket.send_to(b"ping", SOURCE).expect("an open association");
            assert_eq!(scene.heard().1, datagram(b"ping"));
            scene.says(&records::datagram(0, b"", &datagram(b"pong")));
            assert_eq!(scene.received(), b"pong");
        }
        assert_eq!(scene.socket.dropped(), 0);
    });
}
