//! Datagrams through a chain with encapsulations, and fragments.

use super::nest::{Kind, Nest, PEER, PLAIN, Plan, SEALED, address, inner, nested_as, packet, through};
use super::ways::everywhere;
use crate::support::case::Case;
use crate::support::echo::payload;
use crate::support::toy::{Level, PAUSE, sealed_datagram};
use anysocks::udp::{Options, Reassembly, RecvBatch, SendBatch};
use anysocks::{Chain, ErrorKind, Invalid, Stage};
use std::io;
use std::time::Instant;

/// Each layer that is sealed, and those beside it.
const CHAINS: &[&[Kind]] = &[
    &[SEALED, PLAIN],
    &[PLAIN, SEALED],
    &[SEALED, SEALED],
    &[SEALED, PLAIN, PLAIN],
    &[PLAIN, SEALED, PLAIN],
    &[PLAIN, PLAIN, SEALED],
    &[SEALED, PLAIN, SEALED],
];

/// A METHOD of an earlier proxy seals its own datagrams, and not those of later ones.
#[test]
fn both_ways() {
    through(CHAINS, |nest| {
        let socket = &nest.association;
        for target in [PEER, "[2001:db8::7]:53", "dns.example:53"] {
            for len in [0, 1, 1200, 4096, 60_000] {
                let _case = Case::new(format!("{len} bytes and {target}"));
                let payload = payload(len);
                let expected = nest.nested(target, &payload);
                assert_eq!(socket.send_to(&payload, target).expect("sent"), len);
                assert!(nest.heard() == expected, "other bytes");
                let mut buf = [&vec![0; socket.headroom()][..], &payload].concat();
                assert_eq!(socket.send_in_place(&mut buf, target).expect("sent"), len);
                assert!(nest.heard() == expected, "other bytes in place");
                nest.says(&expected);
                assert!(nest.received(len) == (payload.clone(), address(target)), "other bytes");
                nest.says(&expected);
                let mut buf = vec![0; 300 + len];
                assert!(
                    socket.recv_in_place(&mut buf).expect("a datagram").payload == payload,
                    "other bytes"
                );
            }
            let seals = nest.plan.kinds.iter().filter(|kind| kind.is_sealed()).count();
            let most = socket.max_payload(target);
            assert_eq!(most, 65_507 - seals - nest.outer() - packet(target, b"").len());
            socket.send_to(&payload(most), target).expect("sent");
            assert_eq!(nest.heard().len(), 65_507);
            socket.send_to(&payload(most + 1), target).expect_err("too long");
            let mut batch = SendBatch::new();
            batch.push(&payload(most + 1), target).expect("no more than UDP carries");
            socket.send_batch(&mut batch).expect_err("too long");
        }
        assert_eq!(socket.dropped(), 0);
    });
}

#[test]
fn batches() {
    through(CHAINS, |nest| {
        let mut outgoing = SendBatch::new();
        for n in 0..5 {
            outgoing.push(&payload(n * 100), PEER).expect("room");
        }
        while !outgoing.is_empty() {
            nest.association.send_batch(&mut outgoing).expect("sent");
        }
        let mut incoming = RecvBatch::new(8);
        for n in 0..5 {
            let expected = nest.nested(PEER, &payload(n * 100));
            assert_eq!(nest.heard(), expected);
            nest.says(b"forged");
            nest.says(&expected);
        }
        let mut received = 0;
        while received < 5 {
            nest.association.recv_batch(&mut incoming).expect("datagrams");
            for datagram in incoming.iter() {
                assert_eq!(datagram.payload, payload(received * 100));
                received += 1;
            }
        }
        assert_eq!(nest.association.dropped(), 5);
    });
}

/// A datagram that one of the relays has not sealed is delivered nowhere.
#[test]
fn forged_ones_are_counted() {
    through(CHAINS, |nest| {
        for n in (0..nest.plan.kinds.len()).filter(|n| nest.plan.kinds[*n].is_sealed()) {
            let mut kinds = nest.plan.kinds.clone();
            kinds[n] = PLAIN;
            let forged = nested_as(&kinds, &nest.plan.relays, packet(PEER, b"forged"));
            let before = nest.association.dropped();
            nest.says(&forged);
            nest.relays(PEER, b"good");
            assert_eq!(nest.received(64).0, b"good");
            assert_eq!(nest.association.dropped(), before + 1);
        }
    });
}

/// Datagrams would go unprotected where a METHOD protects streams alone.
#[test]
fn an_encapsulation_of_streams_alone() {
    everywhere(|way| {
        let relay = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
        let bound = relay.local_addr().expect("an address");
        let plan = Plan::of(&[PLAIN, Kind::Toy(Level::Streams)]);
        let server = super::scene::Listening::start(plan.transcripts(&bound.to_string()));
        let failed = (way.new)(plan.chain(server.addr)).associate().expect_err("no association");
        assert_eq!((failed.stage(), failed.hop()), (Stage::Association, Some(2)));
        assert!(matches!(failed.kind(), ErrorKind::Encapsulation(_)), "{failed:?}");
        server.join();
    });
}

/// Nothing is sent of a datagram that is too long, cover traffic neither. The cover of each layer
/// is in those around it.
#[test]
fn cover_traffic() {
    let covered = Kind::Toy(Level::PausedLong);
    through(&[&[covered, PLAIN], &[PLAIN, covered], &[SEALED, covered]], |nest| {
        let socket = &nest.association;
        let long = payload(socket.max_payload(PEER) + 1);
        let send = |payload: &[u8]| loop {
            match socket.try_send_to(payload, PEER) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
                sent => return sent,
            }
        };
        let error = send(&long).expect_err("too long");
        let kind = inner(&error).kind();
        assert!(matches!(kind, ErrorKind::Invalid(Invalid::DatagramTooLong(_))), "{error:?}");
        nest.relay.set_nonblocking(true).expect("a socket");
        let heard = nest.relay.recv(&mut [0; 64]).expect_err("nothing");
        assert_eq!(heard.kind(), io::ErrorKind::WouldBlock);
        nest.relay.set_nonblocking(false).expect("a socket");
        send(b"next").expect("sent");
        let cover = sealed_datagram(b"");
        let relays = &nest.plan.relays;
        let cover = match nest.plan.kinds[..] {
            [PLAIN, _] => packet(&relays[0], &cover),
            [SEALED, _] => sealed_datagram(&packet(&relays[0], &cover)),
            _ => cover,
        };
        assert_eq!(nest.heard(), cover);
        assert_eq!(nest.heard(), nest.nested(PEER, b"next"));
    });
}

/// A datagram waits for the pauses of all encapsulations.
#[test]
fn pauses() {
    let paused = Kind::Toy(Level::Paused);
    through(&[&[paused, PLAIN], &[PLAIN, paused], &[paused, paused]], |nest| {
        let count = nest.plan.kinds.iter().filter(|kind| **kind == paused).count();
        let started = Instant::now();
        nest.association.send_to(b"late", PEER).expect("sent");
        assert!(started.elapsed() >= PAUSE * u32::try_from(count).expect("few"), "{:?}", started.elapsed());
        nest.heard();
    });
}

fn reassembling(chain: &Chain, hop: usize) -> Chain {
    let proxies = chain.hops().iter().enumerate().map(|(n, proxy)| {
        let options = if n == hop { Options::new().reassemble(Reassembly::new()) } else { Options::new() };
        proxy.clone().udp(options)
    });
    super::scene::chain(proxies)
}

/// Fragments that the client sends are the last relay's, and those of each relay are reassembled
/// as the options of its proxy say.
#[test]
fn fragments() {
    let fragment = |mut datagram: Vec<u8>, number| {
        datagram[2] = number;
        datagram
    };
    everywhere(|way| {
        for kinds in [[PLAIN, PLAIN], [SEALED, SEALED]] {
            for hop in 0..2 {
                let _case = Case::new(format!("reassembly at {hop} of {kinds:?}"));
                let nest: Nest = Plan::of(&kinds).open(|chain| (way.new)(reassembling(&chain, hop)));
                nest.association.send_fragmented(b"fragment", PEER, 4).expect("sent");
                let parts = [(1, b"frag"), (0x82, b"ment")].map(|(number, part)| {
                    nest.nested_by(&nest.plan.relays, fragment(packet(PEER, part), number))
                });
                for part in &parts {
                    assert_eq!(nest.heard(), *part);
                    nest.says(part);
                }
                if hop == 0 {
                    // The last relay's fragments are dropped, and the first one's are reassembled.
                    let inner = match kinds[1] {
                        PLAIN => packet(PEER, b"fragment"),
                        _ => sealed_datagram(&packet(PEER, b"fragment")),
                    };
                    let (first, last) = inner.split_at(5);
                    for (number, part) in [(1, first), (0x82, last)] {
                        let part = fragment(packet(&nest.plan.relays[0], part), number);
                        let sealed = kinds[0].is_sealed();
                        nest.says(&if sealed { sealed_datagram(&part) } else { part });
                    }
                }
                assert_eq!(nest.received(64), (b"fragment".to_vec(), address(PEER)));
                assert_eq!(nest.association.dropped(), if hop == 0 { 2 } else { 0 });
                // A batch is received one by one then.
                nest.relays(PEER, b"whole");
                let mut batch = RecvBatch::new(4);
                assert_eq!(nest.association.recv_batch(&mut batch).expect("a datagram"), 1);
                assert_eq!(batch.iter().next().expect("a datagram").payload, b"whole");
            }
        }
    });
}
