//! Unix names and URLs as targets of CONNECT, BIND and `POOL_NEW`, after a METHOD of SOCKS5a.

use crate::chains::{auths, second, setup};
use crate::fronts::{FRONTS, Front};
use crate::messages::Speaks;
use crate::parts::proxy;
use crate::reference::vectors::Vectors;
use crate::reference::{Address, Server};
use crate::support::case::Case;
use crate::support::echo::assert_echoed;
use crate::ways::everywhere;
use anysocks::{Auth, Host, Proxy, Target, UnixName};

/// A target, and its address and port in a request.
type Row = (Target<'static>, Address, u16);

pub(crate) fn unix(name: &[u8]) -> Row {
    let own = UnixName::new(name).expect("a name");
    (Target::from((Host::Unix(own), 0)), Address::Unix(name.into()), 0)
}

pub(crate) fn abstract_unix(name: &[u8]) -> Row {
    (Target::abstract_unix(name).expect("a name"), Address::Abstract(name.into()), 0)
}

pub(crate) fn url(url: &str, port: u16) -> Row {
    (Target::url(url).expect("a URL"), Address::Url(url.into()), port)
}

fn rows() -> Vec<Row> {
    let path = Target::unix("/run/app.sock").expect("a path");
    let longest = format!("http://a.example/{}", "x".repeat(2_048 - 17));
    vec![
        (path, Address::Unix(b"/run/app.sock".into()), 0),
        unix(b"\xFF\n"),
        unix(&[b'x'; 255]),
        abstract_unix(b"app"),
        abstract_unix(b"\x01"),
        abstract_unix(&[0xFE; 255]),
        url("https://example.com/path?q=123", 443),
        url("HTTP://A.example", 80),
        url("ws://192.0.2.7/%7Eme", 80),
        url("wss://[2001:db8::7]:8443/", 8_443),
        url("ftp://a.example:/", 21),
        url("sftp://a.example?x", 22),
        url("http://a.example:0/", 0),
        url(&longest, 80),
    ]
}

/// Makes all requests, and checks what the server has received.
fn each(command: u8, ask: impl Fn(&Front, &Proxy, Vec<Target<'static>>)) {
    for (name, auth, methods) in auths() {
        for front in FRONTS {
            let _case = Case::new(format!("{name} on {}", front.name));
            let server = Server::start(setup());
            ask(front, &proxy(server.addr, auth.clone()), rows().into_iter().map(|row| row.0).collect());
            let connections = server.finish().clean();
            assert!(connections.iter().all(|connection| connection.methods == methods));
            let requests: Vec<_> = connections.into_iter().flat_map(|own| own.request_bytes).collect();
            assert_eq!(requests.len(), rows().len());
            for (request, (_, address, port)) in requests.iter().zip(rows()) {
                assert_eq!(*request, [&[5, command, 0][..], &address.encode(port)].concat());
            }
        }
    }
}

#[test]
fn connect() {
    each(1, |front, proxy, targets| {
        for target in targets {
            let mut stream = (front.connect_to)(proxy, target).expect("a tunnel");
            assert_echoed(&mut *stream, 300);
        }
    });
}

#[test]
fn bind() {
    each(2, |front, proxy, targets| {
        for target in targets {
            let mut listener = (front.bind_to)(proxy, target).expect("a listener");
            assert_echoed(&mut *listener.accept().expect("the peer").stream, 300);
        }
    });
}

#[test]
fn pool_new() {
    each(6, |front, proxy, targets| {
        let mut client = (front.client)(proxy).expect("a connection");
        for target in targets {
            client.pool_new(target).expect("an identifier");
        }
    });
}

/// The requests of the vectors, byte by byte.
#[test]
fn vectors() {
    let vectors = Vectors::read();
    let text = |case: &str, name: &str| vectors.case(case).text(name).to_owned();
    let (by_url, by_path, by_name) = (
        "request CONNECT to a url",
        "request CONNECT to a unix path",
        "request CONNECT to an abstract unix name",
    );
    let rows = [
        (by_url, Target::url(text(by_url, "url_utf8"))),
        (by_path, Target::unix(text(by_path, "path_utf8"))),
        (by_name, Target::abstract_unix(text(by_name, "name_utf8"))),
    ];
    for (name, auth, _) in auths() {
        for front in FRONTS {
            for (case, target) in &rows {
                let _case = Case::new(format!("{case}, {name}, on {}", front.name));
                let server = Server::start(setup());
                let target = target.as_ref().expect("a target").clone();
                (front.connect_to)(&proxy(server.addr, auth.clone()), target).expect("a tunnel");
                let expected = vectors.case(case).bytes("request");
                assert_eq!(server.finish().only().request_bytes, [expected]);
            }
            let _case = Case::new(format!("KEEP_ALIVE, {name}, on {}", front.name));
            let server = Server::start(setup());
            let mut client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
            client.keep_alive().expect("a reply");
            drop(client);
            let expected = vectors.case("request KEEP_ALIVE").bytes("request");
            assert_eq!(server.finish().only().request_bytes, [expected]);
        }
    }
}

/// Through a connector, and from the last proxy of a chain.
#[test]
fn by_connectors() {
    let rows = || [unix(b"/run/app.sock"), abstract_unix(b"app"), url("https://example.com/path?q=123", 443)];
    let through = |auth: Auth, first: Option<Speaks>| {
        everywhere(|way| {
            for (target, address, port) in rows() {
                let server = Server::start(setup());
                let check = |chain| {
                    let (_, mut stream) = (way.new)(chain).connect_to(target.clone()).expect("a tunnel");
                    assert_echoed(&mut *stream, 300);
                };
                match first {
                    None => check(proxy(server.addr, auth.clone()).into()),
                    Some(first) => second(first, &server, auth.clone(), check),
                }
                let expected = [&[5, 1, 0][..], &address.encode(port)].concat();
                assert_eq!(server.finish().only().request_bytes, [expected]);

                let server = Server::start(setup());
                let check = |chain| {
                    let mut listener = (way.new)(chain).bind_to(target.clone()).expect("a listener");
                    assert_echoed(&mut *listener.accept().expect("the peer").stream, 300);
                };
                match first {
                    None => check(proxy(server.addr, auth.clone()).into()),
                    Some(first) => second(first, &server, auth.clone(), check),
                }
                let expected = [&[5, 2, 0][..], &address.encode(port)].concat();
                assert_eq!(server.finish().only().request_bytes, [expected]);
            }
        });
    };
    for (name, auth, _) in auths() {
        for first in [None].into_iter().chain(Speaks::ALL.map(Some)) {
            let _case = Case::new(format!("{name} behind {first:?}"));
            through(auth.clone(), first);
        }
    }
}
