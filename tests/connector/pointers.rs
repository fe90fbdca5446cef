//! Lookups of an address's name through the proxies for that address.

use super::messages::{Speaks, field};
use super::scene::{BEHIND, Lonely, behind, error, falling_silent, invalid, serving};
use super::ways::{at_once, everywhere};
use crate::support::case::Case;
use crate::support::clock::assert_on_time;
use crate::support::script::Line;
use crate::support::server::Server;
use anysocks::{Chain, ErrorKind, Invalid, Name, Proxy, Reply, Stage};
use std::net::IpAddr;
use std::time::{Duration, Instant};

const FOUND: &[u8] = b"\x05\0\0\x03\x0Bexample.org\0\0";
/// One of each family.
const IPS: [&str; 2] = ["192.0.2.1", "2001:db8::7"];

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// The messages to Tor, and its answers.
fn lookup(kind: Speaks, ip: &str, reply: &[u8]) -> Vec<Line> {
    let target = if ip.contains(':') { format!("[{ip}]:0") } else { format!("{ip}:0") };
    kind.lines(0xF1, &target, reply.to_vec())
}

/// Proxies that support the lookup, and others before them.
const KINDS: [&[Speaks]; 5] = [
    &[Speaks::Socks5],
    &[Speaks::Password],
    &[Speaks::Socks5, Speaks::Password],
    &[Speaks::Socks4, Speaks::Socks5],
    &[Speaks::Password, Speaks::Socks4, Speaks::Socks5],
];

fn lines(kinds: &[Speaks], ip: &str, reply: &[u8]) -> Vec<Line> {
    let (last, before) = kinds.split_last().expect("a proxy");
    let before = before.iter().zip(BEHIND).flat_map(|(kind, target)| kind.connection(target));
    before.chain(lookup(*last, ip, reply)).collect()
}

#[test]
fn the_last_proxy_knows_it() {
    assert_eq!(field("192.0.2.1:0"), b"\x01\xC0\x00\x02\x01\0\0");
    for (kinds, text) in KINDS.iter().flat_map(|kinds| IPS.map(|ip| (kinds, ip))) {
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}: {text}"));
            let server = Server::start(lines(kinds, text, FOUND), |_| ());
            let connector = (way.new)(behind(server.addr, kinds));
            assert_eq!(connector.resolve_ptr(ip(text)).expect("a name"), Name::from(b"example.org".to_vec()));
            server.join();

            let server = Server::start(lines(kinds, text, FOUND), |_| ());
            let chain = behind(server.addr, kinds);
            // The rule gets the address with port 0.
            let rule = (way.by_rule_of_chains)(Box::new(move |target| {
                (target.ip() == Some(ip(text)) && target.port() == 0).then(|| chain.clone())
            }));
            assert_eq!(rule.resolve_ptr(ip(text)).expect("a name"), Name::from(b"example.org".to_vec()));
            server.join();
        });
    }
}

#[test]
fn the_last_proxy_does_not_know_it() {
    let refused = Speaks::Socks5.refused();
    let address = b"\x05\0\0\x01\xC0\x00\x02\x01\0\0".to_vec();
    for kinds in KINDS {
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}"));
            for reply in [&refused, &address] {
                let server = Server::start(lines(kinds, IPS[0], reply), |_| ());
                let chain = behind(server.addr, kinds);
                let (url, of) = (chain.hops()[kinds.len() - 1].to_string(), kinds.len());
                let failed = error((way.new)(chain).resolve_ptr(ip(IPS[0])));
                assert_eq!(failed.stage(), Stage::Request);
                assert_eq!((failed.hop(), failed.proxy()), ((of > 1).then_some(of), Some(&*url)));
                match failed.kind() {
                    ErrorKind::Refused(Reply::V5(4)) => assert_eq!(*reply, refused),
                    ErrorKind::Malformed { field: "ATYP", byte: 1 } => assert_eq!(*reply, address),
                    _ => panic!("{failed:?}"),
                }
                server.join();
            }
        });
    }
}

#[test]
fn nobody_to_ask() {
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        let proxy: Proxy = Speaks::Socks5.at(addr);
        let connectors = [
            (way.direct)(),
            (way.by_rule)(Box::new(|_| None)),
            (way.by_rule_of_chains)(Box::new(|_| None)),
            (way.new)(Chain::from(&proxy)).no_proxy("192.0.2.0/24, 2001:db8::/32"),
            (way.by_rule)(Box::new(move |_| Some(proxy.clone()))).no_proxy("*"),
        ];
        for (connector, text) in connectors.iter().flat_map(|connector| IPS.map(|ip| (connector, ip))) {
            assert_eq!(invalid(connector.resolve_ptr(ip(text))), Invalid::NoProxyToAsk);
        }
        lonely.assert_alone();
    });
}

#[test]
fn socks4_cannot_be_asked() {
    for kinds in [&[Speaks::Socks4][..], &[Speaks::Socks4; 2], &[Speaks::Socks5, Speaks::Socks4]] {
        everywhere(|way| {
            let (lonely, addr) = Lonely::new();
            for text in IPS {
                let failed = error((way.new)(behind(addr, kinds)).resolve_ptr(ip(text)));
                assert_eq!(failed.hop(), (kinds.len() > 1).then_some(kinds.len()));
                assert_eq!(
                    invalid::<()>(Err(failed)),
                    Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" }
                );
            }
            lonely.assert_alone();
        });
    }
}

#[test]
fn limits_are_kept() {
    let limit = Duration::from_secs(1);
    let kinds = [Speaks::Socks4, Speaks::Socks5];
    let silent = falling_silent(kinds[0].connection(BEHIND[0]));
    let gone = serving(drop);
    at_once(|way| {
        let started = Instant::now();
        let late = error((way.new)(behind(silent, &kinds).timeout(limit)).resolve_ptr(ip(IPS[0])));
        assert_on_time(started, limit);
        assert!(late.is_timeout(), "{late:?}");
        assert_eq!((late.stage(), late.hop()), (Stage::MethodSelection, Some(2)));
        let failed = error((way.new)(behind(gone, &kinds)).resolve_ptr(ip(IPS[0])));
        assert_eq!(failed.hop(), Some(1), "{failed:?}");
    });
}
