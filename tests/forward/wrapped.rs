//! A forwarder in front of a wrapped connector.

use super::{PATIENCE, started_by};
use crate::messages::Speaks;
use crate::scene::TARGET;
use crate::support::masked::{Masked, masked, turned};
use crate::support::server::Server;
use anysocks::forward::Forwarder;
use anysocks::tokio::{Connector, Socks5Stream, Socks5UdpSocket};
use anysocks::{Address, Stage};
use std::io::{Read, Write};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

async fn in_front_of(server: &Server<()>, kind: Speaks) -> Forwarder {
    let connector = Connector::new(kind.at(server.addr)).wrapped(|stream, _| async { Ok(Masked(stream)) });
    started_by(Forwarder::start(connector)).await
}

/// All bytes go through the wrapper, and so does the end of each direction.
#[tokio::test]
async fn bytes_and_ends() {
    for kind in Speaks::ALL {
        let server = Server::start(masked(&kind.connection(TARGET)), |mut client| {
            let mut heard = Vec::new();
            client.read_to_end(&mut heard).expect("the end of the client's direction");
            assert_eq!(turned(&heard), b"hello");
            client.write_all(&turned(b"goodbye")).expect("an open direction");
        });
        let forwarder = in_front_of(&server, kind).await;
        let mut stream = Socks5Stream::connect(forwarder.url(), TARGET).await.expect("a tunnel");
        stream.write_all(b"hello").await.expect("an open stream");
        stream.shutdown().await.expect("an open stream");
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.expect("the end");
        assert_eq!(heard, "goodbye");
        server.join();
    }
}

#[tokio::test]
async fn a_reset_of_the_client_ends_the_connection() {
    let server = Server::start(masked(&Speaks::Socks5.connection(TARGET)), |mut client| {
        client.read_to_end(&mut Vec::new()).map(drop).unwrap_or_default();
    });
    let forwarder = in_front_of(&server, Speaks::Socks5).await;
    let stream = Socks5Stream::connect(forwarder.url(), TARGET).await.expect("a tunnel");
    socket2::SockRef::from(stream.get_ref()).set_linger(Some(std::time::Duration::ZERO)).expect("a socket");
    drop(stream);
    let ended = tokio::task::spawn_blocking(|| server.join());
    timeout(PATIENCE, ended).await.expect("in time").expect("no panic");
}

#[tokio::test]
async fn datagrams() {
    let relay = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let kind = Speaks::Password;
    let granted = kind.granted(&relay.local_addr().expect("an address").to_string());
    let lines = masked(&kind.lines(3, "0.0.0.0:0", granted));
    let server = Server::start(lines, |mut client| drop(client.read(&mut [0])));
    let forwarder = in_front_of(&server, kind).await;
    let association = Socks5UdpSocket::associate(forwarder.url()).await.expect("an association");
    association.send_to(b"ping", "192.0.2.1:80").await.expect("a way to the forwarder");
    let mut datagram = [0; 64];
    // Datagrams are not wrapped.
    let received = timeout(PATIENCE, relay.recv_from(&mut datagram)).await.expect("in time");
    let (n, from) = received.expect("a datagram");
    assert_eq!(&datagram[..n], b"\0\0\0\x01\xC0\x00\x02\x01\x00\x50ping");
    relay.send_to(&datagram[..n], from).await.expect("a way back");
    let received = timeout(PATIENCE, association.recv_from(&mut datagram)).await.expect("in time");
    let (n, source) = received.expect("a datagram");
    assert_eq!(
        (&datagram[..n], source),
        (&b"ping"[..], Address::Ip("192.0.2.1:80".parse().expect("an address")))
    );
    drop(association);
    tokio::task::spawn_blocking(|| server.join()).await.expect("no panic");
}

/// The proxy's refusal reaches the client.
#[tokio::test]
async fn a_refusal() {
    let kind = Speaks::Socks5;
    let server = Server::start(masked(&kind.lines(1, TARGET, kind.refused())), |_| ());
    let forwarder = in_front_of(&server, kind).await;
    let error = Socks5Stream::connect(forwarder.url(), TARGET).await.expect_err("a refusal");
    assert_eq!((error.stage(), error.reply()), (Stage::Request, Some(kind.refusal())));
    server.join();
}
