//! METHODs with an encapsulation at each proxy of a chain, and at several of them.

use crate::hop::{Hop, chain, connection, echo, echo_over, granted, serve, server};
use crate::messages::{BOUND, Speaks};
use crate::scene::{BEHIND, TARGET, play};
use crate::support::case::Case;
use crate::support::echo::{assert_echoed, payload};
use crate::support::methods::wire::Wire;
use crate::support::script::client;
use crate::support::server::Server;
use crate::ways::everywhere;
use crate::ways::hooks::{Does, Masked};
use anysocks::Resolve;
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

const FIRST: Hop = Hop::Numbered(0xC1);
const SECOND: Hop = Hop::Numbered(0xC2);
const THIRD: Hop = Hop::Numbered(0xC3);
const SOCKS5: Hop = Hop::Plain(Speaks::Socks5);
const PASSWORD: Hop = Hop::Plain(Speaks::Password);
const SOCKS4: Hop = Hop::Plain(Speaks::Socks4);
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

#[test]
fn tunnels() {
    everywhere(|way| {
        for hops in mixtures() {
            let _case = Case::new(format!("{hops:?} on {}", way.name));
            let server = server(&hops, connection(&hops, TARGET), echo);
            let (bound, mut stream) = (way.new)(chain(&hops, server.addr)).connect(TARGET).expect("a tunnel");
            assert_eq!(bound.to_string(), BOUND);
            for len in [1, 10, 11, 12, 22, 23, 300, 5000] {
                assert_echoed(&mut *stream, len);
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
            assert_echoed(&mut *stream, 1000);
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
                assert_echoed(&mut *accept.stream, 1000);
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
                assert_echoed(&mut *stream, 4);
                drop(stream);
                server.join();
            }
        }
    });
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
            assert_echoed(&mut *stream, 5);
            drop(stream);
            server.join();
        }
    });
}
