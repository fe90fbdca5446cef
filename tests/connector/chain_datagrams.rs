//! Datagrams through a chain, whose headers are nested.

use super::messages::Speaks;
use super::nest::{Kind, Nest, PEER, PLAIN, address, inner, packet, through};
use crate::support::case::Case;
use crate::support::echo::payload;
use anysocks::udp::{HEADROOM, RecvBatch, SendBatch};
use anysocks::{ErrorKind, Invalid};

const TARGETS: [&str; 3] = [PEER, "[2001:db8::7]:65535", "dns.example:1"];

/// The lengths at which the ways change by which a payload goes, and others.
const LENGTHS: [usize; 9] = [0, 1, 1200, 4064, 4074, 4096, 8192, 8193, 60_000];

const CHAINS: &[&[Kind]] =
    &[&[PLAIN, PLAIN], &[Kind::Speaks(Speaks::Password), PLAIN, Kind::Speaks(Speaks::Password)]];

#[test]
fn there() {
    through(CHAINS, |nest| {
        let socket = &nest.association;
        for target in TARGETS {
            for len in LENGTHS {
                let _case = Case::new(format!("{len} bytes to {target}"));
                let payload = payload(len);
                let expected = nest.nested(target, &payload);
                assert_eq!(socket.send_to(&payload, target).expect("sent"), len);
                assert!(nest.heard() == expected, "other bytes");
                let room = socket.headroom();
                let mut buf = [&vec![0xEE; room][..], &payload].concat();
                assert_eq!(socket.send_in_place(&mut buf, target).expect("sent"), len);
                assert!(nest.heard() == expected && buf[room..] == payload, "other bytes in place");
                socket.connect(target).expect("a target");
                assert_eq!(socket.send(&payload).expect("sent"), len);
                assert!(nest.heard() == expected, "other bytes to the peer");
            }
        }
    });
}

#[test]
fn and_back() {
    through(CHAINS, |nest| {
        let socket = &nest.association;
        for source in TARGETS {
            for len in LENGTHS {
                let _case = Case::new(format!("{len} bytes from {source}"));
                let payload = payload(len);
                for room in [len, len + 1, len / 2, 65_535] {
                    nest.relays(source, &payload);
                    let (received, from) = nest.received(room);
                    assert!(received == payload[..len.min(room)], "other bytes");
                    assert_eq!(from, address(source));
                    nest.relays(source, &payload);
                    let mut buf = vec![0xEE; room];
                    assert_eq!(socket.recv(&mut buf).expect("a datagram"), len.min(room));
                }
                nest.relays(source, &payload);
                let mut buf = vec![0; len + HEADROOM];
                let received = socket.recv_in_place(&mut buf).expect("a datagram");
                assert!(received.payload == payload, "other bytes in place");
                assert_eq!(received.source.to_address(), address(source));
            }
        }
        assert_eq!(socket.dropped(), 0);
    });
}

/// The longest payload that is promised is sent, and one more byte is not.
#[test]
fn the_longest() {
    through(CHAINS, |nest| {
        let socket = &nest.association;
        for target in TARGETS {
            let most = socket.max_payload(target);
            assert_eq!(most, 65_507 - nest.outer() - packet(target, b"").len());
            let payload = payload(most + 1);
            assert_eq!(socket.send_to(&payload[..most], target).expect("sent"), most);
            assert!(nest.heard() == nest.nested(target, &payload[..most]), "other bytes");
            socket.send_to(&payload, target).expect_err("too long");
            let mut buf = [&vec![0; socket.headroom()][..], &payload].concat();
            socket.send_in_place(&mut buf, target).expect_err("too long");
            let mut batch = SendBatch::new();
            batch.push(&payload, target).expect("no more than UDP carries");
            socket.send_batch(&mut batch).expect_err("too long");
            batch.clear();
            for payload in [&payload[..most], b"short", &payload, &payload[..most]] {
                batch.push(payload, target).expect("no more than UDP carries");
            }
            while batch.len() > 2 {
                socket.send_batch(&mut batch).expect("sent");
            }
            socket.send_batch(&mut batch).expect_err("too long");
            assert!(nest.heard() == nest.nested(target, &payload[..most]), "other bytes");
            assert!(nest.heard() == nest.nested(target, b"short"), "other bytes");
            nest.assert_works();
        }
    });
}

#[test]
fn headroom() {
    through(CHAINS, |nest| {
        let socket = &nest.association;
        let room = socket.headroom();
        assert_eq!(room, HEADROOM + nest.outer());
        for len in [0, HEADROOM, room - 1] {
            let error = socket.send_in_place(&mut vec![0; len], PEER).expect_err("no room");
            assert!(matches!(inner(&error).kind(), ErrorKind::Invalid(Invalid::NoHeadroom)), "{error:?}");
        }
        let longest = format!("{}:1", "n".repeat(255));
        assert_eq!(socket.send_in_place(&mut vec![0; room], &longest).expect("sent"), 0);
        assert_eq!(nest.heard(), nest.nested(&longest, b""));
    });
}

/// Datagrams that no relay of the chain can have sent.
fn strays(nest: &Nest) -> Vec<Vec<u8>> {
    let inner = packet(PEER, b"forged");
    let wrong = ["192.0.2.102:5003", "192.0.2.103:5002", "[2001:db8::2]:5002", "relay.example:5002"];
    let mut strays = vec![b"".to_vec(), b"junk".to_vec(), inner.clone()];
    for n in 0..nest.plan.relays.len() {
        for wrong in wrong.iter().filter(|wrong| **wrong != nest.plan.relays[n]) {
            let mut relays = nest.plan.relays.clone();
            (*wrong).clone_into(&mut relays[n]);
            strays.push(nest.nested_by(&relays, inner.clone()));
        }
        // A fragment, which a relay that is not the last one has sent.
        let mut fragment = nest.nested(PEER, b"forged");
        fragment[10 * n + 2] = 1;
        strays.push(fragment);
        // It ends within the next header.
        strays.push(nest.nested(PEER, b"")[..10 * (n + 2) - 1].to_vec());
    }
    strays
}

#[test]
fn strays_are_counted() {
    through(CHAINS, |nest| {
        let strays = strays(nest);
        let mut batch = RecvBatch::new(8);
        for round in 1..=3 {
            for stray in &strays {
                nest.says(stray);
            }
            nest.relays(PEER, b"good");
            if round == 1 {
                assert_eq!(nest.received(64), (b"good".to_vec(), address(PEER)));
            } else {
                assert_eq!(nest.association.recv_batch(&mut batch).expect("a datagram"), 1);
                let good = batch.iter().next().expect("a datagram");
                assert_eq!((good.payload, good.source.to_address()), (&b"good"[..], address(PEER)));
            }
            assert_eq!(nest.association.dropped(), round * strays.len() as u64);
        }
        // Nor are those from another source than the peer.
        nest.association.connect(PEER).expect("a peer");
        nest.relays("192.0.2.8:53", b"forged");
        nest.relays(PEER, b"good");
        assert_eq!(nest.received(64).0, b"good");
        assert_eq!(nest.association.dropped(), 3 * strays.len() as u64 + 1);
    });
}

/// Lengths in runs, as QUIC has them, and without any order.
const RUNS: [usize; 20] =
    [1200, 1200, 1200, 1200, 1200, 700, 64, 64, 64, 0, 0, 5000, 1, 9000, 2, 2, 2, 300, 299, 298];

#[test]
fn batches() {
    through(CHAINS, |nest| {
        let all: Vec<_> = RUNS.iter().enumerate().map(|(n, len)| (TARGETS[n / 8], payload(*len))).collect();
        let mut outgoing = SendBatch::new();
        for (target, payload) in &all {
            outgoing.push(payload, *target).expect("room");
        }
        while !outgoing.is_empty() {
            assert!(nest.association.send_batch(&mut outgoing).expect("sent") > 0);
        }
        for (target, payload) in &all {
            assert!(nest.heard() == nest.nested(target, payload), "other bytes");
        }
        for room in [1, 2, 32] {
            let mut incoming = RecvBatch::new(room);
            for part in all.chunks(7) {
                for (source, payload) in part {
                    nest.relays(source, payload);
                }
                let mut received = Vec::new();
                while received.len() < part.len() {
                    nest.association.recv_batch(&mut incoming).expect("datagrams");
                    let one =
                        |one: anysocks::udp::Datagram<'_>| (one.source.to_address(), one.payload.to_vec());
                    received.extend(incoming.iter().map(one));
                }
                let sent = part.iter().map(|(source, payload)| (address(source), payload.clone()));
                assert!(sent.eq(received), "other bytes");
            }
        }
        // Single datagrams go on, after the first batch too.
        nest.assert_works();
        assert_eq!(nest.association.dropped(), 0);
    });
}

/// What the system joins is separated, whichever call receives it.
#[cfg(target_os = "linux")]
#[test]
fn joined_datagrams() {
    use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
    use std::io::IoSlice;
    use std::os::fd::AsRawFd;
    through(CHAINS, |nest| {
        let mut batch = RecvBatch::new(8);
        nest.relays(PEER, b"first");
        assert_eq!(nest.association.recv_batch(&mut batch).expect("a datagram"), 1);
        for round in 0..4 {
            let parts: Vec<_> = (0..20).map(|n: u8| [n; 100]).collect();
            let all: Vec<_> = parts.iter().flat_map(|part| nest.nested(PEER, part)).collect();
            let len = u16::try_from(all.len() / parts.len()).expect("a length");
            let control = [ControlMessage::UdpGsoSegments(&len)];
            let all = [IoSlice::new(&all)];
            sendmsg::<()>(nest.relay.as_raw_fd(), &all, &control, MsgFlags::empty(), None).expect("sent");
            let mut received = Vec::new();
            while received.len() < parts.len() {
                if (round + received.len()) % 2 == 0 {
                    received.push(nest.received(200).0);
                } else {
                    nest.association.recv_batch(&mut batch).expect("datagrams");
                    received.extend(batch.iter().map(|one| one.payload.to_vec()));
                }
            }
            assert!(received == parts, "other bytes");
        }
        assert_eq!(nest.association.dropped(), 0);
    });
}
