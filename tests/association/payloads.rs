//! Payloads of any length, both ways: the exact bytes, and nothing beside them.

use crate::scene::{Setting, datagram, everywhere, on_all};
use crate::support::case::Case;
use crate::support::echo::payload;
use anysocks::udp::{HEADROOM, Source};
use anysocks::{Address, ErrorKind, Invalid, Target};

const TARGETS: [&str; 3] = ["192.0.2.7:53", "[2001:db8::7]:65535", "dns.example:1"];

/// The lengths at which the ways change by which a payload goes, and those around them.
const LENGTHS: [usize; 18] =
    [0, 1, 64, 1200, 1786, 2047, 2048, 2049, 2310, 3834, 4086, 4095, 4096, 4097, 4358, 5000, 9000, 60_000];

fn longest_name() -> String {
    format!("{}:53", "n".repeat(255))
}

fn address(source: &str) -> Address {
    source.parse().map_or_else(
        |_| {
            let (name, port) = source.rsplit_once(':').expect("a port");
            Address::Name(name.as_bytes().to_vec().into(), port.parse().expect("a port"))
        },
        Address::Ip,
    )
}

#[test]
fn there() {
    on_all(|scene| {
        for target in TARGETS.into_iter().chain([&*longest_name()]) {
            for len in LENGTHS {
                let _case = Case::new(format!("{len} bytes to {target}"));
                let payload = payload(len);
                let expected = datagram(target, &payload);
                assert_eq!(scene.socket.send_to(&payload, target).expect("sent"), len);
                assert!(scene.heard() == expected, "other bytes");
                let mut buf = [&[0xEE; HEADROOM][..], &payload].concat();
                assert_eq!(scene.socket.send_in_place(&mut buf, target).expect("sent"), len);
                assert!(scene.heard() == expected && buf[HEADROOM..] == payload, "other bytes in place");
                scene.socket.connect(target).expect("a target");
                assert_eq!(scene.socket.send(&payload).expect("sent"), len);
                assert!(scene.heard() == expected, "other bytes to the peer");
            }
        }
    });
}

#[test]
fn and_back() {
    on_all(|scene| {
        for source in TARGETS.into_iter().chain([&*longest_name()]) {
            for len in LENGTHS {
                let payload = payload(len);
                for room in [len, len + 1, len + HEADROOM, 65_535] {
                    let _case = Case::new(format!("{len} bytes from {source} into {room}"));
                    scene.relays(source, &payload);
                    let (received, from) = scene.received(room);
                    assert!(received == payload, "other bytes");
                    assert_eq!(from, address(source));
                    scene.relays(source, &payload);
                    let mut buf = vec![0xEE; room];
                    assert_eq!(scene.socket.recv(&mut buf).expect("a datagram"), len);
                    assert!(
                        buf[..len] == payload && buf[len..].iter().all(|byte| *byte == 0xEE || room > 4096)
                    );
                }
            }
        }
        assert_eq!(scene.socket.dropped(), 0);
    });
}

/// A longer payload is truncated, and the next datagram is whole.
#[test]
fn into_too_small_a_buffer() {
    let rooms = [
        0, 1, 2, 63, 2047, 2048, 2049, 2050, 2058, 2070, 2310, 2311, 4095, 4096, 4097, 4098, 4106, 4118,
        4357, 4358, 4359,
    ];
    on_all(|scene| {
        for source in TARGETS.into_iter().chain([&*longest_name()]) {
            for room in rooms {
                for more in [1, 9, 10, 11, 22, 261, 262, 263, 1000, 50_000] {
                    let _case = Case::new(format!("{more} bytes more than {room} from {source}"));
                    let payload = payload(room + more);
                    scene.relays(source, &payload);
                    scene.relays(source, b"");
                    assert!(scene.received(room).0 == payload[..room], "other bytes");
                    assert_eq!(scene.received(room), (Vec::new(), address(source)));
                }
            }
        }
        assert_eq!(scene.socket.dropped(), 0);
    });
}

/// In place, header and payload need room.
#[test]
fn in_place() {
    on_all(|scene| {
        for source in TARGETS.into_iter().chain([&*longest_name()]) {
            for len in LENGTHS {
                let _case = Case::new(format!("{len} bytes from {source}"));
                let payload = payload(len);
                let header = datagram(source, b"").len();
                for room in [header, header + 1, header + len, HEADROOM + len] {
                    scene.relays(source, &payload);
                    let mut buf = vec![0xEE; room];
                    let received = scene.socket.recv_in_place(&mut buf).expect("a datagram");
                    assert_eq!(received.fragment, 0);
                    assert_eq!(received.source.to_address(), address(source));
                    assert!(received.payload == &payload[..len.min(room - header)], "other bytes");
                }
                // One that is shorter than the header is like a datagram that is cut.
                let before = scene.socket.dropped();
                scene.relays(source, &payload);
                scene.relays("192.0.2.9:9", b"next");
                let mut buf = vec![0; (header - 1).max(14)];
                let received = scene.socket.recv_in_place(&mut buf).expect("the next datagram");
                if header > 14 {
                    assert_eq!(received.source, Source::Ip(([192, 0, 2, 9], 9).into()));
                    assert_eq!(received.payload, b"next");
                    assert_eq!(scene.socket.dropped(), before + 1);
                } else {
                    assert_eq!(scene.received(14).0, b"next");
                }
            }
        }
    });
}

#[test]
fn no_headroom() {
    on_all(|scene| {
        for len in [0, 1, 10, HEADROOM - 1] {
            let error = scene.socket.send_in_place(&mut vec![0; len], "192.0.2.7:53").expect_err("no room");
            let kind = crate::scene::inner(&error).kind();
            assert!(matches!(kind, ErrorKind::Invalid(Invalid::NoHeadroom)), "{error:?}");
        }
        assert_eq!(scene.socket.send_in_place(&mut [0; HEADROOM], "192.0.2.7:53").expect("sent"), 0);
        assert_eq!(scene.heard(), datagram("192.0.2.7:53", b""));
    });
}

/// The longest payload that is promised is sent, and one more byte is not.
#[test]
fn the_longest() {
    everywhere(|front| {
        for setting in [Setting::default(), Setting::v6()] {
            let scene = setting.open(front);
            let udp = if setting.at.is_ipv4() { 65_507 } else { 65_527 };
            let name = longest_name();
            for (target, header) in [(TARGETS[0], 10), (TARGETS[1], 22), (TARGETS[2], 18), (&name, 262)] {
                let most = scene.socket.max_payload(target);
                assert_eq!(most, udp - header);
                assert_eq!(anysocks::udp::overhead(&Target::try_from(target).expect("a target")), header);
                let payload = payload(most + 1);
                assert_eq!(scene.socket.send_to(&payload[..most], target).expect("sent"), most);
                assert!(scene.heard() == datagram(target, &payload[..most]), "other bytes");
                scene.socket.send_to(&payload, target).expect_err("too long");
                let mut buf = [&[0; HEADROOM][..], &payload].concat();
                scene.socket.send_in_place(&mut buf, target).expect_err("too long");
                scene.socket.send_to(b"short", target).expect("the socket goes on");
                assert_eq!(scene.heard(), datagram(target, b"short"));
            }
        }
    });
}

#[test]
fn targets_that_are_none() {
    on_all(|scene| {
        for target in ["dns.example", "", "a b:1", "dns.example:65536"] {
            let error = scene.socket.send_to(b"", target).expect_err("no target");
            assert!(matches!(crate::scene::inner(&error).kind(), ErrorKind::Invalid(_)), "{error:?}");
            scene.socket.connect(target).expect_err("no target");
        }
    });
}
