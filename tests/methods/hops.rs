//! METHODs with an encapsulation at each proxy of a chain, and at several of them.

use crate::hop::{Hop, chain, connection, echo, echo_over, granted, serve, server};
use crate::messages::{BOUND, Speaks};
use crate::scene::{self, BEHIND, TARGET, error, play};
use crate::support::blocked::send;
use crate::support::case::Case;
use crate::support::methods::preparing::{Gate, slow};
use crate::support::methods::wire::Wire;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use crate::ways::hooks::{Does, Masked};
use crate::ways::{at_once, everywhere};
use anysocks::{ErrorKind, Proxy, Reply, Resolve, Stage};
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

const FIRST: Hop = Hop::Numbered(0xC1);
const SECOND: Hop = Hop::Numbered(0xC2);
const THIRD: Hop = Hop::Numbered(0xC3);
const SOCKS5: Hop = Hop::Plain(Speaks::Socks5);
const PASSWORD: Hop = Hop::Plain(Speaks::Password);
const SOCKS4: Hop = Hop::Plain(Speaks::Socks4);
const CODE: u8 = 0xC0;
const PEER: &str = "192.0.2.9:40000";

fn mixtures() -> Vec<Vec<Hop>> {
    vec![
        vec![FIRST],
        vec![FIRST, SOCKS5],
        vec![FIRST, PASSWORD],
        vec![FIRST, SOCKS4],
        vec![SOCKS5, SECOND],
        vec![SOCKS4, SECOND],
        vec![FIRST, SECOND],
        vec![FIRST, Hop::Bare(0xC2)],
        vec![Hop::Bare(0xC1), SECOND],
        vec![Hop::Speaking(0xC1), SOCKS5],
        vec![Hop::Speaking(0xC1), Hop::Speaking(0xC2)],
        vec![FIRST, SECOND, SOCKS4],
        vec![FIRST, SOCKS4, THIRD],
        vec![SOCKS5, SECOND, THIRD],
        vec![FIRST, SECOND, THIRD],
    ]
}

/// Bytes in which a frame that was lost, doubled or swapped would show.
fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251).to_le_bytes()[0] ^ (at / 251).to_le_bytes()[0]).collect()
}

#[test]
fn tunnels() {
    everywhere(|way| {
        for hops in mixtures() {
            let _case = Case::new(format!("{hops:?} on {}", way.name));
            let server = server(&hops, connection(&hops, TARGET), echo);
            let (bound, mut stream) = (way.new)(chain(&hops, server.addr)).connect(TARGET).expect("a tunnel");
            assert_eq!(bound.to_string(), BOUND);
            for len in [1, 10, 11, 12, 22, 23, 300, 5000] {
                let payload = payload(len);
                send(&mut *stream, &payload).expect("an open stream");
                let mut heard = vec![0; len];
                stream.read_exact(&mut heard).expect("an echo");
                assert!(heard == payload, "an echo of {len} bytes is not what was sent");
            }
            drop(stream);
            server.join();
        }
    });
}

/// Over a stream that the connector wraps.
#[test]
fn tunnels_over_a_wrapped_stream() {
    everywhere(|way| {
        for hops in mixtures() {
            let _case = Case::new(format!("{hops:?} on {}", way.name));
            let lines = connection(&hops, TARGET);
            let played = hops.clone();
            let server = Server::start(Vec::new(), move |client| {
                let mut wire = Wire::new(Masked(client));
                serve(&played, &mut wire).expect("the proxies' part");
                play(&mut wire, &lines).expect("the request");
                echo_over(&mut wire);
            });
            let connector = (way.wrapped)(chain(&hops, server.addr).into(), Box::new(|_| Does::Mask));
            let (_, mut stream) = connector.connect(TARGET).expect("a tunnel");
            let payload = payload(1000);
            send(&mut *stream, &payload).expect("an open stream");
            let mut heard = vec![0; payload.len()];
            stream.read_exact(&mut heard).expect("an echo");
            assert!(heard == payload, "an echo that is not what was sent");
            drop(stream);
            server.join();
        }
    });
}

/// The first bytes of the target are in the frame of the last reply.
#[test]
fn a_banner_with_the_reply() {
    everywhere(|way| {
        for hops in mixtures() {
            let _case = Case::new(format!("{hops:?} on {}", way.name));
            let speaks = hops[hops.len() - 1].speaks();
            let reply = [speaks.granted(BOUND), b"banner".to_vec()].concat();
            let server = server(&hops, vec![client(speaks.request(1, TARGET)), granted(reply)], |_| ());
            let (_, mut stream) = (way.new)(chain(&hops, server.addr)).connect(TARGET).expect("a tunnel");
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).expect("all, and the end");
            assert_eq!(heard, b"banner");
            server.join();
        }
    });
}

/// Both replies of BIND, in frames of their own and in one.
#[test]
fn listeners() {
    everywhere(|way| {
        for hops in mixtures() {
            for glued in [false, true] {
                let _case = Case::new(format!("{hops:?} on {}, glued: {glued}", way.name));
                let speaks = hops[hops.len() - 1].speaks();
                let (first, second) = (speaks.granted(BOUND), speaks.granted(PEER));
                let (now, later) =
                    if glued { ([first, second].concat(), Vec::new()) } else { (first, second) };
                let request = vec![client(speaks.request(2, PEER)), granted(now)];
                let server = server(&hops, request, move |wire| {
                    wire.write_all(&later).expect("a client that listens");
                    echo(wire);
                });
                let mut listener = (way.new)(chain(&hops, server.addr)).bind(PEER).expect("a listener");
                assert_eq!(listener.raw_bound().to_string(), BOUND);
                let mut accept = listener.accept().expect("a peer");
                assert_eq!(accept.peer.to_string(), PEER);
                let payload = payload(1000);
                send(&mut *accept.stream, &payload).expect("an open stream");
                let mut heard = vec![0; payload.len()];
                accept.stream.read_exact(&mut heard).expect("an echo");
                assert!(heard == payload, "an echo that is not what was sent");
                drop(accept);
                server.join();
            }
        }
    });
}

/// A second reply that comes byte by byte, and an accept that is cancelled meanwhile.
#[test]
fn listeners_that_wait_again() {
    everywhere(|way| {
        for hops in mixtures() {
            let _case = Case::new(format!("{hops:?} on {}", way.name));
            let speaks = hops[hops.len() - 1].speaks();
            let request = vec![client(speaks.request(2, PEER)), granted(speaks.granted(BOUND))];
            let server = server(&hops, request, move |wire| {
                for byte in wire.sealed(&[speaks.granted(PEER), b"banner".to_vec()].concat()) {
                    wire.stream.write_all(&[byte]).expect("a client that listens");
                    thread::sleep(Duration::from_micros(200));
                }
            });
            let mut listener = (way.new)(chain(&hops, server.addr)).bind(PEER).expect("a listener");
            let mut accept = loop {
                match listener.accept_within(Duration::from_micros(500)) {
                    Ok(accept) => break accept,
                    Err(error) => assert!(error.is_timeout(), "{error:?}"),
                }
            };
            assert_eq!(accept.peer.to_string(), PEER);
            let mut heard = Vec::new();
            accept.stream.read_to_end(&mut heard).expect("all, and the end");
            assert_eq!(heard, b"banner");
            server.join();
        }
    });
}

#[test]
fn lookups() {
    everywhere(|way| {
        for hops in mixtures().into_iter().filter(|hops| hops[hops.len() - 1] != SOCKS4) {
            let _case = Case::new(format!("{hops:?} on {}", way.name));
            let speaks = hops[hops.len() - 1].speaks();
            let request = vec![client(speaks.request(0xF0, "a.b:0")), granted(speaks.granted(BOUND))];
            let server = server(&hops, request, |_| ());
            let ip = (way.new)(chain(&hops, server.addr)).resolve("a.b").expect("an address");
            assert_eq!(ip.to_string(), "192.0.2.7");
            server.join();
        }
    });
}

/// Early data goes with the request, behind proxies that encapsulate it.
#[test]
fn early_data() {
    everywhere(|way| {
        for hops in mixtures().into_iter().filter(|hops| matches!(hops[hops.len() - 1], Hop::Plain(_))) {
            for len in [16, 70_000] {
                let _case = Case::new(format!("{len} bytes through {hops:?} on {}", way.name));
                let speaks = hops[hops.len() - 1].speaks();
                let early = payload(len);
                let expected = early.clone();
                let server = server(&hops, vec![client(speaks.request(1, TARGET))], move |wire| {
                    // The rest may follow the reply.
                    let (first, rest) = expected.split_at(expected.len().min(16));
                    play(wire, &[client(first), granted(speaks.granted(BOUND)), client(rest)])
                        .expect("the early data");
                    echo(wire);
                });
                let connector = (way.new)(chain(&hops, server.addr));
                let (_, mut stream) = connector.connect_with_early_data(TARGET, &early).expect("a tunnel");
                send(&mut *stream, b"more").expect("an open stream");
                let mut heard = [0; 4];
                stream.read_exact(&mut heard).expect("an echo");
                assert_eq!(&heard, b"more");
                drop(stream);
                server.join();
            }
        }
    });
}

#[derive(Clone, Copy, Debug)]
enum End {
    Refuses,
    Closes,
    Forges,
    /// Inside of the frames of the proxies before it.
    ForgesInside,
}

/// The target is a name that this machine resolves.
#[test]
fn names_that_are_resolved_here() {
    everywhere(|way| {
        for hops in mixtures().into_iter().filter(|hops| hops[hops.len() - 1] != SOCKS4) {
            let _case = Case::new(format!("{hops:?} on {}", way.name));
            let server = server(&hops, Vec::new(), |wire| {
                let mut request = [0; 4];
                wire.read_exact(&mut request).expect("a request");
                let rest = if request == [5, 1, 0, 1] { 4 + 2 } else { 16 + 2 };
                wire.read_exact(&mut vec![0; rest]).expect("an address");
                wire.write_all(&Speaks::Socks5.granted(BOUND)).expect("a client that listens");
                echo(wire);
            });
            let (last, others) = hops.split_last().expect("a proxy");
            let at = others.len().checked_sub(1).map(|n| BEHIND[n].parse().expect("an address"));
            let last = last.proxy(at.unwrap_or(server.addr)).resolve(Resolve::Locally);
            let through = match others {
                [] => last.into(),
                others => chain(others, server.addr).then(last).expect("a chain"),
            };
            let (_, mut stream) = (way.new)(through).connect("localhost:80").expect("a tunnel");
            send(&mut *stream, b"hello").expect("an open stream");
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).expect("an echo");
            assert_eq!(&heard, b"hello");
            drop(stream);
            server.join();
        }
    });
}

/// The time that a later proxy's METHOD takes is not the first proxy's.
#[test]
fn a_slow_preparation_of_a_later_one() {
    at_once(|way| {
        let gate = Gate::default();
        let lines = vec![
            client([5, 1, 0]),
            proxy(Stage::MethodSelection, [5, 0]),
            client(Speaks::Socks5.request(1, BEHIND[0])),
            proxy(Stage::Request, *b"\x05\x05"),
        ];
        let server = Server::start(lines, |_| ());
        let first = server.proxy().timeout(Duration::from_secs(3));
        let second = Proxy::socks5(BEHIND[0]).and_then(|proxy| proxy.auth(slow(CODE, &gate)));
        let chain = scene::chain([first, second.expect("SOCKS5").timeout(Duration::from_secs(60))]);
        let opened = thread::spawn(move || {
            gate.wait_for(1);
            thread::sleep(Duration::from_millis(3500));
            gate.open();
        });
        let failed = error((way.new)(chain).connect(TARGET));
        assert_eq!((failed.hop(), failed.reply()), (Some(1), Some(Reply::CONNECTION_REFUSED)), "{failed:?}");
        opened.join().expect("no panic");
        server.join();
    });
}

/// Bytes of the next proxy in the frame of the grant, before anything was sent to it.
#[test]
fn one_that_speaks_unasked() {
    everywhere(|way| {
        let hops = [FIRST, SOCKS5];
        let server = Server::start(Vec::new(), move |stream| {
            let mut wire = Wire::new(stream);
            hops[0].authenticate(&mut wire).expect("a client");
            play(&mut wire, &[client(Speaks::Socks5.request(1, BEHIND[0]))]).expect("a request");
            let early = [Speaks::Socks5.granted(BOUND), vec![5, 0]].concat();
            wire.write_all(&early).expect("a client that listens");
        });
        let failed = error((way.new)(chain(&hops, server.addr)).connect(TARGET));
        assert!(matches!(failed.kind(), ErrorKind::Encapsulation(_)), "{failed:?}");
        assert_eq!(failed.hop(), Some(2));
        assert!(format!("{failed:#}").ends_with("before it was asked for anything"), "{failed:#}");
        server.join();
    });
}

/// A refusal, a close and a forged frame are errors of the proxy that made them.
#[test]
fn errors_of_a_hop() {
    let hops = [FIRST, SECOND, SOCKS5];
    for (at, end) in (1..=3)
        .flat_map(|at| [(at, End::Refuses), (at, End::Closes), (at, End::Forges), (at, End::ForgesInside)])
    {
        everywhere(|way| {
            let _case = Case::new(format!("proxy {at} {end:?} on {}", way.name));
            let server = Server::start(Vec::new(), move |client| {
                let mut wire = Wire::new(client);
                serve(&hops[..at], &mut wire).expect("the proxies' part");
                assert!(wire.read(&mut [0; 64]).expect("a part of the request") > 0);
                match end {
                    End::Refuses => wire.write_all(&Speaks::Socks5.refused()).expect("a client that listens"),
                    End::Closes => {}
                    // Not a frame, of any proxy.
                    End::Forges => wire.stream.write_all(&[0; 64]).expect("a client that listens"),
                    End::ForgesInside => {
                        wire.bare();
                        wire.write_all(&[0; 64]).expect("a client that listens");
                    }
                }
            });
            let failed = error((way.new)(chain(&hops, server.addr)).connect(TARGET));
            assert_eq!((failed.hop(), failed.stage()), (Some(at), Stage::Request), "{failed}");
            match (end, failed.kind()) {
                (End::Refuses, ErrorKind::Refused(_))
                | (End::Closes, ErrorKind::EndedEarly { .. } | ErrorKind::Io(_))
                | (End::Forges | End::ForgesInside, ErrorKind::Encapsulation(_)) => {}
                _ => panic!("{failed:?}"),
            }
            server.join();
        });
    }
}
