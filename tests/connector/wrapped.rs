//! Wrapped streams: all bytes of every call go through the hook's stream.

use super::messages::{BOUND, Speaks};
use super::scene::{BEHIND, TARGET, assert_echo, behind, dialogue, falling_silent, mixtures};
use super::ways::hooks::{Does, Hook, masked};
use super::ways::{Connecting, Through, Way, everywhere};
use crate::support::case::Case;
use crate::support::script::{Line, client, proxy};
use crate::support::server::{Server, echo};
use anysocks::{Address, Chain, Name, Stage};
use std::io::Read;
use std::net::{IpAddr, SocketAddr};

const PEER: &str = "192.0.2.1:80";
const FIRST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const BANNER: &[u8] = b"banner";

fn mask() -> Hook {
    Box::new(|_| Does::Mask)
}

/// A connector that masks, and the server at the other end, which plays this and echoes.
fn masking(way: &Way, kinds: &[Speaks], lines: &[Line]) -> (Box<dyn Connecting>, Server<()>) {
    let server = Server::start(masked(lines), echo);
    ((way.wrapped)(behind(server.addr, kinds).into(), mask()), server)
}

/// The same lines, of which the last goes on with these bytes.
fn and(mut lines: Vec<Line>, more: &[u8]) -> Vec<Line> {
    let Some(Line::Proxy(_, reply)) = lines.last_mut() else { panic!("a reply comes last") };
    reply.extend(more);
    lines
}

/// One proxy of each kind, and chains of them.
fn chains() -> Vec<Vec<Speaks>> {
    [Speaks::ALL.map(|kind| vec![kind]).to_vec(), mixtures()].concat()
}

/// The dialogue with something else for the last proxy than a connection.
fn last(kinds: &[Speaks], command: u8, target: &str, reply: Vec<u8>) -> Vec<Line> {
    let (last, before) = kinds.split_last().expect("a proxy");
    let mut lines: Vec<_> = before.iter().zip(BEHIND).flat_map(|(kind, at)| kind.connection(at)).collect();
    lines.extend(last.lines(command, target, reply));
    lines
}

#[test]
fn a_connection() {
    for kinds in chains() {
        let lines = and(dialogue(&kinds, TARGET), BANNER);
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}"));
            let (connector, server) = masking(way, &kinds, &lines);
            let (addr, stream) = connector.connect(TARGET).expect("a tunnel");
            assert_eq!(addr, Address::Ip(BOUND.parse().expect("an address")));
            assert_echo(stream, BANNER);
            server.join();
        });
    }
}

#[test]
fn early_data() {
    for kinds in chains() {
        let mut lines = and(dialogue(&kinds, TARGET), BANNER);
        // They are there before the last reply.
        lines.insert(lines.len() - 1, client(FIRST));
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}"));
            let (connector, server) = masking(way, &kinds, &lines);
            assert_echo(connector.connect_with_early_data(TARGET, FIRST).expect("a tunnel").1, BANNER);
            server.join();
        });
    }
}

#[test]
fn a_listener() {
    for kinds in chains() {
        let second = kinds[kinds.len() - 1].granted("192.0.2.1:40000");
        let first = last(&kinds, 2, PEER, kinds[kinds.len() - 1].granted("0.0.0.0:7777"));
        let lines = and(and(first, &second), BANNER);
        // An unspecified address stands for the last proxy's own.
        let bound = match kinds.len() {
            1 => SocketAddr::from(([127, 0, 0, 1], 7777)),
            n => SocketAddr::new(BEHIND[n - 2].parse::<SocketAddr>().expect("an address").ip(), 7777),
        };
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}"));
            let (connector, server) = masking(way, &kinds, &lines);
            let mut listener = connector.bind(PEER).expect("a listener");
            assert_eq!(listener.bound(), &Address::Ip(bound));
            let accept = listener.accept().expect("the peer");
            assert_eq!(accept.peer, Address::Ip("192.0.2.1:40000".parse().expect("an address")));
            assert_echo(accept.stream, BANNER);
            server.join();
        });
    }
}

#[test]
fn lookups() {
    let ip: IpAddr = "192.0.2.1".parse().expect("an address");
    for kinds in chains() {
        let kind = kinds[kinds.len() - 1];
        let address = last(&kinds, 0xF0, "example.com:0", kind.granted("192.0.2.1:0"));
        let name = last(&kinds, 0xF1, "192.0.2.1:0", b"\x05\0\0\x03\x0Bexample.org\0\0".to_vec());
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}"));
            let (connector, server) = masking(way, &kinds, &address);
            assert_eq!(connector.resolve("example.com").expect("an address"), ip);
            server.join();
            if kind != Speaks::Socks4 {
                let (connector, server) = masking(way, &kinds, &name);
                let found = connector.resolve_ptr(ip).expect("a name");
                assert_eq!(found, Name::from(b"example.org".to_vec()));
                server.join();
            }
        });
    }
}

#[test]
fn a_direct_connection() {
    let target = falling_silent(masked(&[client(FIRST), proxy(Stage::Direct, BANNER)]));
    let silent = falling_silent(vec![]);
    let there = target.to_string();
    everywhere(|way| {
        let chain = || Chain::from(Speaks::Socks5.at(silent));
        let listed = (way.wrapped)(chain().into(), mask()).no_proxy("127.0.0.0/8");
        let connectors = [
            (way.wrapped)(Through::Nobody, mask()),
            (way.wrapped)(Through::Rule(Box::new(|_| None)), mask()),
            listed.another(),
            listed,
        ];
        for connector in connectors {
            let (_, mut stream) = connector.connect_with_early_data(&there, FIRST).expect("a connection");
            let mut heard = [0; BANNER.len()];
            stream.read_exact(&mut heard).expect("a banner");
            assert_eq!(heard, BANNER);
        }
    });
}

#[test]
fn exceptions_and_clones_are_those_of_any_connector() {
    everywhere(|way| {
        let server = Server::start(masked(&Speaks::Socks5.connection(TARGET)), echo);
        let wrapped = (way.wrapped)(Speaks::Socks5.at(server.addr).into(), mask());
        let shown = format!("{wrapped:?}");
        assert!(shown.contains("Wrapped"), "{shown}");
        // A later call replaces the exceptions.
        let connector = wrapped.no_proxy("example.com").no_proxy("example.org").another();
        drop(wrapped);
        assert_echo(connector.connect(TARGET).expect("a tunnel").1, b"");
        server.join();
    });
}
