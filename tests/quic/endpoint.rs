//! An endpoint through a relay.

use crate::peer::{Peer, echo};
use crate::relay::{Names, Relay};
use anysocks::quinn::endpoint;
use anysocks::tokio::{Connector, Socks5UdpSocket};
use anysocks::udp::Options;
use anysocks::{Chain, Error, Proxy};
use quinn::{ConnectionId, ConnectionIdGenerator, Endpoint, EndpointConfig, TokioRuntime};
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

const MEGABYTES: usize = 10;

/// Bytes in which a part that was lost, repeated or moved would show.
fn bytes(len: usize) -> Vec<u8> {
    let words = (0..).flat_map(|n: u32| n.wrapping_mul(2_654_435_761).to_be_bytes());
    words.take(len).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_and_back() {
    let (relay, peer) = (Relay::start().await, Peer::start(&["127.0.0.1"]));
    let endpoint = endpoint(relay.proxy).await.expect("an association");
    let local = endpoint.local_addr().expect("an address");
    assert!(local.ip() == Ipv6Addr::UNSPECIFIED && local.port() != 0, "{local}");

    let connection = peer.connect(&endpoint, peer.addrs[0]).await;
    assert_eq!(echo(&connection, b"hello").await, b"hello");
    let [ip, mapped] = [peer.addrs[0].ip(), connection.remote_address().ip()];
    assert_eq!(mapped.to_canonical(), ip);
    assert!(mapped.is_ipv6());

    connection.close(0_u32.into(), b"");
    endpoint.wait_idle().await;
    assert_eq!(relay.traffic.lock().expect("no panic").targets, peer.addrs.iter().copied().collect());
}

/// Each relay gets the datagrams for the next one. The end of any association ends the endpoint.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_chain() {
    for ending in 0..2 {
        let mut relays = [Relay::start().await, Relay::start().await];
        let peer = Peer::start(&["127.0.0.1"]);
        let [first, second] = &relays;
        let proxy = |relay: &Relay| Proxy::socks5(relay.proxy).expect("a proxy");
        let chain = Chain::from(proxy(first)).then(proxy(second)).expect("a chain");
        let socket = Connector::new(chain).associate().await.expect("an association");
        let (config, shared) = (EndpointConfig::default(), Arc::new(socket.clone()));
        let endpoint = Endpoint::new_with_abstract_socket(config, None, shared, Arc::new(TokioRuntime));
        let endpoint = endpoint.expect("an endpoint");
        let connection = peer.connect(&endpoint, peer.addrs[0]).await;
        let bytes = bytes(1 << 20);
        assert!(echo(&connection, &bytes).await == bytes, "other bytes");
        let targets = |relay: &Relay| relay.traffic.lock().expect("no panic").targets.clone();
        assert_eq!(targets(first), [second.addr].into());
        assert_eq!(targets(second), peer.addrs.iter().copied().collect());
        assert_eq!(socket.dropped(), 0);

        drop(relays[ending].control().await);
        connection.closed().await;
        let ended = socket.closed().await;
        let error = ended.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("an error");
        assert_eq!((error.hop(), error.hops()), (Some(ending + 1), Some(2)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn much_through_a_relay_that_loses_a_part() {
    let (relay, peer) = (Relay::that_loses(10).await, Peer::start(&["127.0.0.1"]));
    let endpoint = endpoint(relay.proxy).await.expect("an association");
    let connection = peer.connect(&endpoint, peer.addrs[0]).await;
    let bytes = bytes(MEGABYTES << 20);
    let heard = echo(&connection, &bytes).await;
    assert!(heard == bytes, "{} of {} bytes came back, or others", heard.len(), bytes.len());

    let traffic = relay.traffic.lock().expect("no panic");
    let total = traffic.there + traffic.back;
    assert!(traffic.there > (MEGABYTES << 20) as u64 / 1200 && traffic.back > traffic.there / 4);
    assert!((total / 200..total / 50).contains(&traffic.lost), "{} of {total} were lost", traffic.lost);
    assert_eq!(traffic.longest, 1200, "quinn has looked for a longer MTU");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_connections_at_once_one_over_each_ip() {
    let (relay, peer) = (Relay::start().await, Peer::start(&["127.0.0.1", "::1"]));
    let endpoint = endpoint(relay.proxy).await.expect("an association");
    let (first, second) =
        tokio::join!(peer.connect(&endpoint, peer.addrs[0]), peer.connect(&endpoint, peer.addrs[1]));
    let [ours, theirs] = [bytes(1 << 20), bytes((1 << 20) + 1)];
    let (one, other) = tokio::join!(echo(&first, &ours), echo(&second, &theirs));
    assert!(one == ours && other == theirs);
    assert_eq!(endpoint.open_connections(), 2);
    assert_eq!(relay.traffic.lock().expect("no panic").targets, peer.addrs.iter().copied().collect());
}

/// Each connection receives from its own peer, although the relay names none of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_names_another_source() {
    let ours = bytes(1 << 20);
    for names in [Names::TheClient, Names::Something, Names::ThePeer] {
        let (relay, peer) = (Relay::that_names(names).await, Peer::start(&["127.0.0.1", "127.0.0.1", "::1"]));
        let proxy = Proxy::socks5(relay.proxy).expect("a proxy").udp(Options::new().any_source(true));
        let endpoint = endpoint(&proxy).await.expect("an association");
        let mut connections = Vec::new();
        for addr in &peer.addrs {
            let connection = peer.connect(&endpoint, *addr).await;
            assert_eq!(connection.remote_address().ip().to_canonical(), addr.ip());
            connections.push(connection);
        }
        let [one, two, three] = &connections[..] else { panic!("a connection to each") };
        let (first, second, third) =
            tokio::join!(echo(one, &ours), echo(two, &ours[1..]), echo(three, &ours[2..]));
        assert!(first == ours && second == ours[1..] && third == ours[2..], "{names:?}");
    }
}

/// Requests that peers send no connection ID.
struct Empty;

impl ConnectionIdGenerator for Empty {
    fn generate_cid(&mut self) -> ConnectionId {
        ConnectionId::new(&[])
    }

    fn cid_len(&self) -> usize {
        0
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// Without a connection ID, the only peer is the source.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_peer_without_connection_ids() {
    let (relay, peer) = (Relay::that_names(Names::TheClient).await, Peer::start(&["127.0.0.1"]));
    let proxy = Proxy::socks5(relay.proxy).expect("a proxy").udp(Options::new().any_source(true));
    let socket = Arc::new(Socks5UdpSocket::associate(&proxy).await.expect("an association"));
    let mut config = EndpointConfig::default();
    config.cid_generator(|| Box::new(Empty));
    let endpoint = Endpoint::new_with_abstract_socket(config, None, socket, Arc::new(TokioRuntime));
    let connection = peer.connect(&endpoint.expect("an endpoint"), peer.addrs[0]).await;
    assert_eq!(echo(&connection, b"hello").await, b"hello");
}

/// The association, and with it the TCP connection, ends with its last user.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_handle_closes_the_association() {
    let (mut relay, peer) = (Relay::start().await, Peer::start(&["127.0.0.1"]));
    let endpoint = endpoint(relay.proxy).await.expect("an association");
    let connection = peer.connect(&endpoint, peer.addrs[0]).await;
    let mut control = relay.control().await;
    connection.close(0_u32.into(), b"");
    endpoint.wait_idle().await;
    drop((endpoint, connection));
    assert_eq!(tokio::io::AsyncReadExt::read(&mut control, &mut [0]).await.expect("an end"), 0);
}
