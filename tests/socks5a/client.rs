//! Several requests on one connection: each command of a client, on every front end.

use crate::chains::auths;
use crate::fronts::{FRONTS, Front};
use crate::parts::{TARGET, obfuscations, proxy, tol};
use crate::payload;
use crate::reference::{self, Address, Connection, Dummies, Fault, Request, Server, Setup};
use crate::support::case::Case;
use crate::support::echo::assert_echoed;
use anysocks::{Auth, Host, PoolId, Proxy, Target};
use std::io::Read;
use std::net::IpAddr;

pub(crate) fn target() -> Target<'static> {
    TARGET.parse().expect("a target")
}

pub(crate) fn request(command: u8, address: Address, port: u16) -> Request {
    Request { command, address, port }
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A server with two names, and with dummies around each record.
pub(crate) fn setup() -> Setup {
    let names = vec![
        (b"db.example".to_vec(), ip("192.0.2.53")),
        (b"v6.example".to_vec(), ip("2001:db8::53")),
        (vec![b'n'; 255], ip("192.0.2.54")),
    ];
    let tol = reference::Obfuscation {
        dummies: Dummies::Everywhere(2),
        split: 5,
        ..reference::Obfuscation::default()
    };
    Setup { names, tol, faults: vec![Fault::MixedTypes], ..crate::chains::setup() }
}

/// EAF, TOL with each obfuscation, and a sequence of both.
fn each(check: impl Fn(&Front, &Auth, &[u8])) {
    let each_tol = obfuscations().map(|kind| ("TOL", tol(kind).auth().expect("a key"), &[0x81][..]));
    for (name, auth, methods) in auths().into_iter().chain(each_tol) {
        for front in FRONTS {
            let _case = Case::new(format!("{name} {auth:?} on {}", front.name));
            check(front, &auth, methods);
        }
    }
}

/// Starts a server, and returns its only connection.
fn served(setup: Setup, work: impl FnOnce(&Server)) -> Connection {
    let server = Server::start(setup);
    work(&server);
    server.finish().only()
}

/// All commands in a row, more than once, on one connection.
#[test]
fn each_command() {
    each(|front, auth, methods| {
        for long_keep_alive in [false, true] {
            let mut id = None;
            let connection = served(Setup { long_keep_alive, ..setup() }, |server| {
                let mut client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
                assert_eq!(client.methods().as_deref(), Some(methods));
                client.keep_alive().expect("a reply");
                assert_eq!(client.resolve("db.example").expect("an address"), ip("192.0.2.53"));
                assert_eq!(client.resolve(&"n".repeat(255)).expect("an address"), ip("192.0.2.54"));
                let taken = client.pool_new(target()).expect("an identifier");
                client.keep_alive().expect("a reply");
                client.keep_alive().expect("a reply");
                // The proxy is not asked for an address.
                assert_eq!(client.resolve("192.0.2.1").expect("an address"), ip("192.0.2.1"));
                assert_eq!(client.resolve("v6.example").expect("an address"), ip("2001:db8::53"));
                let other = client.pool_new(Target::unix("/run/app.sock").expect("a path"));
                assert_ne!(other.expect("an identifier"), taken);
                assert_eq!(client.methods().as_deref(), Some(methods));
                assert_echoed(&mut *client.pool_get(&taken).expect("a tunnel"), 1_000);
                id = Some(taken);
            });
            let (id, name) = (id.expect("it was taken"), |name: &[u8]| Address::Name(name.into()));
            let expected = [
                request(4, Address::None, 0),
                request(5, name(b"db.example"), 0),
                request(5, name(&[b'n'; 255]), 0),
                request(6, name(b"example.com"), 80),
                request(4, Address::None, 0),
                request(4, Address::None, 0),
                request(5, name(b"v6.example"), 0),
                request(6, Address::Unix(b"/run/app.sock".into()), 0),
                request(7, name(id.as_bytes()), 0),
            ];
            assert_eq!(connection.requests, expected);
            assert_eq!(connection.relayed, 1_000);
            assert_eq!(connection.methods, methods);
        }
    });
}

/// CONNECT is the last request too.
#[test]
fn connect() {
    each(|front, auth, _| {
        let connection = served(setup(), |server| {
            let mut client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
            client.keep_alive().expect("a reply");
            assert_echoed(&mut *client.connect(target()).expect("a tunnel"), 1_000);
        });
        let name = Address::Name(b"example.com".into());
        assert_eq!(connection.requests, [request(4, Address::None, 0), request(1, name, 80)]);
    });
}

/// The first request may be the last.
#[test]
fn connect_at_once() {
    each(|front, auth, _| {
        let connection = served(setup(), |server| {
            let client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
            let url = Target::url("https://example.com/path").expect("a URL");
            assert_echoed(&mut *client.connect(url).expect("a tunnel"), 300);
        });
        let url = Address::Url("https://example.com/path".into());
        assert_eq!(connection.requests, [request(1, url, 443)]);
    });
}

/// A connection of the pool is for any client, and for one alone.
#[test]
fn the_pool_is_of_the_proxy() {
    each(|front, auth, _| {
        let server = Server::start(setup());
        let open = || (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
        let id = open().pool_new(target()).expect("an identifier");
        assert_echoed(&mut *open().pool_get(&id).expect("a tunnel"), 300);
        for unknown in [id, PoolId::new([0xFF; 255]).expect("an identifier")] {
            let refused = open().pool_get(&unknown).err().expect("a refusal");
            assert_eq!(refused.reply(), Some(anysocks::Reply::HOST_UNREACHABLE));
        }
        assert_eq!(server.finish().clean().len(), 4);
    });
}

/// The target's first bytes are in the segment or the record of the reply.
#[test]
fn bytes_behind_the_reply() {
    let banner = payload(3_000);
    each(|front, auth, _| {
        for by_pool in [false, true] {
            let faults = vec![Fault::MixedTypes, Fault::BehindReply(1, banner.clone())];
            let mut setup = Setup { faults, ..setup() };
            setup.tol.split = 65_535;
            served(setup, |server| {
                let mut client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
                let mut stream = if by_pool {
                    let id = client.pool_new(target()).expect("an identifier");
                    client.pool_get(&id).expect("a tunnel")
                } else {
                    client.keep_alive().expect("a reply");
                    client.connect(target()).expect("a tunnel")
                };
                let mut heard = vec![0; banner.len()];
                stream.read_exact(&mut heard).expect("the banner");
                assert!(heard == banner, "other bytes");
                assert_echoed(&mut *stream, 300);
            });
        }
    });
}

/// Each byte by itself, and replies in the record of the message before.
#[test]
fn in_pieces() {
    for fault in [Fault::Crumbs, Fault::Glue] {
        each(|front, auth, _| {
            let setup = Setup { faults: vec![fault.clone()], ..setup() };
            served(setup, |server| {
                let mut client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
                for _ in 0..3 {
                    client.keep_alive().expect("a reply");
                    assert_eq!(client.resolve("v6.example").expect("an address"), ip("2001:db8::53"));
                }
                let id = client.pool_new(target()).expect("an identifier");
                assert_echoed(&mut *client.pool_get(&id).expect("a tunnel"), 300);
            });
        });
    }
}

/// A mistake in the arguments changes nothing.
#[test]
fn mistakes() {
    use crate::scene::invalid;
    use anysocks::Invalid;
    each(|front, auth, _| {
        let connection = served(setup(), |server| {
            let mut client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
            let unix = Target::unix("/run/app.sock").expect("a path").host().clone();
            let url = Target::url("http://db.example").expect("a URL").host().clone();
            let pooled = || Host::Pool(PoolId::new("id").expect("an identifier"));
            for host in [unix, url, pooled()] {
                let resolved = client.resolve_host(host);
                assert_eq!(invalid(resolved), Invalid::TargetOfCommand("DNS_RESOLVE"));
            }
            let added = client.pool_new((pooled(), 0).into());
            assert_eq!(invalid(added), Invalid::TargetOfCommand("POOL_NEW"));
            client.keep_alive().expect("a reply");
            let connected = client.connect((pooled(), 0).into());
            assert_eq!(invalid(connected.map(drop)), Invalid::TargetOfCommand("CONNECT"));
        });
        assert_eq!(connection.requests, [request(4, Address::None, 0)]);
    });
}

/// `Debug` shows no password and no identifier.
#[test]
fn shown() {
    let auth = &auths()[2].1;
    for front in FRONTS {
        let _case = Case::new(front.name);
        served(setup(), |server| {
            let proxy: Proxy = proxy(server.addr, auth.clone());
            let mut client = (front.client)(&proxy).expect("a connection");
            let shown = client.shown();
            assert!(shown.contains("SocksClient") && !shown.contains("password"), "{shown}");
            let id = client.pool_new(target()).expect("an identifier");
            assert_eq!(format!("{id} {id:?}"), "pool identifier of 4 bytes PoolId(4 bytes)");
        });
    }
}
