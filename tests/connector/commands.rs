//! The requests other than CONNECT.

use super::messages::{Speaks, request4};
use super::scene::{BEHIND, Lonely, behind, chain, error, invalid, play, serving};
use super::ways::everywhere;
use crate::support::blocked::send;
use crate::support::case::Case;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use anysocks::{Address, ErrorKind, Invalid, Proxy, Reply, Resolve, Stage};
use std::io::{Read, Write};
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

const PEER: &str = "192.0.2.1:80";

fn ip(addr: &str) -> Address {
    Address::Ip(addr.parse().expect("an address"))
}

#[test]
fn a_listener_on_each_version() {
    for kind in Speaks::ALL {
        everywhere(|way| {
            let _case = Case::new(format!("{kind:?}"));
            // An unspecified address stands for the proxy's own.
            let lines = kind.lines(2, PEER, kind.granted("0.0.0.0:7777"));
            let server = Server::start(lines, move |mut client| {
                client.write_all(&kind.granted("192.0.2.1:40000")).expect("a client that listens");
                crate::support::server::echo(client);
            });
            let mut listener = (way.new)(kind.at(server.addr).into()).bind(PEER).expect("a listener");
            assert_eq!(
                (listener.bound(), listener.raw_bound()),
                (&ip("127.0.0.1:7777"), &ip("0.0.0.0:7777"))
            );
            let mut accept = listener.accept().expect("the peer");
            assert_eq!(accept.peer, ip("192.0.2.1:40000"));
            send(&mut *accept.stream, b"hello").expect("an open stream");
            let mut heard = [0; 5];
            accept.stream.read_exact(&mut heard).expect("an echo");
            assert_eq!(&heard, b"hello");
            drop((accept, listener));
            server.join();
        });
    }
}

#[test]
fn a_listener_at_the_end_of_a_chain() {
    let kinds = [Speaks::Socks4, Speaks::Password];
    let last = Speaks::Password.lines(2, PEER, Speaks::Password.granted("0.0.0.0:7777"));
    let lines = [Speaks::Socks4.connection(BEHIND[0]), last].concat();
    everywhere(|way| {
        let server = Server::start(lines.clone(), |mut client| {
            client.write_all(&Speaks::Password.refused()).expect("a client that listens");
        });
        let chain = behind(server.addr, &kinds);
        let url = chain.hops()[1].to_string();
        let mut listener = (way.new)(chain).bind(PEER).expect("a listener");
        // It is the last proxy that listens.
        assert_eq!(listener.bound(), &ip("192.0.2.2:7777"));
        let failed = error(listener.accept());
        assert_eq!((failed.stage(), failed.reply()), (Stage::SecondReply, Some(Reply::V5(4))));
        assert_eq!((failed.proxy(), failed.hop(), failed.hops()), (Some(&*url), Some(2), Some(2)));
        server.join();
    });
}

/// The address of a proxy whose name was resolved on this machine is known.
#[test]
fn a_listener_of_a_proxy_that_was_looked_up() {
    let kind = Speaks::Socks5;
    let last = kind.lines(2, PEER, kind.granted("0.0.0.0:7777"));
    everywhere(|way| {
        let last = last.clone();
        let addr = serving(move |mut client| {
            // Whatever address the name has here.
            let mut request = [0; 22];
            let greeted = play(&mut client, &kind.greeting()).and_then(|()| client.read(&mut request));
            let granted = greeted.and_then(|_| client.write_all(&kind.granted("192.0.2.7:1")));
            let _ = granted.and_then(|()| play(&mut client, &last));
        });
        let first = kind.at(addr).resolve(Resolve::Locally);
        let hops = chain([first, Proxy::socks5("localhost:1080").expect("a proxy")]);
        let listener = (way.new)(hops).bind(PEER).expect("a listener");
        assert!(listener.bound().ip().is_some_and(|ip| ip.is_loopback()), "{:?}", listener.bound());
    });
}

#[test]
fn a_listener_by_a_rule_and_despite_exceptions() {
    everywhere(|way| {
        let kind = Speaks::Socks5;
        let server = Server::start(kind.lines(2, PEER, kind.refused()), |_| ());
        let addr = server.addr;
        let connector =
            (way.by_rule)(Box::new(move |target| (target.to_string() == PEER).then(|| kind.at(addr))));
        assert_eq!(error(connector.bind(PEER)).reply(), Some(Reply::V5(4)));
        server.join();
        let (lonely, addr) = Lonely::new();
        let excepted = (way.new)(kind.at(addr).into()).no_proxy("192.0.2.1");
        assert_eq!(invalid(excepted.bind(PEER)), Invalid::NoProxyToAsk);
        lonely.assert_alone();
    });
}

#[test]
fn an_association() {
    let relay = UdpSocket::bind("127.0.0.1:0").expect("a port");
    relay.set_read_timeout(Some(Duration::from_secs(8))).expect("a timeout");
    let kind = Speaks::Password;
    let granted = kind.granted(&relay.local_addr().expect("an address").to_string());
    everywhere(|way| {
        let lines = kind.lines(3, "0.0.0.0:0", granted.clone());
        let server = Server::start(lines, |mut client| drop(client.read(&mut [0])));
        // The targets of datagrams have no effect on the route.
        let connector = (way.new)(kind.at(server.addr).into()).no_proxy("*");
        let association = connector.associate().expect("an association");
        association.send_to(b"ping", PEER).expect("a way to the relay");
        let mut datagram = [0; 100];
        let n = relay.recv(&mut datagram).expect("a datagram");
        assert_eq!(&datagram[..n], b"\0\0\0\x01\xC0\x00\x02\x01\x00\x50ping");
        drop(association);
        server.join();
    });
}

#[test]
fn no_association_but_through_socks5() {
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        let chain = (way.new)(behind(addr, &[Speaks::Socks4, Speaks::Socks5]));
        assert_eq!(invalid(chain.associate()), Invalid::DatagramsThroughSocks4);
        let rule = (way.by_rule)(Box::new(move |_| Some(Speaks::Socks5.at(addr))));
        assert_eq!(invalid(rule.associate()), Invalid::NoProxyToAsk);
        let tls = (way.new)(Speaks::Socks5.at(addr).behind_tls(true).into());
        assert_eq!(invalid(tls.associate()), Invalid::TlsNotWrapped);
        let v4 = (way.new)(Speaks::Socks4.at(addr).into());
        assert!(matches!(invalid(v4.associate()), Invalid::WrongVersion { .. }));
        lonely.assert_alone();
    });
}

const NAME: &str = "example.com";
const FOUND: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// The messages to Tor, and its answers.
fn lookup(kind: Speaks, reply: Vec<u8>) -> Vec<crate::support::script::Line> {
    kind.lines(0xF0, "example.com:0", reply)
}

#[test]
fn the_proxy_looks_a_name_up() {
    assert_eq!(request4(0xF0, "me", "example.com:0"), b"\x04\xF0\0\0\0\0\0\x01me\0example.com\0");
    for kind in Speaks::ALL {
        everywhere(|way| {
            let _case = Case::new(format!("{kind:?}"));
            let server = Server::start(lookup(kind, kind.granted("192.0.2.1:0")), |_| ());
            let connector = (way.new)(kind.at(server.addr).into());
            assert_eq!(connector.resolve(NAME).expect("an address"), FOUND);
            server.join();

            let lines = [kind.connection(BEHIND[0]), lookup(kind, kind.granted("192.0.2.1:0"))].concat();
            let server = Server::start(lines, |_| ());
            let chain = (way.new)(behind(server.addr, &[kind, kind]));
            assert_eq!(chain.resolve(NAME).expect("an address"), FOUND);
            server.join();

            let server = Server::start(lookup(kind, kind.granted("192.0.2.1:0")), |_| ());
            let addr = server.addr;
            let rule = (way.by_rule)(Box::new(move |target| {
                target.domain().is_some_and(|name| name == NAME).then(|| kind.at(addr))
            }));
            assert_eq!(rule.resolve(NAME).expect("an address"), FOUND);
            server.join();
        });
    }
}

#[test]
fn a_proxy_that_finds_nothing() {
    for kind in Speaks::ALL {
        everywhere(|way| {
            let server = Server::start(lookup(kind, kind.refused()), |_| ());
            let failed = error((way.new)(kind.at(server.addr).into()).resolve(NAME));
            assert!(matches!(failed.kind(), ErrorKind::Refused(_)), "{failed:?}");
            assert_eq!(failed.proxy(), Some(&*kind.at(server.addr).to_string()));
            server.join();
        });
    }
    everywhere(|way| {
        let lines = [
            client([5, 1, 0]),
            proxy(Stage::MethodSelection, [5, 0]),
            client(Speaks::Socks5.request(0xF0, "example.com:0")),
            proxy(Stage::Request, *b"\x05\0\0\x03\x01a\0\0"),
        ];
        let server = Server::start(lines.to_vec(), |_| ());
        let failed = error((way.new)(server.proxy().into()).resolve(NAME));
        assert!(matches!(failed.kind(), ErrorKind::Malformed { field: "ATYP", byte: 3 }), "{failed:?}");
        assert_eq!(failed.proxy(), Some(&*server.proxy().to_string()));
        server.join();
    });
}

#[test]
fn this_machine_looks_a_name_up() {
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        let locally: Proxy = Speaks::Socks5.at(addr).resolve(Resolve::Locally);
        let proxy = Speaks::Socks5.at(addr);
        for connector in [
            (way.direct)(),
            (way.new)(locally.into()),
            (way.new)(proxy.clone().into()).no_proxy("localhost, invalid"),
            (way.by_rule)(Box::new(|_| None)),
        ] {
            assert!(connector.resolve("localhost").expect("an address").is_loopback());
            assert_eq!(error(connector.resolve("nonexistent.invalid")).stage(), Stage::Resolve);
        }
        // An address is its own answer.
        for connector in [(way.new)(proxy.into()), (way.direct)()] {
            assert_eq!(connector.resolve("192.0.2.1").expect("an address"), FOUND);
        }
        lonely.assert_alone();
    });
}
