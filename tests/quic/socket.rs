//! The socket as quinn calls it.

use crate::relay::{Relay, datagram};
use anysocks::tokio::Socks5UdpSocket;
use anysocks::udp::Datagram;
use quinn::AsyncUdpSocket;
use quinn::udp::{RecvMeta, Transmit};
use std::future::poll_fn;
use std::io::IoSliceMut;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::UdpSocket;

/// An association, and the relay's socket.
async fn associated() -> (Arc<Socks5UdpSocket>, UdpSocket, Relay) {
    let mut relay = Relay::start().await;
    relay.leave().await;
    let inside = relay.socket().await;
    let socket = Socks5UdpSocket::associate(relay.proxy).await.expect("an association");
    poll_fn(|cx| socket.poll_send_ready(cx)).await.expect("a runtime");
    (Arc::new(socket), inside, relay)
}

/// What one call receives into so many buffers of this length.
async fn receive(socket: &Socks5UdpSocket, buffers: usize, len: usize) -> Vec<(SocketAddr, Vec<u8>)> {
    let mut room = vec![vec![0xEE; len]; buffers];
    let mut bufs: Vec<_> = room.iter_mut().map(|buf| IoSliceMut::new(buf)).collect();
    let mut meta = vec![RecvMeta::default(); buffers];
    let received = poll_fn(|cx| socket.poll_recv(cx, &mut bufs, &mut meta)).await.expect("an association");
    let received = meta.iter().zip(&room).take(received);
    received
        .map(|(meta, buf)| {
            assert_eq!((meta.stride, meta.ecn, meta.dst_ip), (meta.len, None, None));
            (meta.addr, buf[..meta.len].to_vec())
        })
        .collect()
}

#[tokio::test]
async fn several_packets_with_one_call() {
    let (socket, inside, _relay) = associated().await;
    let to = socket.local_addr();
    let sources = ["192.0.2.7:443", "[2001:db8::7]:443", "[::ffff:192.0.2.8]:443"];
    let sources = sources.map(|source| source.parse::<SocketAddr>().expect("an address"));
    for (source, payload) in sources.into_iter().zip([&[1; 1000][..], &[2; 900], &[]]) {
        inside.send_to(&datagram(source, payload), to).await.expect("sent");
    }
    let mapped = ["[::ffff:192.0.2.7]:443", "[2001:db8::7]:443", "[::ffff:192.0.2.8]:443"];
    let mapped = mapped.map(|source| source.parse::<SocketAddr>().expect("an address"));
    let packets = [vec![1; 1000], vec![2; 900], vec![]];
    let expected: Vec<_> = mapped.into_iter().zip(packets).collect();
    assert_eq!(receive(&socket, 4, 1200).await, expected);
    assert_eq!(socket.dropped(), 0);
}

#[tokio::test]
async fn no_more_packets_than_there_are_buffers() {
    let (socket, inside, _relay) = associated().await;
    let source: SocketAddr = "[2001:db8::7]:443".parse().expect("an address");
    for payload in [b"one", b"two", b"six"] {
        inside.send_to(&datagram(source, payload), socket.local_addr()).await.expect("sent");
    }
    assert_eq!(receive(&socket, 2, 10).await, [(source, b"one".to_vec()), (source, b"two".to_vec())]);
    assert_eq!(receive(&socket, 2, 10).await, [(source, b"six".to_vec())]);
}

#[tokio::test]
async fn what_quinn_has_no_use_for_is_counted() {
    let (socket, inside, _relay) = associated().await;
    let source: SocketAddr = "[2001:db8::7]:443".parse().expect("an address");
    let name = anysocks::Target::try_from("name.example:443").expect("a target");
    let useless =
        [datagram(name, b"from a name"), b"short".to_vec(), vec![0, 0, 1, 1, 192, 0, 2, 7, 1, 187, 9]];
    for useless in &useless {
        inside.send_to(useless, socket.local_addr()).await.expect("sent");
    }
    inside.send_to(&datagram(source, b"good"), socket.local_addr()).await.expect("sent");
    assert_eq!(receive(&socket, 2, 10).await, [(source, b"good".to_vec())]);
    assert_eq!(socket.dropped(), 3);
}

/// QUIC finds out that it does not decrypt.
#[tokio::test]
async fn a_packet_that_is_too_long_is_cut() {
    let (socket, inside, _relay) = associated().await;
    let source: SocketAddr = "[2001:db8::7]:443".parse().expect("an address");
    for (len, buf) in [(1201, 1200), (1200, 1200), (5001, 5000), (5000, 5000)] {
        inside.send_to(&datagram(source, &vec![7; len]), socket.local_addr()).await.expect("sent");
        inside.send_to(&datagram(source, b"next"), socket.local_addr()).await.expect("sent");
        let expected = [(source, vec![7; buf]), (source, b"next".to_vec())];
        assert_eq!(receive(&socket, 2, buf).await, expected, "{len} bytes");
    }
}

#[tokio::test]
async fn what_is_sent_has_the_address_that_is_meant() {
    let (socket, inside, _relay) = associated().await;
    let contents: Vec<u8> = (0..250).collect();
    let destinations = [
        ("192.0.2.7:443", "192.0.2.7:443"),
        ("[::ffff:192.0.2.7]:443", "192.0.2.7:443"),
        ("[2001:db8::7]:443", "[2001:db8::7]:443"),
    ];
    for (destination, target) in destinations {
        let destination = destination.parse().expect("an address");
        for segment_size in [None, Some(100), Some(250), Some(125)] {
            let transmit =
                Transmit { destination, ecn: None, contents: &contents, segment_size, src_ip: None };
            socket.try_send(&transmit).expect("sent");
            for segment in contents.chunks(segment_size.unwrap_or(contents.len())) {
                let mut room = [0; 300];
                let (len, _) = inside.recv_from(&mut room).await.expect("a datagram");
                let heard = Datagram::parse(&room[..len]).expect("a datagram");
                assert_eq!((heard.source.to_string().as_str(), heard.payload), (target, segment));
            }
        }
    }
}

#[tokio::test]
async fn what_quinn_is_told_of_it() {
    let (socket, _inside, _relay) = associated().await;
    let addr = AsyncUdpSocket::local_addr(&*socket).expect("an address");
    assert_eq!(addr, (Ipv6Addr::UNSPECIFIED, socket.local_addr().port()).into());
    assert!(socket.may_fragment(), "quinn would look for a longer MTU");
    assert_eq!(socket.max_receive_segments(), 1);
}
