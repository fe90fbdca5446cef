//! Clients that go away before they are answered.

use super::clients::{admitted, to_the_end};
use super::messages::Speaks;
use super::scene::{TARGET, serving};
use super::support::case::limit_test;
use super::support::server::echo;
use super::{PATIENCE, QUIET};
use anysocks::forward::Forwarder;
use anysocks::tokio::{Connector, Socks5Stream};
use socket2::SockRef;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// A forwarder with one connection, in front of a proxy that the test plays and that may block
/// without limit.
async fn before_a_proxy() -> (Forwarder, TcpListener) {
    limit_test();
    let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let way = Speaks::Socks5.at(proxy.local_addr().expect("an address")).timeout(None);
    (Forwarder::builder(Connector::new(way)).connections(1).start().await.expect("a forwarder"), proxy)
}

async fn came(proxy: &TcpListener) -> TcpStream {
    timeout(PATIENCE, proxy.accept()).await.expect("in time").expect("a client").0
}

#[tokio::test]
async fn while_their_target_is_dialled() {
    let (forwarder, proxy) = before_a_proxy().await;
    // Each client gets the connection that the previous one has left.
    for (command, early, reset) in [
        (1, false, false),
        (1, false, true),
        (3, false, false),
        (3, false, true),
        // Early data hide an end, and on Windows a reset too.
        #[cfg(not(windows))]
        (1, true, true),
        #[cfg(not(windows))]
        (3, true, true),
    ] {
        let mut client = admitted(&forwarder).await;
        let first = if early { &b"hello"[..] } else { b"" };
        let said = [&Speaks::Socks5.request(command, "0.0.0.0:0"), first].concat();
        client.write_all(&said).await.expect("an open stream");
        let mut dialled = came(&proxy).await;
        dialled.read_exact(&mut [0; 3]).await.expect("a greeting");
        if reset {
            SockRef::from(&client).set_linger(Some(Duration::ZERO)).expect("an open stream");
        }
        drop(client);
        assert!(to_the_end(&mut dialled).await.is_empty());
    }
}

#[tokio::test]
async fn while_they_wait_for_a_place() {
    let target = serving(|client| echo(&client));
    let forwarder =
        Forwarder::builder(Connector::direct()).connections(1).start().await.expect("a forwarder");
    let mut taken = Socks5Stream::connect(forwarder.url(), target).await.expect("a tunnel");
    let mut waiting = admitted(&forwarder).await;
    waiting.write_all(&Speaks::Socks5.request(1, TARGET)).await.expect("an open stream");
    timeout(QUIET, waiting.read_u8()).await.expect_err("a client that waits");
    waiting.shutdown().await.expect("an open stream");
    assert!(to_the_end(&mut waiting).await.is_empty());
    // The place was not its.
    taken.write_all(b"hello").await.expect("an open stream");
    taken.read_exact(&mut [0; 5]).await.expect("an echo");
}

#[tokio::test]
async fn who_speaks_early_is_still_there() {
    let (forwarder, proxy) = before_a_proxy().await;
    let mut client = admitted(&forwarder).await;
    let said = [&Speaks::Socks5.request(1, TARGET), &b"hello"[..]].concat();
    client.write_all(&said).await.expect("an open stream");
    client.shutdown().await.expect("an open stream");
    let mut dialled = came(&proxy).await;
    dialled.read_exact(&mut [0; 3]).await.expect("a greeting");
    sleep(QUIET).await;
    dialled.write_all(&[5, 0]).await.expect("a client that listens");
    let mut request = vec![0; said.len() - 5];
    dialled.read_exact(&mut request).await.expect("a request");
    dialled.write_all(&Speaks::Socks5.granted("192.0.2.7:80")).await.expect("a client that listens");
    assert_eq!(to_the_end(&mut dialled).await, b"hello");
    dialled.write_all(b"bye").await.expect("a client that listens");
    drop(dialled);
    assert_eq!(to_the_end(&mut client).await, b"\x05\0\0\x01\xC0\0\x02\x07\0\x50bye");
}
