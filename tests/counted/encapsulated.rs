//! Encapsulated streams and datagrams: no allocations once their buffers are there, and one read
//! for many frames.

use crate::allocations::counted;
use crate::numbered::{CODE, Layer, sealed, sealed_by};
use crate::scene::{PATIENCE, REQUEST_V4, datagram, local, reply};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::echo::payload;
use crate::support::script::{Line, Manner, Script, client, proxy};
use crate::support::server::{Server, echo};
use crate::{REPLY, REQUEST, TARGET};
use anysocks::Stage;
use anysocks::blocking::{Socks5Stream, Socks5UdpSocket};
use anysocks::udp::HEADROOM;
use std::io::{IoSlice, Read, Write};
use std::net::UdpSocket;

pub(crate) fn lines(layer: Layer, request: &[u8], reply: &[u8]) -> Vec<Line> {
    vec![
        client([5, 1, CODE]),
        proxy(Stage::MethodSelection, [5, CODE]),
        client(sealed(layer, request)),
        proxy(Stage::Request, sealed(layer, reply)),
    ]
}

/// A stream in memory, behind whose reply these bytes are waiting. The reads are counted from the
/// tunnel on.
fn reads(layer: Layer, plain: &[u8], each: usize) {
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        let mut sealer = layer.sealer();
        let reply = sealed_by(&mut sealer, REPLY);
        let mut lines = lines(layer, REQUEST, b"");
        lines.pop();
        lines.push(proxy(Stage::Request, reply));
        let script = Script::new(&lines, &sealed_by(&mut sealer, plain), Manner::default());
        let dialogue = Dialogue::v5(layer.auth(), TARGET);
        let (_, mut stream) = (driver.handshake)(script.clone(), &dialogue).expect("the tunnel");
        let (before, mut heard) = (script.state().reads(), Vec::new());
        stream.read_to_end(&mut heard).expect("all of it");
        assert!(heard == plain, "other bytes");
        let reads = script.state().reads() - before;
        assert!(reads <= each, "{reads} reads, and {each} are enough");
    }
}

/// Two more reads than needed at first, before the pump knows that the peer is fast, and one for
/// the end.
#[test]
fn reads_of_many_frames() {
    reads(Layer::new(0x5A, 65_536), &payload(10 * 65_536), 10 + 1 + 3);
    reads(Layer::new(0x5A, 100), &payload(600 * 100), 3);
    reads(Layer::new(0x5A, 100), &payload(100), 2);
}

/// As many buffers as one frame takes, in one frame and one write.
#[test]
fn vectored_writes_fill_a_frame() {
    let layer = Layer::new(0x5A, 1000);
    let buffers: Vec<_> = (0..16).map(|fill| vec![fill; 100]).collect();
    let slices: Vec<_> = buffers.iter().map(|buffer| IoSlice::new(buffer)).collect();
    for driver in DRIVERS {
        let _case = Case::new(driver.name);
        let script = Script::new(&lines(layer, REQUEST, REPLY), b"", Manner::default());
        let dialogue = Dialogue::v5(layer.auth(), TARGET);
        let (_, mut stream) = (driver.handshake)(script.clone(), &dialogue).expect("the tunnel");
        let before = script.state().writes;
        assert_eq!(stream.write_vectored(&slices).expect("a write"), 1000);
        assert_eq!(stream.write_vectored(&[IoSlice::new(&[7; 3000]), slices[0]]).expect("a write"), 1000);
        assert_eq!(stream.write_vectored(&[IoSlice::new(b""), slices[0]]).expect("a write"), 100);
        assert_eq!(script.state().writes - before, 3);
        let mut sealer = layer.sealer();
        sealed_by(&mut sealer, REQUEST);
        let content = [&buffers[..10].concat(), &[7; 1000][..], &buffers[0]].concat();
        assert!(script.state().beyond == sealed_by(&mut sealer, &content), "other frames");
    }
}

#[test]
fn a_stream() {
    let layer = Layer { empty: 1, ..Layer::new(0x5A, 4096) };
    let server = Server::start(lines(layer, REQUEST, REPLY), echo);
    let proxy = server.proxy().auth(layer.auth()).expect("SOCKS5");
    let mut stream: Socks5Stream = Socks5Stream::connect(&proxy, TARGET).expect("the tunnel");
    let (payload, mut heard) = (payload(20_000), vec![0; 20_000]);
    let parts: Vec<_> = payload.chunks(3000).map(IoSlice::new).collect();
    for round in 0..8 {
        let (count, ()) = counted(|| {
            stream.write_all(&payload).expect("an open stream");
            assert_eq!(stream.write_vectored(&parts).expect("an open stream"), 4096);
            stream.flush().expect("an open stream");
            stream.read_exact(&mut heard).expect("an echo");
            assert!(heard == payload, "other bytes");
            stream.read_exact(&mut heard[..4096]).expect("an echo");
        });
        // How much a read finds depends on the peer, and with it the buffer's length at first.
        assert!(round < 4 || count == 0, "{count} allocations in round {round}");
    }
    drop(stream);
    server.join();
}

#[test]
fn datagrams() {
    let layer = Layer::new(0x5A, 100);
    let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let reply = reply(&local(&relay).to_string());
    let server =
        Server::start(lines(layer, REQUEST_V4, &reply), |control| control.try_clone().expect("a handle"));
    let proxy = server.proxy().auth(layer.auth()).expect("SOCKS5");
    let socket = Socks5UdpSocket::associate(&proxy).expect("an association");
    let _control = server.join();
    relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    relay.connect(socket.local_addr()).expect("a way to the client");
    let target = "192.0.2.7:53";
    socket.connect(target).expect("a target");
    for len in [60_000, 0, 1200, 5000] {
        let payload = payload(len);
        let mut in_place = [&[0; HEADROOM][..], &payload].concat();
        let mut buf = vec![0; len + HEADROOM];
        let mut wire = vec![0; 1 << 16];
        for round in 0..3 {
            let _case = Case::new(format!("{len} bytes, round {round}"));
            let mut all = 0;
            for way in 0..3 {
                let (count, sent) = counted(|| match way {
                    0 => socket.send_to(&payload, target),
                    1 => socket.send(&payload),
                    _ => socket.send_in_place(&mut in_place, target),
                });
                assert_eq!(sent.expect("sent"), len);
                let n = relay.recv(&mut wire).expect("a datagram");
                let open: Vec<u8> = wire[..n].iter().map(|byte| byte ^ layer.key).collect();
                assert!(open == [&datagram(target, &payload)[..], &[0]].concat(), "other bytes");
                relay.send(&wire[..n]).expect("a client");
                let (received, n) = counted(|| match way {
                    0 => socket.recv(&mut buf),
                    1 => socket.recv_from(&mut buf).map(|(n, _)| n),
                    _ => socket.recv_in_place(&mut buf).map(|datagram| datagram.payload.len()),
                });
                assert_eq!(n.expect("a datagram"), len);
                all += count + received;
            }
            let is_warm = len < 60_000 || round > 0;
            assert!(!is_warm || all == 0, "{all} allocations");
        }
    }
}
