//! How a tunnel ends: one side first, or by a reset.

use super::clients::to_the_end;
use super::{PATIENCE, QUIET, started};
use anysocks::forward::Forwarder;
use anysocks::tokio::{Connector, Socks5Stream};
use socket2::SockRef;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// Both ends of a tunnel.
async fn tunnel(forwarder: &Forwarder) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let client = Socks5Stream::connect(forwarder.url(), addr).await.expect("a tunnel");
    let (target, _) = listener.accept().await.expect("a client");
    (client.into_inner().expect("a bare stream"), target)
}

async fn assert_reset(stream: &mut TcpStream) {
    let ended = timeout(PATIENCE, stream.read_u8()).await.expect("an end");
    assert_eq!(ended.expect_err("no byte").kind(), ErrorKind::ConnectionReset);
}

fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("an open stream");
    drop(stream);
}

#[tokio::test]
async fn who_ends_first_hears_the_other_to_its_end() {
    let forwarder = started(Connector::direct()).await;
    for target_first in [true, false] {
        let (client, target) = tunnel(&forwarder).await;
        let (mut first, mut second) = if target_first { (target, client) } else { (client, target) };
        first.write_all(b"all").await.expect("an open stream");
        first.shutdown().await.expect("an open stream");
        assert_eq!(to_the_end(&mut second).await, b"all");
        for _ in 0..3 {
            second.write_all(b"more").await.expect("an open stream");
            first.read_exact(&mut [0; 4]).await.expect("more");
        }
        second.shutdown().await.expect("an open stream");
        let end = timeout(PATIENCE, first.read(&mut [0])).await.expect("in time");
        assert_eq!(end.expect("an orderly end"), 0);
    }
}

#[tokio::test]
async fn who_reads_late_hears_all() {
    let forwarder = started(Connector::direct()).await;
    let (mut client, mut target) = tunnel(&forwarder).await;
    client.shutdown().await.expect("an open stream");
    assert!(to_the_end(&mut target).await.is_empty());
    // What a client's buffer does not take is in the forwarder's when that has done its part.
    target.write_all(&vec![7; 1 << 20]).await.expect("an open stream");
    drop(target);
    sleep(QUIET).await;
    let mut heard = Vec::new();
    timeout(PATIENCE, client.read_to_end(&mut heard)).await.expect("in time").expect("an orderly end");
    assert_eq!(heard.len(), 1 << 20);
}

#[tokio::test]
async fn a_reset_is_no_end() {
    let forwarder = started(Connector::direct()).await;
    for target_first in [true, false] {
        let (client, target) = tunnel(&forwarder).await;
        let (mut first, mut second) = if target_first { (target, client) } else { (client, target) };
        first.write_all(b"half").await.expect("an open stream");
        second.read_exact(&mut [0; 4]).await.expect("a half");
        reset(first);
        assert_reset(&mut second).await;
    }
}

#[tokio::test]
async fn a_reset_behind_an_end_is_none_either() {
    let forwarder = started(Connector::direct()).await;
    let (mut client, target) = tunnel(&forwarder).await;
    client.shutdown().await.expect("an open stream");
    reset(target);
    assert_reset(&mut client).await;
}

/// Other systems may discard the bytes before a reset.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_stops_reading_is_heard_out() {
    let forwarder = started(Connector::direct()).await;
    let much = vec![0; 100_000];
    for _ in 0..5 {
        let (mut client, mut target) = tunnel(&forwarder).await;
        while timeout(QUIET / 3, client.write(&much)).await.is_ok() {}
        target.write_all(b"too much").await.expect("an open stream");
        // With unread bytes, it resets the connection, also during a write to it.
        drop(target);
        let mut heard = Vec::new();
        let ended = timeout(PATIENCE, client.read_to_end(&mut heard)).await.expect("an end");
        assert_eq!(ended.expect_err("no end").kind(), ErrorKind::ConnectionReset);
        assert_eq!(heard, b"too much");
    }
}

#[tokio::test]
async fn all_are_reset_when_the_forwarder_is_dropped() {
    let forwarder = started(Connector::direct()).await;
    let mut tunnels = Vec::new();
    for half_closed in [false, false, true] {
        let (mut client, target) = tunnel(&forwarder).await;
        if half_closed {
            client.shutdown().await.expect("an open stream");
        }
        tunnels.push((client, target));
    }
    assert!(to_the_end(&mut tunnels[2].1).await.is_empty());
    drop(forwarder);
    for (client, target) in &mut tunnels[..2] {
        assert_reset(client).await;
        assert_reset(target).await;
    }
    assert_reset(&mut tunnels[2].0).await;
}
