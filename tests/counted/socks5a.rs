//! SOCKS5a: no allocations for a record or a datagram, once the buffers are there.

use crate::REQUEST;
use crate::allocations::counted;
use crate::records::{self, PSK, Wire, opened};
use crate::scene::{PATIENCE, REQUEST_V4, datagram, local, reply};
use crate::support::case::Case;
use crate::support::echo::payload;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use crate::{REPLY, TARGET};
use anysocks::blocking::{Socks5Stream, Socks5UdpSocket};
use anysocks::socks5a::{Obfuscation, Psk, Tol};
use anysocks::{Proxy, Stage};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

/// Delays need a timer on an asynchronous front end.
const OBFUSCATIONS: [Obfuscation; 3] = [Obfuscation::None, Obfuscation::Padding, Obfuscation::Masking];

fn at(addr: SocketAddr, obfuscation: Obfuscation) -> Proxy {
    let tol = Tol::new(obfuscation).psk(Psk::new(PSK).expect("32 bytes"));
    Proxy::socks5(addr).and_then(|proxy| proxy.auth(tol.auth()?)).expect("a proxy")
}

/// A proxy that grants this request in records.
fn server<T: Send + 'static>(
    request: &'static [u8],
    reply: Vec<u8>,
    then: impl FnOnce(Wire<TcpStream>) -> T + Send + 'static,
) -> Server<T> {
    let lines = vec![client([5, 1, 0x81]), proxy(Stage::MethodSelection, [5, 0x81])];
    Server::start(lines, move |stream| {
        let mut wire = Wire::new(stream.try_clone().expect("a handle"));
        let mut heard = vec![0; request.len()];
        wire.read_exact(&mut heard).expect("the request");
        assert_eq!(heard, request);
        wire.write_all(&reply).expect("a client that listens");
        then(wire)
    })
}

#[test]
fn a_stream() {
    for obfuscation in OBFUSCATIONS {
        let server = server(REQUEST, REPLY.to_vec(), |mut wire| {
            let mut buf = vec![0; 16_384];
            loop {
                match wire.read(&mut buf).expect("the client's bytes") {
                    0 => return,
                    n => wire.write_all(&buf[..n]).expect("a client that listens"),
                }
            }
        });
        let mut stream: Socks5Stream =
            Socks5Stream::connect(at(server.addr, obfuscation), TARGET).expect("the tunnel");
        let (payload, mut heard) = (payload(40_000), vec![0; 40_000]);
        for round in 0..12 {
            let _case = Case::new(format!("{obfuscation:?}, round {round}"));
            let (count, ()) = counted(|| {
                stream.write_all(&payload).expect("an open stream");
                stream.flush().expect("an open stream");
                stream.read_exact(&mut heard).expect("an echo");
            });
            assert!(heard == payload, "other bytes");
            // How much a read finds depends on the peer, and with it the buffer's length at first.
            assert!(round < 6 || count == 0, "{count} allocations");
        }
        drop(stream);
        server.join();
    }
}

#[test]
fn datagrams() {
    for obfuscation in OBFUSCATIONS {
        let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let granted = reply(&local(&relay).to_string());
        let server = server(REQUEST_V4, granted, |wire| wire);
        let socket = Socks5UdpSocket::associate(at(server.addr, obfuscation)).expect("an association");
        let _control = server.join();
        relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        relay.connect(socket.local_addr()).expect("a way to the client");
        let target = "192.0.2.7:53";
        let (mut buf, mut received) = (vec![0; 60_000], vec![0; 1 << 16]);
        for round in 0..20 {
            for len in [60_000, 0, 1200] {
                let _case = Case::new(format!("{obfuscation:?}, {len} bytes, round {round}"));
                let payload = payload(len);
                let (sending, sent) = counted(|| socket.send_to(&payload, target));
                assert_eq!(sent.expect("sent"), len);
                let heard = loop {
                    let n = relay.recv(&mut received).expect("a datagram");
                    let (_, _, message) = opened(&received[..n]);
                    if !message.is_empty() {
                        break message.to_vec();
                    }
                };
                assert!(heard == datagram(target, &payload), "other bytes");
                relay.send(&records::datagram(1, b"pad", &heard)).expect("a client");
                let (receiving, n) = counted(|| socket.recv_from(&mut buf).map(|(n, _)| n));
                assert_eq!(n.expect("a datagram"), len);
                assert!(round == 0 || sending + receiving == 0, "{sending} and {receiving} allocations");
            }
        }
    }
}
