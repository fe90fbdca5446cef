//! The time that each proxy of a chain may take, and that all of them may.

use super::messages::Speaks;
use super::scene::{BEHIND, TARGET, behind, chain, dialogue, error, falling_silent, play, serving};
use super::ways::{Way, at_once, everywhere};
use crate::support::clock::assert_on_time;
use crate::support::script::Line;
use anysocks::{Chain, Error, Proxy, Stage};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

const KINDS: [Speaks; 3] = [Speaks::Socks4, Speaks::Socks5, Speaks::Socks4];

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Proxies that think this long before they answer a request.
fn slow(lines: Vec<Line>, thought: Duration) -> SocketAddr {
    serving(move |mut client| {
        for line in &lines {
            if matches!(line, Line::Proxy(Stage::Request, _)) {
                thread::sleep(thought);
            }
            if play(&mut client, std::slice::from_ref(line)).is_err() {
                return;
            }
        }
        let _ = client.write_all(b"word");
    })
}

fn assert_late(way: &Way, chain: Chain, limit: Duration) -> Error {
    let started = Instant::now();
    let error = error((way.new)(chain).connect(TARGET));
    assert_on_time(started, limit);
    assert!(error.is_timeout(), "{error:?}");
    error
}

/// Each proxy with a limit of its own.
fn limited(addr: SocketAddr, kinds: &[Speaks], limits: &[Option<Duration>]) -> Chain {
    let hops = behind(addr, kinds);
    let hops = hops.hops().iter().cloned().zip(limits);
    chain(hops.map(|(proxy, limit)| proxy.timeout(*limit)))
}

#[test]
fn one_that_is_silent_takes_its_own_time() {
    let limit = millis(1000);
    for silent in 0..KINDS.len() {
        let target = |n: usize| BEHIND.get(n).unwrap_or(&TARGET);
        let before: Vec<_> = (0..silent).flat_map(|n| KINDS[n].connection(target(n))).collect();
        let addr = falling_silent(before);
        at_once(|way| {
            let mut limits = [None; 3];
            limits[silent] = Some(limit);
            let error = assert_late(way, limited(addr, &KINDS, &limits), limit);
            let stage = if KINDS[silent] == Speaks::Socks5 { Stage::MethodSelection } else { Stage::Request };
            assert_eq!((error.hop(), error.stage()), (Some(silent + 1), stage));
        });
    }
}

#[test]
fn a_chain_that_is_silent_takes_the_time_of_all() {
    let limit = millis(1000);
    let addr = falling_silent(dialogue(&KINDS[..2], BEHIND[1]));
    at_once(|way| {
        for own in [None, Some(Duration::from_secs(20)), Some(Duration::MAX)] {
            let error = assert_late(way, limited(addr, &KINDS, &[own; 3]).timeout(limit), limit);
            assert_eq!((error.hop(), error.stage()), (Some(3), Stage::Request));
        }
        // The earlier of both counts, whichever it is.
        let limits = [None, None, Some(limit)];
        let error = assert_late(way, limited(addr, &KINDS, &limits).timeout(Duration::from_secs(20)), limit);
        assert_eq!(error.hop(), Some(3));
    });
}

#[test]
fn the_own_time_of_each_begins_with_its_turn() {
    let addr = slow(dialogue(&KINDS, TARGET), millis(1000));
    at_once(|way| {
        // Together they take 3 s.
        let chain = limited(addr, &KINDS, &[Some(millis(2500)); 3]);
        let (_, mut stream) = (way.new)(chain).connect(TARGET).expect("a tunnel");
        let mut word = [0; 4];
        stream.read_exact(&mut word).expect("a word");
        assert_eq!(&word, b"word");
    });
}

#[test]
fn the_time_of_all_does_not_begin_anew() {
    let addr = slow(dialogue(&KINDS, TARGET), millis(1000));
    at_once(|way| {
        let limit = millis(2500);
        let error = assert_late(way, limited(addr, &KINDS, &[Some(limit); 3]).timeout(limit), limit);
        assert!(error.hop() > Some(1), "{error:?}");
    });
}

#[test]
fn no_limit_at_all() {
    let addr = slow(dialogue(&KINDS[..2], TARGET), millis(20));
    everywhere(|way| {
        let chain = limited(addr, &KINDS[..2], &[None; 2]).timeout(None);
        (way.new)(chain).connect(TARGET).expect("a tunnel");
    });
}

/// A proxy that sends a long name byte by byte times out all the same, over a wrapped stream too.
#[test]
fn a_trickle_through_what_wraps_the_stream() {
    let addr = serving(|mut client| {
        let hello_and_reply = [&[5, 0, 5, 0, 0, 3, 255][..], &[b'a'; 257]].concat();
        for byte in hello_and_reply {
            if client.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(millis(20));
        }
    });
    let limit = millis(1000);
    let proxy = || Proxy::socks5(addr).expect("a proxy").timeout(limit);
    let late = |error: &Error, started: Instant, stage| {
        assert_on_time(started, limit);
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(error.stage(), stage);
    };

    let started = Instant::now();
    let talking = anysocks::blocking::Connector::new(proxy()).wrapped(|stream, _| Ok(stream));
    late(&talking.connect(TARGET).expect_err("a proxy that is late"), started, Stage::Request);

    let started = Instant::now();
    let wrapping = anysocks::blocking::Connector::new(proxy()).wrapped(|mut stream, _| {
        stream.read_exact(&mut [0; 200])?;
        Ok(stream)
    });
    late(&wrapping.connect(TARGET).expect_err("a proxy that is late"), started, Stage::Dial);
}
