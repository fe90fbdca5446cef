//! The limits of a forwarder, shortened.

#[cfg(target_os = "linux")]
mod closed;

use super::limits::Limits;
use super::*;
use crate::protocol::reply::Reply;
use crate::tokio::Socks5Stream;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// The timeout of events that must happen.
const PATIENCE: Duration = Duration::from_secs(8);
/// A limit that a test waits out.
const SHORT: Duration = Duration::from_millis(200);
/// A limit that a busy machine does not exceed.
const LONG: Duration = Duration::from_secs(2);

async fn start(limits: Limits) -> Forwarder {
    Builder { limits, ..Builder::new(Connector::direct()) }.start().await.unwrap()
}

/// Connects through the forwarder. Returns both ends of the tunnel.
async fn tunnel(forwarder: &Forwarder) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let connecting = timeout(PATIENCE, Socks5Stream::connect(forwarder.url(), addr));
    let client = connecting.await.unwrap().unwrap().into_inner().unwrap();
    (client, timeout(PATIENCE, listener.accept()).await.unwrap().unwrap().0)
}

async fn next_byte(stream: &mut TcpStream) -> u8 {
    timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap()
}

async fn ended(stream: &mut TcpStream) -> ErrorKind {
    timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap_err().kind()
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let Limits { connections, queued, unauthenticated, handshake, half_closed, keepalive } =
        Limits::default();
    assert_eq!((connections, queued, unauthenticated), (256, 256, 64));
    assert_eq!((handshake.as_secs(), half_closed.as_secs()), (5, 60 * 60));
    assert_eq!((keepalive.after.as_secs(), keepalive.every.as_secs()), (45, 5));
}

#[test]
fn the_builder_sets_limits() {
    let builder = Forwarder::builder(Connector::direct()).connections(7).half_closed(SHORT);
    let limits = Limits { connections: 7, half_closed: SHORT, ..Limits::default() };
    assert_eq!(builder.limits, limits);
}

#[tokio::test]
async fn passwords_are_random_and_not_in_debug() {
    let mut passwords = Vec::new();
    for _ in 0..2 {
        let forwarder = start(Limits::default()).await;
        let (start, end) = ("socks5h://anysocks:", format!("@{}", forwarder.addr()));
        let url = forwarder.url();
        let password = url.strip_prefix(start).and_then(|rest| rest.strip_suffix(&end)).unwrap().to_owned();
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        assert!(password.len() == 64 && password.bytes().all(is_digit), "{password}");
        assert!(!format!("{forwarder:?}").contains(&password));
        passwords.push(password);
    }
    assert_ne!(passwords[0], passwords[1]);
}

#[tokio::test]
async fn authentication_times_out() {
    let limits = Limits { handshake: LONG, ..Limits::default() };
    let forwarder = start(limits).await;
    let (mut client, mut target) = tunnel(&forwarder).await;
    let began = Instant::now();
    let mut unauthenticated = Vec::new();
    for sent in [&[][..], &[5], &[5, 1, 2], &[5, 1, 2, 1]] {
        let mut client = TcpStream::connect(forwarder.addr()).await.unwrap();
        client.write_all(sent).await.unwrap();
        unauthenticated.push(client);
    }
    for mut client in unauthenticated {
        let mut received = Vec::new();
        timeout(PATIENCE, client.read_to_end(&mut received)).await.unwrap().unwrap();
        assert!(began.elapsed() >= LONG && [&[][..], &[5, 2]].contains(&&*received), "{received:?}");
    }
    // An authenticated client has no timeout.
    client.write_all(&[7]).await.unwrap();
    assert_eq!(next_byte(&mut target).await, 7);
}

#[tokio::test]
async fn an_idle_half_closed_tunnel_ends() {
    let limits = Limits { connections: 1, half_closed: SHORT, ..Limits::default() };
    let forwarder = start(limits).await;
    // Targets that send nothing.
    let mut silent = Vec::new();
    for _ in 0..3 {
        let (client, target) = tunnel(&forwarder).await;
        silent.push(target);
        drop(client);
    }
    // A client that sends nothing once its target has ended.
    let (mut client, mut target) = tunnel(&forwarder).await;
    target.shutdown().await.unwrap();
    assert_eq!(ended(&mut client).await, ErrorKind::UnexpectedEof);
    assert_eq!(ended(&mut target).await, ErrorKind::ConnectionReset);
    // A side that reads nothing.
    for target_first in [true, false] {
        let (client, target) = tunnel(&forwarder).await;
        let (mut first, mut second) = if target_first { (target, client) } else { (client, target) };
        first.shutdown().await.unwrap();
        let much = vec![7; 1 << 20];
        let blocked = async { while second.write_all(&much).await.is_ok() {} };
        timeout(PATIENCE, blocked).await.unwrap();
        let mut received = Vec::new();
        let ended = timeout(PATIENCE, first.read_to_end(&mut received)).await.unwrap();
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    // An open tunnel has no timeout.
    let (mut client, mut target) = tunnel(&forwarder).await;
    sleep(2 * SHORT).await;
    client.write_all(&[7]).await.unwrap();
    assert_eq!(next_byte(&mut target).await, 7);
}

#[tokio::test]
async fn no_timeout_of_half_closed_tunnels() {
    let forwarder = start(Limits { half_closed: Duration::MAX, ..Limits::default() }).await;
    let (mut client, mut target) = tunnel(&forwarder).await;
    client.shutdown().await.unwrap();
    assert_eq!(ended(&mut target).await, ErrorKind::UnexpectedEof);
    sleep(SHORT).await;
    target.write_all(&[7]).await.unwrap();
    assert_eq!(next_byte(&mut client).await, 7);
    drop(target);
    assert_eq!(ended(&mut client).await, ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn half_closed_tunnels_forbidden() {
    let forwarder = start(Limits { half_closed: Duration::ZERO, ..Limits::default() }).await;
    for target_first in [true, false] {
        let (client, target) = tunnel(&forwarder).await;
        let (mut first, mut second) = if target_first { (target, client) } else { (client, target) };
        first.write_all(b"all").await.unwrap();
        first.shutdown().await.unwrap();
        let mut received = Vec::new();
        timeout(PATIENCE, second.read_to_end(&mut received)).await.unwrap().unwrap();
        assert_eq!(received, b"all");
        assert_eq!(ended(&mut first).await, ErrorKind::ConnectionReset);
    }
}

/// The tunnel ends while the client has not read: the data are in its receive buffer.
#[tokio::test]
async fn a_slow_client_receives_all_data() {
    let limits = Limits { connections: 1, half_closed: SHORT, ..Limits::default() };
    let forwarder = start(limits).await;
    let (mut client, mut target) = tunnel(&forwarder).await;
    let page = vec![7; 300_000];
    target.write_all(&page).await.unwrap();
    target.shutdown().await.unwrap();
    // The tunnel has ended, because another one can start.
    tunnel(&forwarder).await;
    let mut received = Vec::new();
    timeout(PATIENCE, client.read_to_end(&mut received)).await.unwrap().unwrap();
    assert!(received == page, "{} bytes", received.len());
    assert_eq!(ended(&mut target).await, ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn the_timeout_restarts_with_each_byte() {
    let limits = Limits { half_closed: LONG, ..Limits::default() };
    let forwarder = start(limits).await;
    let (mut client, mut target) = tunnel(&forwarder).await;
    client.shutdown().await.unwrap();
    for byte in 0..8 {
        sleep(LONG / 7).await;
        target.write_all(&[byte]).await.unwrap();
        assert_eq!(next_byte(&mut client).await, byte);
    }
    drop(target);
    assert_eq!(ended(&mut client).await, ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let limits = Limits { connections: 1, queued: 2, ..Limits::default() };
    let forwarder = start(limits).await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (taken, target) = tunnel(&forwarder).await;
    let mut connecting = JoinSet::new();
    for _ in 0..3 {
        let url = forwarder.url();
        connecting.spawn(async move { Socks5Stream::connect(url, addr).await });
    }
    let mut next = async || timeout(PATIENCE, connecting.join_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(next().await.unwrap_err().reply(), Some(Reply::GENERAL_FAILURE));
    drop(taken);
    drop(target);
    for _ in 0..2 {
        next().await.unwrap();
        drop(timeout(PATIENCE, listener.accept()).await.unwrap());
    }
}
