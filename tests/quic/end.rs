//! What ends an endpoint, and what does not.

use crate::peer::{NAME, Peer, echo};
use crate::relay::{Relay, datagram};
use anysocks::quinn::endpoint;
use anysocks::tokio::Socks5UdpSocket;
use anysocks::udp::AssociationEnd;
use anysocks::{Error, ErrorKind, Reply, Stage};
use quinn::udp::{RecvMeta, Transmit};
use quinn::{
    AsyncUdpSocket, ConnectError, ConnectionError, Endpoint, EndpointConfig, ReadError, TokioRuntime,
};
use std::future::poll_fn;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// Far less than the 30 seconds after which quinn gives a silent connection up.
const SOON: Duration = Duration::from_secs(5);

fn assert_ended(error: &io::Error) {
    let inner = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    let error = inner.unwrap_or_else(|| panic!("{error} is not the crate's"));
    assert_eq!(error.stage(), Stage::Association);
    assert!(matches!(error.kind(), ErrorKind::AssociationEnded(AssociationEnd::Closed)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_association_is_that_of_the_endpoint() {
    let (mut relay, peer) = (Relay::start().await, Peer::start(&["127.0.0.1"]));
    let socket = Socks5UdpSocket::associate(relay.proxy).await.expect("an association");
    let (config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
    let endpoint = Endpoint::new_with_abstract_socket(config, None, Arc::new(socket.clone()), runtime);
    let endpoint = endpoint.expect("an endpoint");
    let connection = peer.connect(&endpoint, peer.addrs[0]).await;
    let (_send, mut receive) = connection.open_bi().await.expect("a stream");
    drop(relay.control().await);

    let lost = timeout(SOON, receive.read(&mut [0])).await.expect("an end").expect_err("no connection");
    assert!(matches!(lost, ReadError::ConnectionLost(ConnectionError::TransportError(_))), "{lost}");
    let why = timeout(SOON, connection.closed()).await.expect("an end");
    assert!(matches!(why, ConnectionError::TransportError(_)), "{why}");
    let refused = endpoint.connect_with(peer.config(), peer.addrs[0], NAME).expect_err("no endpoint");
    assert!(matches!(refused, ConnectError::EndpointStopping), "{refused}");
    assert_ended(&socket.closed().await);
    // Packets are lost: quinn would not report the error to the tasks of a connection.
    let transmit = Transmit {
        destination: peer.addrs[0],
        ecn: None,
        contents: b"late",
        segment_size: None,
        src_ip: None,
    };
    socket.try_send(&transmit).expect("lost");
    let (mut room, mut meta) = ([0; 10], [RecvMeta::default()]);
    let mut received = Ok(1);
    // Packets before the end are received before it, here too.
    while received.is_ok() {
        received = poll_fn(|cx| socket.poll_recv(cx, &mut [IoSliceMut::new(&mut room)], &mut meta)).await;
    }
    assert_ended(&received.expect_err("no association"));
}

/// No peer has connected, so none has sent anything.
#[tokio::test]
async fn an_idle_endpoint_ends_as_well() {
    let (mut relay, peer) = (Relay::start().await, Peer::start(&["127.0.0.1"]));
    let endpoint = endpoint(relay.proxy).await.expect("an association");
    let incoming = endpoint.accept();
    drop(relay.control().await);
    assert!(timeout(SOON, incoming).await.expect("an end").is_none());
    let refused = endpoint.connect_with(peer.config(), peer.addrs[0], NAME).expect_err("no endpoint");
    assert!(matches!(refused, ConnectError::EndpointStopping), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_outlives_a_relay_that_is_away() {
    let (mut relay, peer) = (Relay::start().await, Peer::start(&["127.0.0.1"]));
    let endpoint = endpoint(relay.proxy).await.expect("an association");
    let connection = peer.connect(&endpoint, peer.addrs[0]).await;
    assert_eq!(echo(&connection, b"before").await, b"before");

    relay.leave().await;
    let sent = connection.stats().udp_tx.datagrams;
    // What is lost is sent again, so that each error has come to quinn before the next.
    let mut written = connection.open_uni().await.expect("a stream");
    while connection.stats().udp_tx.datagrams < sent + 4 {
        written.write_all(b"refused").await.expect("a stream");
        tokio::task::yield_now().await;
    }
    relay.come_back().await;
    assert_eq!(echo(&connection, b"after").await, b"after");
}

/// On loopback the system detects the closed port before the call that sends returns. The next
/// call returns the error.
#[tokio::test]
async fn a_refused_datagram_is_lost_and_no_other() {
    let mut relay = Relay::start().await;
    let socket = Socks5UdpSocket::associate(relay.proxy).await.expect("an association");
    let destination: SocketAddr = "192.0.2.7:443".parse().expect("an address");
    let send = |contents| {
        socket.try_send(&Transmit { destination, ecn: None, contents, segment_size: None, src_ip: None })
    };
    relay.leave().await;
    poll_fn(|cx| socket.poll_send_ready(cx)).await.expect("a runtime");
    socket.try_send_to(b"refused", destination).expect("not known yet");
    let refused = socket.try_send_to(b"not sent", destination).expect_err("known");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused, "this machine tells nothing");

    send(b"refused").expect("lost as any datagram may be");
    let inside = relay.socket().await;
    // Of the datagram before it, not of this.
    send(b"heard").expect("sent");
    let mut room = [0; 100];
    let (len, _) = timeout(SOON, inside.recv_from(&mut room)).await.expect("a datagram").expect("a datagram");
    assert!(room[..len].ends_with(b"heard"));

    drop(inside);
    send(b"refused").expect("lost as any datagram may be");
    let inside = relay.socket().await;
    inside.send_to(&datagram(destination, b"comes"), socket.local_addr()).await.expect("sent");
    let (mut room, mut meta) = ([0; 10], [RecvMeta::default()]);
    let receiving = poll_fn(|cx| socket.poll_recv(cx, &mut [IoSliceMut::new(&mut room)], &mut meta));
    assert_eq!(timeout(SOON, receiving).await.expect("a datagram").expect("an association"), 1);
    assert_eq!(room[..meta[0].len], *b"comes");
}

/// The error of an endpoint whose proxy answers with these bytes.
async fn answered(answer: &[u8]) -> Error {
    crate::support::case::limit_test();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = listener.local_addr().expect("an address");
    let answering = async {
        let (mut client, _) = listener.accept().await.expect("a client");
        client.write_all(answer).await.expect("a client that listens");
        client
    };
    let (endpoint, _client) = tokio::join!(endpoint(proxy), answering);
    endpoint.expect_err("no association")
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_of() {
    let error = answered(&[5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    assert!(matches!(error.kind(), ErrorKind::Refused(Reply::COMMAND_NOT_SUPPORTED)), "{error}");
}

/// Were it looked up, there would be an endpoint.
#[tokio::test]
async fn a_relay_that_is_a_name_is_not_looked_up() {
    let error = answered(b"\x05\x00\x05\x00\x00\x03\x09localhost\x00\x09").await;
    assert!(matches!(error.kind(), ErrorKind::NoRelay { .. }), "{error}");
}
