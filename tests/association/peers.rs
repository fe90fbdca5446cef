//! Sockets that are connected to a peer, and receive from it only.

use crate::scene::{Setting, datagram, everywhere, fragment, inner, name_field, on_all};
use crate::support::case::Case;
use anysocks::udp::{Options, Reassembly, RecvBatch};
use anysocks::{ErrorKind, Invalid};
use std::net::UdpSocket;

#[test]
fn not_connected() {
    on_all(|scene| {
        let error = scene.socket.send(b"hello").expect_err("nobody to send to");
        assert!(matches!(inner(&error).kind(), ErrorKind::Invalid(Invalid::NotConnected)), "{error:?}");
        // All sources are received.
        scene.relays("192.0.2.7:53", b"hello");
        assert_eq!(scene.socket.recv(&mut [0; 64]).expect("a datagram"), 5);
    });
}

#[test]
fn nobody_else_is_heard() {
    on_all(|scene| {
        for (peer, heard, not_heard) in [
            (
                "192.0.2.7:53",
                &["192.0.2.7:53", "[::ffff:192.0.2.7]:53"][..],
                &["192.0.2.7:54", "192.0.2.8:53", "[2001:db8::7]:53", "192.0.2.7.example:53"][..],
            ),
            (
                "[2001:db8::7]:53",
                &["[2001:db8::7]:53"],
                &["[2001:db8::7]:54", "[2001:db8::8]:53", "192.0.2.7:53"],
            ),
            (
                "dns.example:53",
                &["192.0.2.7:53", "[2001:db8::7]:53", "dns.example:53", "DNS.Example:53"],
                &["192.0.2.7:54", "[2001:db8::7]:0", "dns.example:54", "dns2.example:53"],
            ),
        ] {
            scene.socket.connect(peer).expect("a target");
            assert_eq!(scene.socket.peer().expect("a peer").to_string(), peer);
            assert_eq!(scene.socket.send(b"hello").expect("sent"), 5);
            assert_eq!(scene.heard(), datagram(peer, b"hello"));
            for room in [64, 3000, 5000] {
                let before = scene.socket.dropped();
                for source in not_heard {
                    scene.relays(source, b"forged");
                }
                for source in heard {
                    let _case = Case::new(format!("{source} for {peer}, {room} bytes of room"));
                    scene.relays(source, b"payload");
                    let mut buf = vec![0; room];
                    let n = scene.socket.recv(&mut buf).expect("a datagram");
                    assert_eq!(&buf[..n], b"payload");
                    scene.relays(source, b"again");
                    assert_eq!(scene.received(room).0, b"again");
                }
                assert_eq!(scene.socket.dropped(), before + not_heard.len() as u64);
            }
        }
    });
}

/// No name of the caller's can be these bytes.
#[test]
fn names_that_are_no_text() {
    on_all(|scene| {
        scene.socket.connect("dns.example:53").expect("a target");
        for name in [&b""[..], b"dns.example\0", b"\xFF", b"dns.example."] {
            scene.says(&[&[0, 0, 0][..], &name_field(name, 53), b"forged"].concat());
        }
        scene.relays("192.0.2.7:53", b"payload");
        assert_eq!(scene.received(64).0, b"payload");
        assert_eq!(scene.socket.dropped(), 4);
    });
}

/// The peer can be replaced, and `send_to` sends to any target, whichever the peer is.
#[test]
fn another_peer() {
    on_all(|scene| {
        scene.socket.connect("192.0.2.7:53").expect("a target");
        scene.socket.connect("192.0.2.8:53").expect("a target");
        scene.relays("192.0.2.7:53", b"late");
        scene.relays("192.0.2.8:53", b"payload");
        assert_eq!(scene.received(64).0, b"payload");
        scene.socket.send_to(b"hello", "192.0.2.9:53").expect("sent");
        assert_eq!(scene.heard(), datagram("192.0.2.9:53", b"hello"));
        let another = scene.socket.another();
        another.connect("192.0.2.7:53").expect("a target");
        assert_eq!(scene.socket.peer().expect("a peer").to_string(), "192.0.2.7:53");
    });
}

/// Some relays name the client's own address, or whatever else, as the source.
#[test]
fn any_source() {
    everywhere(|front| {
        let options = Options::new().any_source(true);
        let scene = Setting { options, ..Setting::default() }.open(front);
        let own = scene.socket.local_addr().to_string();
        let sources = ["192.0.2.7:53", &own, "0.0.0.0:0", "[2001:db8::7]:1", "dns.example:54"];
        for peer in ["192.0.2.7:53", "dns.example:53"] {
            scene.socket.connect(peer).expect("a target");
            assert_eq!(scene.socket.send(b"hello").expect("sent"), 5);
            assert_eq!(scene.heard(), datagram(peer, b"hello"));
            for source in sources {
                for room in [64, 3000, 9000] {
                    let _case = Case::new(format!("{source} for {peer}, {room} bytes of room"));
                    scene.relays(source, b"payload");
                    let (payload, named) = scene.received(room);
                    assert_eq!((&payload[..], &*named.to_string()), (&b"payload"[..], source));
                    scene.relays(source, b"again");
                    assert_eq!(
                        scene.socket.recv_in_place(&mut [0; 300]).expect("a datagram").payload,
                        b"again"
                    );
                }
            }
        }
        assert_eq!(scene.socket.dropped(), 0);
        // Only the relay's datagrams are received, and malformed ones are dropped.
        let other = UdpSocket::bind("127.0.0.1:0").expect("a port");
        other.send_to(&datagram("192.0.2.7:53", b"forged"), scene.socket.local_addr()).expect("sent");
        scene.says(b"junk");
        scene.relays(&own, b"payload");
        assert_eq!(scene.received(64).0, b"payload");
        assert_eq!(scene.socket.dropped(), 1);
        let mut batch = RecvBatch::new(8);
        for source in sources {
            scene.relays(source, b"in a batch");
        }
        let mut heard = Vec::new();
        while heard.len() < sources.len() {
            scene.socket.recv_batch(&mut batch).expect("datagrams");
            heard.extend(batch.iter().map(|datagram| datagram.source.to_string()));
        }
        assert_eq!(heard, sources);
    });
}

/// Fragments of one source are put together.
#[test]
fn fragments_of_any_source() {
    everywhere(|front| {
        let options = Options::new().any_source(true).reassemble(Reassembly::new());
        let scene = Setting { options, ..Setting::default() }.open(front);
        scene.socket.connect("192.0.2.7:53").expect("a target");
        let own = scene.socket.local_addr().to_string();
        scene.says(&fragment(1, &own, b"pay"));
        scene.says(&fragment(0x82, &own, b"load"));
        let (payload, named) = scene.received(64);
        assert_eq!((&payload[..], named.to_string()), (&b"payload"[..], own));
    });
}

/// Without the option, a connected socket receives no datagram from such a relay, and counts them.
#[test]
fn the_clients_own_address_is_another_source() {
    on_all(|scene| {
        scene.socket.connect("192.0.2.7:53").expect("a target");
        scene.relays(&scene.socket.local_addr().to_string(), b"named wrongly");
        scene.relays("192.0.2.7:53", b"payload");
        assert_eq!(scene.received(64).0, b"payload");
        assert_eq!(scene.socket.dropped(), 1);
    });
}
