//! A SOCKS5 endpoint on this machine in front of a connector.

#[path = "connector/forward_clients.rs"]
mod clients;
#[path = "forward/codes.rs"]
mod codes;
#[path = "forward/datagrams.rs"]
mod datagrams;
#[path = "forward/ends.rs"]
mod ends;
#[path = "forward/gone.rs"]
mod gone;
#[cfg(target_os = "linux")]
#[path = "forward/keepalive.rs"]
mod keepalive;
#[path = "forward/listening.rs"]
mod listening;
#[path = "connector/messages.rs"]
mod messages;
#[path = "connector/scene.rs"]
mod scene;
#[path = "forward/strangers.rs"]
mod strangers;
mod support;
#[cfg(unix)]
#[path = "forward/unix.rs"]
mod unix;
#[path = "forward/wrapped.rs"]
mod wrapped;

use anysocks::forward::Forwarder;
use anysocks::tokio::{Connector, Socks5Stream, Socks5UdpSocket, resolve};
use anysocks::{Address, Proxy, Reply, Stage};
use clients::{admitted, to_the_end};
use messages::{BOUND, Speaks};
use scene::{TARGET, behind, dialogue, saying, serving};
use std::time::Duration;
use support::case::limit_test;
use support::server::{Server, echo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long something is waited for that must happen.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long it is watched that something does not happen.
const QUIET: Duration = Duration::from_millis(150);

async fn started(connector: Connector) -> Forwarder {
    limit_test();
    Forwarder::start(connector).await.expect("a forwarder")
}

async fn started_by(starting: impl Future<Output = std::io::Result<Forwarder>>) -> Forwarder {
    limit_test();
    starting.await.expect("a forwarder")
}

async fn assert_word(forwarder: &Forwarder, target: &str, word: &str) {
    let mut stream = Socks5Stream::connect(forwarder.url(), target).await.expect("a tunnel");
    let mut said = String::new();
    stream.read_to_string(&mut said).await.expect("a word and the end");
    assert_eq!(said, word);
}

#[tokio::test]
async fn connections_go_on_through_the_connector() {
    let target = saying(vec![], "target");
    assert_word(&started(Connector::direct()).await, &target.to_string(), "target").await;
    assert_word(&started(Connector::direct()).await, &format!("localhost:{}", target.port()), "target").await;
    for kind in Speaks::ALL {
        for asked in [TARGET, "192.0.2.1:443"] {
            let addr = saying(kind.connection(asked), "proxy");
            assert_word(&started(Connector::new(kind.at(addr))).await, asked, "proxy").await;
        }
    }
    let kinds = [Speaks::Password, Speaks::Socks4, Speaks::Socks5];
    let addr = saying(dialogue(&kinds, "[2001:db8::7]:80"), "chain");
    assert_word(&started(Connector::new(behind(addr, &kinds))).await, "[2001:db8::7]:80", "chain").await;
    // A forwarder in front of a forwarder.
    let first = started(Connector::direct()).await;
    let proxy: Proxy = first.url().parse().expect("a proxy");
    assert_word(&started(Connector::new(proxy)).await, &target.to_string(), "target").await;
}

#[tokio::test]
async fn bytes_go_both_ways_until_both_have_ended() {
    let server = Server::start(Speaks::Password.connection(TARGET), echo);
    let forwarder = started(Connector::new(Speaks::Password.at(server.addr))).await;
    let stream = Socks5Stream::connect(forwarder.url(), TARGET).await.expect("a tunnel");
    // BND.ADDR is that of the connection, and not of the forwarder.
    assert_eq!(stream.bound_addr(), &Address::Ip(BOUND.parse().expect("an address")));
    let payload: Vec<u8> = (0..1_000_000_u32).map(|at| (at ^ (at >> 8)).to_le_bytes()[0]).collect();
    let (mut read, mut write) = tokio::io::split(stream);
    let sent = payload.clone();
    let writing = tokio::spawn(async move {
        write.write_all(&sent).await.expect("an open stream");
        write.shutdown().await.expect("an open stream");
    });
    let mut heard = Vec::new();
    read.read_to_end(&mut heard).await.expect("the end");
    assert!(heard == payload, "{} bytes came back", heard.len());
    writing.await.expect("no panic");
    server.join();
}

#[tokio::test]
async fn datagrams_go_on_through_the_connector() {
    let relay = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let granted = Speaks::Password.granted(&relay.local_addr().expect("an address").to_string());
    let lines = Speaks::Password.lines(3, "0.0.0.0:0", granted);
    let server = Server::start(lines, |mut client| drop(std::io::Read::read(&mut client, &mut [0])));
    let forwarder = started(Connector::new(Speaks::Password.at(server.addr))).await;
    let association = Socks5UdpSocket::associate(forwarder.url()).await.expect("an association");
    let mut datagram = vec![0; 65_536];
    for (target, header) in [
        ("192.0.2.1:80", &b"\0\0\0\x01\xC0\x00\x02\x01\x00\x50"[..]),
        ("[2001:db8::7]:80", b"\0\0\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x00\x50"),
        ("example.com:80", b"\0\0\0\x03\x0Bexample.com\x00\x50"),
    ] {
        for payload in [&b"ping"[..], b"", &[7; 9000]] {
            association.send_to(payload, target).await.expect("a way to the forwarder");
            let (n, from) = timeout(PATIENCE, relay.recv_from(&mut datagram))
                .await
                .expect("in time")
                .expect("a datagram");
            assert_eq!(&datagram[..n], [header, payload].concat());
            relay.send_to(&[header, payload, b"pong"].concat(), from).await.expect("a way back");
            let received = timeout(PATIENCE, association.recv_from(&mut datagram)).await.expect("in time");
            let (n, source) = received.expect("a datagram");
            assert_eq!(&datagram[..n], [payload, b"pong"].concat());
            assert_eq!(source.to_string(), target);
        }
    }
    // The one ends with the other.
    drop(association);
    tokio::task::spawn_blocking(|| server.join()).await.expect("no panic");
}

#[tokio::test]
async fn an_association_ends_with_the_one_behind_it() {
    let relay = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let granted = Speaks::Socks5.granted(&relay.local_addr().expect("an address").to_string());
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let server = Server::start(Speaks::Socks5.lines(3, "0.0.0.0:0", granted), move |_| {
        ended.recv().expect_err("nothing but the end");
    });
    let forwarder = started(Connector::new(server.proxy())).await;
    let association = Socks5UdpSocket::associate(forwarder.url()).await.expect("an association");
    drop(end);
    timeout(PATIENCE, association.closed()).await.expect("the end");
}

#[tokio::test]
async fn refusals_are_passed_on() {
    for code in (1..=8).chain([0xF0, 0xF4, 0xFF]) {
        let mut reply = Speaks::Socks5.refused();
        reply[1] = code;
        let addr = saying(Speaks::Socks5.lines(1, TARGET, reply), "");
        let forwarder = started(Connector::new(Speaks::Socks5.at(addr))).await;
        let refused = Socks5Stream::connect(forwarder.url(), TARGET).await.expect_err("a refusal");
        assert_eq!((refused.stage(), refused.reply()), (Stage::Request, Some(Reply::V5(code))));
    }
    // What SOCKS5 has no name for is a general failure.
    let addr = saying(Speaks::Socks4.lines(1, TARGET, Speaks::Socks4.refused()), "");
    assert_refused(Connector::new(Speaks::Socks4.at(addr)), TARGET, Reply::GENERAL_FAILURE).await;
    // A number of SOCKS5's means nothing in SOCKS4.
    let addr = saying(Speaks::Socks4.lines(1, TARGET, vec![0, 5, 0, 0, 0, 0, 0, 0]), "");
    assert_refused(Connector::new(Speaks::Socks4.at(addr)), TARGET, Reply::GENERAL_FAILURE).await;
}

/// A connection through the forwarder is refused so.
async fn assert_refused(connector: Connector, target: &str, reply: Reply) {
    let forwarder = started(connector).await;
    let refused = Socks5Stream::connect(forwarder.url(), target).await.expect_err("a refusal");
    assert_eq!((refused.stage(), refused.reply()), (Stage::Request, Some(reply)), "{refused:?}");
}

#[tokio::test]
async fn other_failures_have_the_nearest_code() {
    let (deserted, _socket) = scene::deserted();
    assert_refused(Connector::direct(), &deserted.to_string(), Reply::CONNECTION_REFUSED).await;
    assert_refused(Connector::direct(), "nonexistent.invalid:80", Reply::HOST_UNREACHABLE).await;
    let proxy = |addr| Speaks::Socks5.at(addr);
    assert_refused(Connector::new(proxy(deserted)), TARGET, Reply::GENERAL_FAILURE).await;
    let silent = serving(|mut client| drop(std::io::Read::read_to_end(&mut client, &mut Vec::new())));
    let late = Connector::new(proxy(silent).timeout(Duration::from_millis(100)));
    assert_refused(late, TARGET, Reply::TTL_EXPIRED).await;
    let refusing = Connector::by_rule(|_| Err::<Option<Proxy>, _>("not today"));
    assert_refused(refusing, TARGET, Reply::NOT_ALLOWED).await;
    // One that can't relay datagrams.
    let forwarder = started(Connector::direct()).await;
    let refused = Socks5UdpSocket::associate(forwarder.url()).await.expect_err("a refusal");
    assert_eq!(refused.reply(), Some(Reply::GENERAL_FAILURE), "{refused:?}");
    let refused = resolve(forwarder.url(), "example.com").await.expect_err("a refusal");
    assert_eq!(refused.reply(), Some(Reply::COMMAND_NOT_SUPPORTED));
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_waits() {
    let target = serving(|client| echo(&client));
    for places in [1, 3] {
        let forwarder =
            Forwarder::builder(Connector::direct()).connections(places).start().await.expect("a forwarder");
        let mut taken = Vec::new();
        for _ in 0..places {
            let connected = Socks5Stream::connect(forwarder.url(), target).await;
            taken.push(connected.expect("a tunnel"));
        }
        let url = forwarder.url();
        let mut next = tokio::spawn(async move { Socks5Stream::connect(url, target).await });
        timeout(QUIET, &mut next).await.expect_err("one too many");
        // Those that are there go on.
        for stream in &mut taken {
            stream.write_all(b"hello").await.expect("an open stream");
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).await.expect("an echo");
        }
        drop(taken.pop());
        let next = timeout(PATIENCE, next).await.expect("a place").expect("no panic");
        next.expect("a tunnel").write_all(b"hello").await.expect("an open stream");
    }
    // There is always a place for one.
    let forwarder =
        Forwarder::builder(Connector::direct()).connections(0).start().await.expect("a forwarder");
    Socks5Stream::connect(forwarder.url(), target).await.expect("a tunnel");
    Forwarder::builder(Connector::direct()).connections(usize::MAX).start().await.expect("a forwarder");
}

#[tokio::test]
async fn nobody_is_served_without_the_forwarder() {
    let forwarder = started(Connector::direct()).await;
    let addr = forwarder.addr();
    // A client that has not sent its request.
    let mut waiting = admitted(&forwarder).await;
    drop(forwarder);
    assert!(to_the_end(&mut waiting).await.is_empty());
    // The listener is closed too.
    let refused = TcpStream::connect(addr).await.expect_err("nobody");
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}
