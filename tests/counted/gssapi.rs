//! GSS-API: no allocations for a frame or a datagram, once the buffers are there.

use crate::allocations::counted;
use crate::scene::{PATIENCE, REQUEST_V4, datagram, local, reply};
use crate::support::case::Case;
use crate::support::echo::payload;
use crate::support::methods::gssapi::{DATA, GssWire, Play};
use crate::support::server::Server;
use crate::{REPLY, REQUEST, TARGET};
use anysocks::Proxy;
use anysocks::blocking::{Socks5Stream, Socks5UdpSocket};
use anysocks::gssapi::Level;
use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};

const LEVELS: [Level; 2] = [Level::Integrity, Level::Confidentiality];
/// The messages of the client before the tunnel.
const KNOWN: u32 = 2;

fn at(addr: SocketAddr, play: &Play) -> Proxy {
    let gssapi = play.fake.at(play.level).service("rcmd@gw.example");
    Proxy::socks5(addr).and_then(|proxy| proxy.gssapi(gssapi)).expect("a proxy")
}

#[test]
fn a_stream() {
    for level in LEVELS {
        let play = Play::new(2, Some(level));
        let (lines, end) = play.granted(REQUEST, REPLY);
        let fake = Play::new(2, Some(level));
        let server = Server::start(lines, move |client| {
            let (mut wire, mut buf) = (GssWire::new(client, &play, end, KNOWN), vec![0; 16_384]);
            loop {
                match wire.read(&mut buf).expect("the client's bytes") {
                    0 => return,
                    n => wire.write_all(&buf[..n]).expect("a client that listens"),
                }
            }
        });
        let mut stream: Socks5Stream =
            Socks5Stream::connect(at(server.addr, &fake), TARGET).expect("the tunnel");
        let (payload, mut heard) = (payload(40_000), vec![0; 40_000]);
        for round in 0..8 {
            let _case = Case::new(format!("{level:?}, round {round}"));
            let (count, ()) = counted(|| {
                stream.write_all(&payload).expect("an open stream");
                stream.flush().expect("an open stream");
                stream.read_exact(&mut heard).expect("an echo");
            });
            assert!(heard == payload, "other bytes");
            // How much a read finds depends on the peer, and with it the buffer's length at first.
            assert!(round < 4 || count == 0, "{count} allocations");
        }
        drop(stream);
        server.join();
    }
}

#[test]
fn datagrams() {
    for level in LEVELS {
        let play = Play::new(2, Some(level));
        let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let (lines, end) = play.granted(REQUEST_V4, &reply(&local(&relay).to_string()));
        let server = Server::start(lines, |control| control.try_clone().expect("a handle"));
        let socket = Socks5UdpSocket::associate(at(server.addr, &play)).expect("an association");
        let mut wire = GssWire::new(server.join(), &play, end, KNOWN);
        relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        relay.connect(socket.local_addr()).expect("a way to the client");
        let target = "192.0.2.7:53";
        let (mut buf, mut received) = (vec![0; 60_000], vec![0; 1 << 16]);
        for round in 0..4 {
            for len in [60_000, 0, 1200] {
                let _case = Case::new(format!("{level:?}, {len} bytes, round {round}"));
                let payload = payload(len);
                let (sending, sent) = counted(|| socket.send_to(&payload, target));
                assert_eq!(sent.expect("sent"), len);
                let (n, mut plain) = (relay.recv(&mut received).expect("a datagram"), Vec::new());
                wire.end.unwrap(&received[4..n], &mut plain).expect("a datagram of the client");
                assert!(plain == datagram(target, &payload), "other bytes");
                let confidential = level == Level::Confidentiality;
                relay.send(&wire.end.message(DATA, confidential, &plain)).expect("a client");
                let (receiving, n) = counted(|| socket.recv_from(&mut buf).map(|(n, _)| n));
                assert_eq!(n.expect("a datagram"), len);
                assert!(round == 0 || sending + receiving == 0, "{sending} and {receiving} allocations");
            }
        }
    }
}
