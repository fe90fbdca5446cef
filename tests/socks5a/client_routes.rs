//! Clients of connectors: one proxy, chains, records inside records, and wrapped streams.

use crate::chains::{auths, second};
use crate::client::{request, setup, target};
use crate::fronts::FRONTS;
use crate::fronts::client::Client;
use crate::messages::Speaks;
use crate::parts::{plain_tol, proxy, token};
use crate::records::Wire;
use crate::reference::{Address, Connection, Fault, Reply, Server, Setup};
use crate::scene::{BEHIND, chain, error};
use crate::support::case::{self, Case};
use crate::support::clock::assert_on_time;
use crate::support::echo::assert_echoed;
use crate::support::script::{client, proxy as line};
use crate::support::server::Server as Scripted;
use crate::ways::hooks::Does;
use crate::ways::{Connecting, Through, WAYS, everywhere};
use crate::{REPLY, payload};
use anysocks::{Error, ErrorKind, Invalid, Resolve, Stage};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Each command, on one connection.
fn use_it(mut client: Client, methods: &[u8]) {
    assert_eq!(client.methods().as_deref(), Some(methods));
    client.keep_alive().expect("a reply");
    assert_eq!(client.resolve("db.example").expect("an address").to_string(), "192.0.2.53");
    let id = client.pool_new(target()).expect("an identifier");
    client.keep_alive().expect("a reply");
    assert_echoed(&mut *client.pool_get(&id).expect("a tunnel"), 1_000);
}

fn assert_used(connection: &Connection) {
    let commands: Vec<_> = connection.requests.iter().map(|request| request.command).collect();
    assert_eq!(commands, [4, 5, 6, 4, 7]);
    assert_eq!(connection.relayed, 1_000);
}

fn open(connector: &dyn Connecting) -> Client {
    connector.client().expect("a connection")
}

#[test]
fn of_one_proxy_and_of_chains() {
    for first in [None].into_iter().chain(Speaks::ALL.map(Some)) {
        for (name, auth, methods) in auths() {
            everywhere(|way| {
                let _case = Case::new(format!("{name} behind {first:?}, on {}", way.name));
                let server = Server::start(setup());
                let check = |chain| use_it(open(&*(way.new)(chain)), methods);
                match first {
                    None => check(proxy(server.addr, auth.clone()).into()),
                    Some(first) => second(first, &server, auth.clone(), check),
                }
                assert_used(&server.finish().only());
            });
        }
    }
}

/// A proxy of TOL that forwards to this address.
fn in_records(next: SocketAddr) -> Scripted<()> {
    let lines = vec![client([5, 1, 0x81]), line(Stage::MethodSelection, [5, 0x81])];
    Scripted::start(lines, move |stream| {
        let (mut reads, mut writes) = (Wire::new(stream), Wire::new(stream));
        let mut request = [0; 10];
        reads.read_exact(&mut request).expect("the request");
        assert_eq!(request, *b"\x05\x01\0\x01\xC0\0\x02\x02\x04\x38");
        writes.write_all(REPLY).expect("a client that listens");
        let next = TcpStream::connect(next).expect("the next");
        thread::scope(|scope| {
            scope.spawn(|| pump(&mut reads, &mut &next, &next));
            pump(&mut &next, &mut writes, stream);
        });
    })
}

fn pump(from: &mut impl Read, to: &mut impl Write, end: &TcpStream) {
    // A closed connection gets nothing.
    let _ = std::io::copy(from, to);
    let _ = end.shutdown(Shutdown::Write);
}

/// The records of the first proxy contain everything of the second one, which may be records.
#[test]
fn in_the_records_of_an_earlier_proxy() {
    for (name, auth, methods) in auths() {
        everywhere(|way| {
            let _case = Case::new(format!("{name} on {}", way.name));
            let server = Server::start(setup());
            let first = in_records(server.addr);
            let behind = BEHIND[0].parse().expect("an address");
            let both = chain([proxy(first.addr, plain_tol()), proxy(behind, auth.clone())]);
            use_it(open(&*(way.new)(both)), methods);
            first.join();
            assert_used(&server.finish().only());
        });
    }
}

/// A stream that keeps what is written until it is flushed.
#[test]
fn wrapped() {
    for (name, auth, methods) in auths() {
        everywhere(|way| {
            let _case = Case::new(format!("{name} on {}", way.name));
            let server = Server::start(setup());
            let through = Through::Chain(proxy(server.addr, auth.clone()).into());
            let connector = (way.wrapped)(through, Box::new(|_| Does::ShrinkAndKeep));
            use_it(open(&*connector), methods);
            assert_used(&server.finish().only());
        });
    }
}

/// Large amounts behind the last reply, through two layers of records.
#[test]
fn a_banner_through_records() {
    let banner = payload(100_000);
    everywhere(|way| {
        let faults = vec![Fault::BehindReply(1, banner.clone())];
        let mut setup = Setup { faults, ..setup() };
        setup.tol.split = 60_000;
        let server = Server::start(setup);
        let first = in_records(server.addr);
        let behind = BEHIND[0].parse().expect("an address");
        let both = chain([proxy(first.addr, plain_tol()), proxy(behind, plain_tol())]);
        let mut client = open(&*(way.new)(both));
        client.keep_alive().expect("a reply");
        let mut stream = client.connect(target()).expect("a tunnel");
        let mut heard = vec![0; banner.len()];
        stream.read_exact(&mut heard).expect("the banner");
        assert!(heard == banner, "other bytes");
        drop(stream);
        first.join();
        server.finish().only();
    });
}

/// An error names the last proxy of the chain.
#[test]
fn errors_of_chains() {
    everywhere(|way| {
        for first in Speaks::ALL {
            let server = Server::start(Setup { faults: vec![Fault::Reply(1, Reply::refused(2))], ..setup() });
            second(first, &server, token().auth(), |chain| {
                let mut client = open(&*(way.new)(chain));
                client.keep_alive().expect("a reply");
                let refused = client.resolve("db.example").expect_err("a refusal");
                assert_eq!((refused.hop(), refused.hops()), (Some(2), Some(2)));
                assert_eq!(refused.target(), Some("db.example"));
                let over = client.keep_alive().expect_err("it is over");
                assert!(matches!(over.kind(), ErrorKind::Over) && over.hop() == Some(2), "{over:?}");
            });
            let name = Address::Name(b"db.example".into());
            let requests = [request(4, Address::None, 0), request(5, name, 0)];
            assert_eq!(server.finish().only().requests, requests);
        }
    });
}

/// The chain's timeout applies to each request.
#[test]
fn the_timeout_of_a_chain() {
    let limit = Duration::from_secs(3);
    case::at_once(
        WAYS,
        |way| way.name.to_owned(),
        |way| {
            let server = Server::start(Setup { faults: vec![Fault::ReplyBytes(1, Vec::new())], ..setup() });
            second(Speaks::Socks5, &server, token().auth(), |chain| {
                let mut client = open(&*(way.new)(chain.timeout(limit)));
                client.keep_alive().expect("a reply");
                let started = Instant::now();
                let late = error(client.keep_alive());
                assert_on_time(started, limit);
                assert!(matches!(late.kind(), ErrorKind::TimedOut), "{late:?}");
            });
            server.finish().only();
        },
    );
}

/// The proxy gets an address in place of a name, but for a lookup. An onion service is never
/// resolved on this machine, and the connection can still be used.
#[test]
fn names_that_this_machine_resolves() {
    let is_local = |address: &Address| matches!(address, Address::Ip(ip) if ip.is_loopback());
    for front in FRONTS {
        for auth in [token().auth(), plain_tol()] {
            let _case = Case::new(format!("{auth:?} on {}", front.name));
            let server = Server::start(setup());
            let proxy = proxy(server.addr, auth).resolve(Resolve::Locally);
            let target = |text: &'static str| text.try_into().expect("a target");
            let mut client = (front.client)(&proxy).expect("a connection");
            let onion =
                |error: Error| matches!(error.kind(), ErrorKind::Invalid(Invalid::OnionResolvedLocally));
            assert!(onion(client.pool_new(target("hidden.onion:7")).expect_err("an onion service")));
            assert_eq!(client.resolve("db.example").expect("an address").to_string(), "192.0.2.53");
            client.pool_new(target("localhost:7")).expect("an identifier");
            assert_echoed(&mut *client.connect(target("localhost:8")).expect("a tunnel"), 100);
            let client = (front.client)(&proxy).expect("a connection");
            assert!(onion(client.connect(target("hidden.onion:7")).err().expect("an onion service")));
            let connections = server.finish().clean();
            let [lookup, pooled, connected] = &connections[0].requests[..] else { panic!("three requests") };
            assert_eq!(lookup.address, Address::Name(b"db.example".into()));
            assert!(is_local(&pooled.address) && pooled.port == 7, "{pooled:?}");
            assert!(is_local(&connected.address) && connected.port == 8, "{connected:?}");
            assert_eq!(connections[1].requests, []);
        }
    }
}
