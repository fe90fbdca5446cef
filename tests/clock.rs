//! Connections in a runtime whose clock a test pauses and advances.

#[allow(dead_code, reason = "there are no cases here")]
#[path = "support/case.rs"]
mod case;
#[allow(dead_code, reason = "no name server is asked here")]
#[path = "names/granting.rs"]
mod granting;
#[allow(dead_code, reason = "no name server is asked here")]
#[path = "names/recorder.rs"]
mod recorder;
#[path = "support/watchdog.rs"]
mod watchdog;

use anysocks::tokio::{
    Connector, Socks4Listener, Socks4Stream, Socks5Listener, Socks5Stream, Socks5UdpSocket, dial, resolve,
    resolve_ptr,
};
use anysocks::{Chain, Proxy, Resolve, Stage};
use granting::Granting;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;
use tokio::time;

const TARGET: &str = "example.com:80";
const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// Puts the clock ahead by more than any limit, and lets it run on.
async fn ahead() {
    case::limit_test();
    time::pause();
    time::advance(Duration::from_secs(60)).await;
    time::resume();
}

/// A test that would hang fails instead.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    time::timeout(Duration::from_secs(40), work).await.expect("an end")
}

fn proxy() -> SocketAddr {
    Granting::start().expect("a proxy").addr
}

/// By an address, and by a name that this machine looks up.
fn proxies() -> [Proxy; 3] {
    let addr = proxy();
    let v5 = Proxy::socks5(addr).expect("a proxy");
    let named = Proxy::socks5(("localhost", addr.port())).expect("a proxy");
    [v5.clone(), named, v5.resolve(Resolve::Locally)]
}

#[tokio::test]
async fn connections() {
    ahead().await;
    for proxy in proxies() {
        dial(&proxy).await.expect("a connection");
        Socks5Stream::connect(&proxy, "localhost:80").await.expect("a tunnel");
        Socks5Stream::connect_with_early_data(&proxy, "localhost:80", b"first").await.expect("a tunnel");
        resolve(&proxy, "example.com").await.expect("an address");
        resolve_ptr(&proxy, IP).await.expect("a name");
    }
    let v4 = Proxy::socks4(proxy()).expect("a proxy");
    for proxy in [v4.clone(), v4.resolve(Resolve::Locally)] {
        Socks4Stream::connect(&proxy, "localhost:80").await.expect("a tunnel");
        let mut listener = Socks4Listener::bind(&proxy, "localhost:80").await.expect("a listener");
        listener.accept_within(Duration::from_secs(30)).await.expect("a peer");
    }
}

#[tokio::test]
async fn listeners_and_associations() {
    ahead().await;
    for proxy in proxies() {
        let mut listener = Socks5Listener::bind(&proxy, "localhost:80").await.expect("a listener");
        listener.accept_within(Duration::from_secs(30)).await.expect("a peer");
        let socket = Socks5UdpSocket::associate(&proxy).await.expect("an association");
        assert_eq!(socket.send_to(b"1", "localhost:80").await.expect("sent"), 1);
        assert_eq!(soon(socket.recv(&mut [0; 16])).await.expect("an echo"), 1);
    }
}

async fn all_calls<C: Into<Chain>>(chain: impl Fn() -> C) {
    let connector = || Connector::new(chain());
    connector().connect(TARGET).await.expect("a tunnel");
    let mut listener = connector().bind(TARGET).await.expect("a listener");
    listener.accept_within(Duration::from_secs(30)).await.expect("a peer");
    connector().resolve("localhost").await.expect("an address");
    connector().resolve_ptr(IP).await.expect("a name");
    let wrapped = connector().wrapped(|stream, _| async {
        time::sleep(Duration::from_millis(1)).await;
        Ok(stream)
    });
    wrapped.connect(TARGET).await.expect("a tunnel");
}

#[tokio::test]
async fn connectors() {
    ahead().await;
    for proxy in proxies().into_iter().take(2) {
        all_calls(|| proxy.clone()).await;
        let chain = || Chain::from(&proxy).then(Proxy::socks5("192.0.2.1:1080")?);
        all_calls(|| chain().expect("a chain")).await;
        all_calls(|| chain().expect("a chain").timeout(Duration::from_secs(30))).await;
        Connector::new(proxy).associate().await.expect("an association");
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let direct = Connector::direct();
    direct.connect(("localhost", port)).await.expect("a connection");
    direct.resolve("localhost").await.expect("an address");
}

#[cfg(feature = "forward")]
#[tokio::test]
async fn a_forwarder() {
    use anysocks::forward::Forwarder;
    for started_before in [true, false] {
        let connector = Connector::new(Proxy::socks5(proxy()).expect("a proxy"));
        let start = Forwarder::start(connector);
        let forwarder = if started_before {
            let forwarder = start.await;
            ahead().await;
            forwarder
        } else {
            ahead().await;
            start.await
        };
        let forwarder = forwarder.expect("a forwarder");
        Socks5Stream::connect(forwarder.url(), TARGET).await.expect("a tunnel");
        let socket = Socks5UdpSocket::associate(forwarder.url()).await.expect("an association");
        assert_eq!(socket.send_to(b"1", TARGET).await.expect("sent"), 1);
        assert_eq!(soon(socket.recv(&mut [0; 16])).await.expect("an echo"), 1);
    }
}

#[cfg(feature = "hyper")]
#[tokio::test]
async fn a_client_of_hyper() {
    use tower_service::Service;
    ahead().await;
    let mut connector = Connector::new(Proxy::socks5(proxy()).expect("a proxy"));
    connector.call("http://example.com/".parse().expect("a URI")).await.expect("a tunnel");
}

#[cfg(feature = "quinn")]
#[tokio::test]
async fn an_endpoint_of_quinn() {
    ahead().await;
    let proxy = Proxy::socks5(proxy()).expect("a proxy");
    anysocks::quinn::endpoint(&proxy).await.expect("an endpoint");
}

/// A proxy that does not answer is late by that clock too.
#[tokio::test]
async fn limits() {
    ahead().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let silent = Proxy::socks5(listener.local_addr().expect("an address")).expect("a proxy");
    let limit = Duration::from_millis(100);
    let began = time::Instant::now();
    let late = soon(Socks5Stream::connect(silent.timeout(limit), TARGET)).await;
    let error = late.expect_err("no tunnel");
    assert!(error.is_timeout() && error.stage() == Stage::MethodSelection, "{error:?}");
    assert!(began.elapsed() >= limit, "{:?}", began.elapsed());
}
