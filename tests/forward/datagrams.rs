//! The datagrams that a forwarder accepts, and those that it drops.

use super::clients::{admitted, to_the_end};
use super::messages::{Speaks, field};
use super::scene::{BEHIND, Listening, behind};
use super::support::methods::toy::{self, Level};
use super::support::script::Line;
use super::support::server::Server;
use super::{PATIENCE, QUIET, started};
use anysocks::forward::Forwarder;
use anysocks::tokio::{Connector, Socks5UdpSocket};
use anysocks::{Proxy, Resolve};
use std::io::Read;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

const TARGET: &str = "192.0.2.1:80";

/// An association through a forwarder, every part of which the test plays.
pub(super) struct Scene {
    pub(super) forwarder: Forwarder,
    pub(super) proxy: Server<()>,
    /// The relay behind the forwarder.
    relay: UdpSocket,
    /// The client's connection.
    control: TcpStream,
    /// Where the client's datagrams go.
    addr: SocketAddr,
}

impl Scene {
    pub(super) async fn new(declared: u16) -> Self {
        Self::by(declared, |proxy| proxy).await
    }

    async fn by(declared: u16, way: impl FnOnce(Proxy) -> Proxy) -> Self {
        Self::of(declared, |granted| Speaks::Socks5.lines(3, "0.0.0.0:0", granted), way).await
    }

    async fn of(
        declared: u16,
        lines: impl FnOnce(Vec<u8>) -> Vec<Line>,
        way: impl FnOnce(Proxy) -> Proxy,
    ) -> Self {
        let relay = socket().await;
        let lines = lines(Speaks::Socks5.granted(&relay.local_addr().expect("an address").to_string()));
        let proxy = Server::start(lines, |mut client| drop(client.read(&mut [0])));
        let forwarder = started(Connector::new(way(proxy.proxy()))).await;
        let mut control = admitted(&forwarder).await;
        let request = Speaks::Socks5.request(3, &format!("0.0.0.0:{declared}"));
        control.write_all(&request).await.expect("an open stream");
        let mut reply = [0; 10];
        control.read_exact(&mut reply).await.expect("a reply");
        let [5, 0, 0, 1, 127, 0, 0, 1, high, low] = reply else { panic!("{reply:?}") };
        let addr = SocketAddr::from(([127, 0, 0, 1], u16::from_be_bytes([high, low])));
        Self { forwarder, proxy, relay, control, addr }
    }

    async fn send(&self, from: &UdpSocket, payload: &str) {
        from.send_to(&datagram(0, TARGET, payload), self.addr).await.expect("a way");
    }

    /// Checks that this is the next datagram at the relay. Returns its source.
    async fn assert_heard(&self, payload: &str) -> SocketAddr {
        assert_received(&self.relay, payload).await
    }
}

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.expect("a port")
}

fn datagram(fragment: u8, target: &str, payload: &str) -> Vec<u8> {
    [&[0, 0, fragment], &field(target)[..], payload.as_bytes()].concat()
}

async fn assert_received(socket: &UdpSocket, payload: &str) -> SocketAddr {
    let mut heard = [0; 100];
    let received = timeout(PATIENCE, socket.recv_from(&mut heard)).await.expect("in time");
    let (n, from) = received.expect("a datagram");
    assert_eq!(heard[..n], datagram(0, TARGET, payload), "{}", heard[..n].escape_ascii());
    from
}

#[tokio::test]
async fn the_first_who_sends_one_is_the_client() {
    let scene = Scene::new(0).await;
    let (client, stranger) = (socket().await, socket().await);
    for bytes in [
        &b""[..],
        b"\0\0\0",
        b"\0\0\0\x01\xC0\0\x02",
        b"\0\0\0\x07\xC0\0\x02\x01\0\x50",
        b"\0\0\0\x03\x01 \0\x50",
    ] {
        stranger.send_to(bytes, scene.addr).await.expect("a way");
    }
    stranger.send_to(&datagram(1, TARGET, "a part"), scene.addr).await.expect("a way");
    scene.send(&client, "first").await;
    let association = scene.assert_heard("first").await;
    scene.send(&stranger, "a stranger").await;
    scene.send(&client, "second").await;
    scene.assert_heard("second").await;
    for answer in ["one", "two"] {
        scene.relay.send_to(&datagram(0, TARGET, answer), association).await.expect("a way back");
        assert_received(&client, answer).await;
    }
    stranger.try_recv(&mut [0]).expect_err("nothing for a stranger");
}

/// Elsewhere the loopback interface has one address.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_client_is_where_its_connection_is() {
    let client = socket().await;
    let port = client.local_addr().expect("an address").port();
    for declared in [0, port] {
        let scene = Scene::new(declared).await;
        let stranger = UdpSocket::bind(("127.0.0.2", port)).await.expect("a port");
        scene.send(&stranger, "a stranger").await;
        scene.send(&client, "the client").await;
        scene.assert_heard("the client").await;
    }
}

#[tokio::test]
async fn a_declared_port_is_the_clients() {
    let (client, stranger) = (socket().await, socket().await);
    let scene = Scene::new(client.local_addr().expect("an address").port()).await;
    scene.send(&stranger, "a stranger").await;
    scene.send(&client, "the client").await;
    scene.assert_heard("the client").await;
}

#[tokio::test]
async fn fragments_are_dropped() {
    let scene = Scene::new(0).await;
    let client = socket().await;
    scene.send(&client, "whole").await;
    scene.assert_heard("whole").await;
    for fragment in [1, 2, 0x83, 0xFF] {
        client.send_to(&datagram(fragment, TARGET, "a part"), scene.addr).await.expect("a way");
    }
    scene.send(&client, "whole again").await;
    scene.assert_heard("whole again").await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_lost() {
    let scene = Scene::by(0, |proxy| proxy.resolve(Resolve::Locally)).await;
    let client = socket().await;
    let nowhere = datagram(0, "nobody.onion:80", "lost");
    client.send_to(&nowhere, scene.addr).await.expect("a way");
    scene.send(&client, "sent").await;
    scene.assert_heard("sent").await;
}

#[tokio::test]
async fn a_relay_that_refuses_may_come_back() {
    let scene = Scene::new(0).await;
    let client = socket().await;
    scene.send(&client, "first").await;
    let association = scene.assert_heard("first").await;
    // To all but its peer a connected socket is not there.
    let elsewhere = socket().await;
    scene.relay.connect(elsewhere.local_addr().expect("an address")).await.expect("a peer");
    for _ in 0..3 {
        scene.send(&client, "again").await;
        sleep(QUIET / 3).await;
    }
    scene.relay.connect(association).await.expect("a peer");
    // Another error may be pending, and is returned in place of sending.
    let back = async {
        loop {
            scene.send(&client, "again").await;
            if timeout(QUIET, scene.relay.readable()).await.is_ok() {
                break;
            }
        }
    };
    timeout(PATIENCE, back).await.expect("an association that goes on");
    scene.assert_heard("again").await;
}

#[tokio::test]
async fn an_association_ends_with_the_forwarder() {
    let mut scene = Scene::new(0).await;
    drop(scene.forwarder);
    assert!(to_the_end(&mut scene.control).await.is_empty());
    tokio::task::spawn_blocking(|| scene.proxy.join()).await.expect("no panic");
}

/// A datagram that its encapsulation delays for an hour does not keep the association open.
#[tokio::test]
async fn an_association_ends_while_a_datagram_waits() {
    let request = Speaks::Socks5.request(3, "0.0.0.0:0");
    let lines = |granted: Vec<u8>| toy::connection(Level::PausedLong, &request, &granted);
    let mut scene = Scene::of(0, lines, |proxy| proxy.auth(toy::auth()).expect("SOCKS5")).await;
    scene.send(&socket().await, "late").await;
    sleep(QUIET).await;
    scene.control.write_all(b"!").await.expect("an open stream");
    assert!(to_the_end(&mut scene.control).await.is_empty());
}

/// The datagrams of a chain are nested, and the end of any association ends the client's.
#[tokio::test]
async fn through_a_chain() {
    let relays = ["192.0.2.102:5002", "192.0.2.103:5003"];
    for hop in 0..3 {
        let relay = socket().await;
        let first = relay.local_addr().expect("an address").to_string();
        let transcripts = (0..3).map(|n| {
            let bound = if n == 0 { &*first } else { relays[n - 1] };
            let connections = BEHIND[..n].iter().flat_map(|next| Speaks::Socks5.connection(next));
            let granted = Speaks::Socks5.lines(3, "0.0.0.0:0", Speaks::Socks5.granted(bound));
            connections.chain(granted).collect()
        });
        let proxy = Listening::start(transcripts.collect());
        let forwarder = started(Connector::new(behind(proxy.addr, &[Speaks::Socks5; 3]))).await;
        let client = Socks5UdpSocket::associate(forwarder.url()).await.expect("an association");
        let controls = proxy.join();
        client.send_to(b"ping", TARGET).await.expect("sent");
        let outer = [datagram(0, relays[0], ""), datagram(0, relays[1], "")].concat();
        let mut heard = [0; 100];
        let (n, from) =
            timeout(PATIENCE, relay.recv_from(&mut heard)).await.expect("in time").expect("a datagram");
        assert_eq!(heard[..n], [&*outer, &datagram(0, TARGET, "ping")].concat());
        relay.send_to(&[outer, datagram(0, TARGET, "pong")].concat(), from).await.expect("sent");
        let received = timeout(PATIENCE, client.recv_from(&mut heard)).await.expect("in time");
        let (n, source) = received.expect("a datagram");
        assert_eq!((&heard[..n], &*source.to_string()), (&b"pong"[..], TARGET));
        controls[hop].shutdown(std::net::Shutdown::Both).expect("an open connection");
        let ended = timeout(PATIENCE, client.closed()).await.expect("in time");
        assert_eq!(ended.kind(), std::io::ErrorKind::ConnectionAborted, "{ended}");
    }
}
