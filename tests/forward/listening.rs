//! Where a forwarder listens, and whether clients need a password.

use super::{assert_word, started_by};
use crate::scene::saying;
use anysocks::forward::Forwarder;
use anysocks::tokio::{Connector, Socks5Stream};
use anysocks::{ErrorKind, Stage};
use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}

#[tokio::test]
async fn at_a_given_port() {
    let target = saying(vec![], "target").to_string();
    let addr = free_port();
    let forwarder = started_by(Forwarder::builder(Connector::direct()).listen(addr).start()).await;
    assert_eq!(forwarder.addr(), addr);
    assert_word(&forwarder, &target, "target").await;
    // The port is in use.
    let second = Forwarder::builder(Connector::direct()).listen(addr).start().await;
    assert_eq!(second.expect_err("no second one").kind(), io::ErrorKind::AddrInUse);
    let any =
        started_by(Forwarder::builder(Connector::direct()).listen((Ipv6Addr::LOCALHOST, 0).into()).start())
            .await;
    assert!(any.addr().is_ipv6() && any.addr().port() != 0);
    assert_word(&any, &target, "target").await;
}

#[tokio::test]
async fn without_a_password() {
    let target = saying(vec![], "target").to_string();
    let forwarder = started_by(Forwarder::builder(Connector::direct()).without_password().start()).await;
    assert_eq!(forwarder.url(), format!("socks5h://{}", forwarder.addr()));
    assert_word(&forwarder, &target, "target").await;
    // A client that offers a password too gets in, and one that offers nothing else does not.
    let url = format!("socks5h://me:key@{}", forwarder.addr());
    Socks5Stream::connect(&url, &*target).await.expect("a tunnel");
    let proxy = anysocks::Proxy::socks5(forwarder.addr()).and_then(|proxy| proxy.password_only("me", "key"));
    let refused = Socks5Stream::connect(proxy.expect("a proxy"), &*target).await.expect_err("a refusal");
    assert!(matches!(refused.kind(), ErrorKind::MethodsRefused), "{refused:?}");
    assert_eq!(refused.stage(), Stage::MethodSelection);
    // For this machine only.
    for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let addr: SocketAddr = addr.parse().expect("an address");
        let started = Forwarder::builder(Connector::direct()).without_password().listen(addr).start().await;
        assert_eq!(started.expect_err("no forwarder").kind(), io::ErrorKind::InvalidInput);
    }
}
