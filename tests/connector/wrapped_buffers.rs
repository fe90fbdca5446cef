//! Streams that keep what they are given until they are flushed, as those of TLS do.

use super::messages::Speaks;
use super::scene::{BEHIND, TARGET, behind, dialogue, mixtures, serving};
use super::ways::hooks::{Does, Hook};
use super::ways::{Connecting, Way, everywhere};
use crate::support::case::Case;
use crate::support::script::{Line, Manner, Script, Stall, client, proxy};
use anysocks::Stage;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const PEER: &str = "192.0.2.1:80";
const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const BANNER: &[u8] = b"banner";

const MANNERS: [Manner; 3] = {
    let buffered = Manner {
        glued: false,
        split: None,
        again: None,
        end: None,
        broken: None,
        crumbs: false,
        stall: None,
        buffered: true,
        early: false,
    };
    let interrupted = Manner { stall: Some(Stall::Interrupted), ..buffered };
    [buffered, interrupted, Manner { crumbs: true, early: true, ..interrupted }]
};

/// The proxy of the request, and the messages up to the last proxy's own.
fn chains() -> Vec<(Vec<Speaks>, Vec<Line>)> {
    let mut chains = [Speaks::ALL.map(|kind| vec![kind]).to_vec(), mixtures()].concat();
    // One of three of the last three is enough.
    chains.retain(|kinds| kinds.len() < 3 || kinds[0] != kinds[1]);
    let before = |kinds: &[Speaks]| {
        let before = kinds[..kinds.len() - 1].iter().zip(BEHIND);
        before.flat_map(|(kind, target)| kind.connection(target)).collect()
    };
    chains.into_iter().map(|kinds| (kinds.clone(), before(&kinds))).collect()
}

/// A connector that sends all bytes to the script. It dials, but does not use the dialled stream.
fn saying(way: &Way, addr: SocketAddr, kinds: &[Speaks], script: &Script) -> Box<dyn Connecting> {
    let script = script.clone();
    let hook: Hook = Box::new(move |_| Does::Say(script.clone()));
    (way.wrapped)(behind(addr, kinds).into(), hook)
}

/// Checks that the client sends all of its part, in each manner.
fn check(kinds: &[Speaks], lines: &[Line], ask: impl Fn(&dyn Connecting)) {
    let addr = serving(drop);
    let bytes = |line: &Line| if let Line::Client(bytes) = line { bytes.len() } else { 0 };
    let said: usize = lines.iter().map(bytes).sum();
    everywhere(|way| {
        for manner in MANNERS {
            let _case = Case::new(format!("{kinds:?}: {manner:?}"));
            let script = Script::new(lines, BANNER, manner);
            ask(&*saying(way, addr, kinds, &script));
            let state = script.state();
            assert_eq!((state.accepted(), state.unread()), (said, BANNER));
            assert!(state.is_flushed() && state.beyond.is_empty());
        }
    });
}

#[test]
fn a_connection() {
    for (kinds, _) in chains() {
        check(&kinds, &dialogue(&kinds, TARGET), |connector| {
            connector.connect(TARGET).expect("a tunnel");
        });
    }
}

#[test]
fn a_listener_and_its_peer() {
    for (kinds, mut lines) in chains() {
        let kind = kinds[kinds.len() - 1];
        lines.extend(kind.lines(2, PEER, kind.granted("192.0.2.7:7777")));
        lines.push(proxy(Stage::SecondReply, kind.granted("192.0.2.1:40000")));
        check(&kinds, &lines, |connector| {
            let mut listener = connector.bind(PEER).expect("a listener");
            let peer = listener.accept().expect("the peer").peer;
            assert_eq!(peer.socket_addr(), Some("192.0.2.1:40000".parse().expect("an address")));
        });
    }
}

#[test]
fn lookups() {
    for (kinds, before) in chains() {
        let kind = kinds[kinds.len() - 1];
        let address = kind.lines(0xF0, "example.com:0", kind.granted("192.0.2.1:0"));
        check(&kinds, &[&before[..], &address].concat(), |connector| {
            assert_eq!(connector.resolve("example.com").expect("an address"), IP);
        });
        if kind == Speaks::Socks4 {
            continue;
        }
        let name = kind.lines(0xF1, "192.0.2.1:0", b"\x05\0\0\x03\x01a\0\0".to_vec());
        check(&kinds, &[&before[..], &name].concat(), |connector| {
            assert_eq!(connector.resolve_ptr(IP).expect("a name").as_bytes(), b"a");
        });
    }
}

/// Only these bytes are sent before the reply. The others wait for it, and no other call would
/// flush them.
#[test]
fn more_early_data_than_leave_early() {
    let first: Vec<u8> = (0..70_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    let (early, later) = first.split_at(1 << 16);
    for (kinds, mut lines) in chains() {
        let kind = kinds[kinds.len() - 1];
        lines.extend(kind.greeting());
        lines.push(client([&kind.request(1, TARGET), early].concat()));
        lines.push(proxy(Stage::Request, kind.granted("192.0.2.7:1")));
        lines.push(client(later));
        let addr = serving(drop);
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}"));
            // The banner arrives once the client has sent all.
            let lines = [&lines[..], &[proxy(Stage::Request, [])]].concat();
            let script = Script::new(&lines, BANNER, MANNERS[0]);
            saying(way, addr, &kinds, &script).connect_with_early_data(TARGET, &first).expect("a tunnel");
            let state = script.state();
            assert!(state.is_flushed() && state.beyond.is_empty());
            assert_eq!(state.unread(), BANNER);
        });
    }
}
