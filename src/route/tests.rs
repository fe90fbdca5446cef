//! Connections through proxies, with a stub resolver.

use super::connect::request_through;
use super::connector::Connector;
use super::request::RequestTemplate;
use super::wrap::Plain;
use super::{Chain, Upstreams, connect, dial, environment};
use crate::blocking::{Blocking, block_on};
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::any_version::AnyVersion;
use crate::protocol::reply::Reply;
use crate::protocol::target::Target;
use crate::protocol::version::{V4, V5};
use crate::proxy::{Proxy, Resolve};
use crate::runtime::stub_resolver::{SLOW, StubResolver};
use crate::stream::SocksStream;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A SOCKS5 proxy that sends one reply for each connection, and reports the last byte of each
/// requested address.
fn proxy(replies: &'static [&'static [u8]]) -> (Proxy, Receiver<u8>) {
    let (report, requested) = channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::socks5(listener.local_addr().unwrap()).unwrap().resolve(Resolve::Locally);
    thread::spawn(move || {
        for reply in replies {
            let (mut client, _) = listener.accept().unwrap();
            client.read_exact(&mut [0; 3]).unwrap();
            client.write_all(&[5, 0]).unwrap();
            let mut request = [0; 22];
            let n = client.read(&mut request).unwrap();
            report.send(request[n - 3]).unwrap();
            client.write_all(reply).unwrap();
        }
    });
    (proxy, requested)
}

fn connect5(proxy: &Proxy, target: &str) -> Result<SocksStream<TcpStream, V5, StubResolver>, Error> {
    block_on(connect::<StubResolver, V5>(proxy, target, &[]))
}

const GRANTED: &[u8] = b"\x05\x00\x00\x01\0\0\0\0\0\0";

#[test]
fn each_address_is_tried_until_one_is_granted() {
    let (proxy, requested) = proxy(&[b"\x05\x05", b"\x05\x06", b"", GRANTED]);
    connect5(&proxy, "v6-v4-v4-v6-v4.test:80").unwrap();
    assert_eq!(requested.iter().take(4).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

/// Each of fifteen addresses has two of the thirty seconds.
#[test]
fn an_address_without_a_reply_leaves_time_for_the_next() {
    let (proxy, listener) = silent();
    let (report, requested) = channel();
    thread::spawn(move || {
        let mut clients = Vec::new();
        for client in listener.incoming() {
            let mut client = client.unwrap();
            client.read_exact(&mut [0; 3]).unwrap();
            client.write_all(&[5, 0]).unwrap();
            let mut request = [0; 10];
            client.read_exact(&mut request).unwrap();
            report.send(request[7]).unwrap();
            if !clients.is_empty() {
                client.write_all(GRANTED).unwrap();
            }
            clients.push(client);
        }
    });
    connect5(&proxy, &format!("{}.test:80", ["v4"; 15].join("-"))).unwrap();
    assert_eq!(requested.iter().take(2).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn the_last_refusal_is_the_error() {
    let (proxy, _requested) = proxy(&[b"\x05\x02", b"\x05\x04", b"\x05\x05"]);
    let error = connect5(&proxy, "v4-v4-v4.test:80").unwrap_err();
    assert_eq!(error.reply(), Some(Reply::CONNECTION_REFUSED));
}

#[test]
fn an_error_that_is_no_refusal_tries_no_other_address() {
    let (proxy, requested) = proxy(&[b"\x05\x00\x00\x09", GRANTED]);
    let error = connect5(&proxy, "v4-v4.test:80").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed { .. }), "{error}");
    assert_eq!(requested.try_iter().count(), 1);
}

/// An address that the proxy's protocol can't carry is not returned.
#[test]
fn a_name_is_resolved_for_its_proxy() {
    for (proxy, expected) in
        [(Proxy::socks4("127.0.0.1:1"), "192.0.2.2"), (Proxy::socks5("127.0.0.1:1"), "2001:db8::1")]
    {
        let connector = Connector::<StubResolver>::new(proxy.unwrap().resolve(Resolve::Locally));
        let found = block_on(connector.resolve_name("v6-v4.test".try_into().unwrap())).unwrap();
        assert_eq!(found.to_string(), expected);
    }
}

/// Requests the second proxy of a chain, whose name has three addresses. After a grant, the second
/// proxy does not answer.
fn hops(replies: &'static [&'static [u8]], early_data: &[u8]) -> (Error, Vec<u8>) {
    let (proxy, requested) = proxy(replies);
    let chain = Chain::from(proxy).then(Proxy::socks5("v4-v4-v4.test:1080").unwrap()).unwrap();
    let connect = RequestTemplate::connect(early_data);
    let target = Target::try_from("example.com:80").unwrap();
    let granting = request_through::<StubResolver, Plain, AnyVersion>(
        chain.hops(),
        chain.limit(),
        &Plain,
        target,
        connect,
    );
    let error = block_on(granting).map(|granted| granted.established).unwrap_err();
    (error, requested.try_iter().collect())
}

#[test]
fn each_address_of_a_hop_is_tried_too() {
    for early_data in [&b""[..], b"early"] {
        let (error, requested) = hops(&[b"\x05\x05", b"", GRANTED], early_data);
        assert_eq!((error.hop(), error.stage(), requested), (Some(2), Stage::MethodSelection, vec![1, 2, 3]));
        let (error, requested) = hops(&[b"\x05\x02", b"\x05\x04", b"\x05\x05"], early_data);
        assert_eq!((error.hop(), error.reply()), (Some(1), Some(Reply::CONNECTION_REFUSED)));
        assert_eq!(requested, [1, 2, 3]);
    }
}

#[test]
fn socks4_requests_have_ipv4_addresses_only() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::socks4(listener.local_addr().unwrap()).unwrap().resolve(Resolve::Locally);
    let request = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut request = [0; 9];
        client.read_exact(&mut request).unwrap();
        client.write_all(&[0, 90, 0, 0, 0, 0, 0, 0]).unwrap();
        request
    });
    block_on(connect::<StubResolver, V4>(&proxy, "v6-v4.test:80", &[])).unwrap();
    assert_eq!(request.join().unwrap(), [4, 1, 0, 80, 192, 0, 2, 2, 0]);

    let error = block_on(connect::<StubResolver, V4>(&proxy, "v6-v6.test:80", &[])).unwrap_err();
    let ErrorKind::Unresolved { name, .. } = error.kind() else { panic!("{error}") };
    assert_eq!((name.as_str(), error.stage()), ("v6-v6.test", Stage::Resolve));
}

/// A proxy that accepts a connection and sends nothing.
fn silent() -> (Proxy, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (Proxy::socks5(listener.local_addr().unwrap()).unwrap().resolve(Resolve::Locally), listener)
}

#[test]
fn one_deadline_covers_all_stages() {
    for (limit, stage) in [(SLOW * 2, Stage::MethodSelection), (SLOW / 2, Stage::Resolve)] {
        let (proxy, _listener) = silent();
        let started = Instant::now();
        let error = connect5(&proxy.timeout(limit), "slow-v4.test:80").unwrap_err();
        let elapsed = started.elapsed();
        assert!(error.is_timeout(), "{error}");
        assert_eq!(error.stage(), stage);
        assert!(elapsed >= limit && elapsed < limit + SLOW, "{elapsed:?} of {limit:?}");
    }
}

#[test]
fn dialling_has_the_deadline_and_names_the_proxy() {
    let proxy = Proxy::socks5("slow-v4.test:1").unwrap().timeout(Duration::from_millis(50));
    let error = block_on(dial::<StubResolver>(&proxy)).unwrap_err();
    assert_eq!((error.stage(), error.proxy()), (Stage::Resolve, Some("socks5h://slow-v4.test:1")));
    assert!(error.is_timeout());

    let (proxy, _listener) = silent();
    block_on(dial::<StubResolver>(&proxy)).unwrap();
}

#[test]
fn routes_that_need_tls() {
    let (tls, plain) = ("socks5h+tls://a.example", "socks5h://b.example");
    let chain = |url: &str| url.parse::<Chain>().unwrap();
    let by_env = |variables: &[(&str, &str)]| {
        let read = |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, urls)| urls.into());
        Connector::<Blocking>::from(environment::route(read).unwrap())
    };
    let by_rule: Connector<Blocking> = {
        let proxy = tls.parse::<Proxy>().unwrap();
        Connector::by_rule(move |_| Some(proxy.clone()))
    };
    for (connector, expected) in [
        (Connector::<Blocking>::direct(), false),
        (Connector::new(chain(plain)), false),
        (Connector::new(chain(&format!("{tls}, {plain}"))), true),
        (Connector::any_of([chain(plain), chain(tls)]).unwrap(), true),
        (Connector::any_of(Upstreams::new([chain(plain)]).unwrap()).unwrap(), false),
        (by_rule, false),
        (by_env(&[]), false),
        (by_env(&[("ALL_PROXY", tls)]), true),
        (by_env(&[("all_proxy", plain), ("ALL_PROXY", tls), ("https_proxy", tls)]), false),
        (by_env(&[("https_proxy", plain), ("http_proxy", tls)]), true),
    ] {
        assert_eq!(connector.needs_tls(), expected, "{connector:?}");
    }
}
