//! The users of a connector: hyper's clients, a forwarder, and QUIC.

use anysocks::{Proxy, Resolve};
use std::collections::BTreeSet;
use std::net::SocketAddr;

type Path = (&'static str, fn(Proxy, &str));

const PATHS: &[Path] = &[
    #[cfg(feature = "hyper")]
    ("hyper", hyper),
    #[cfg(feature = "forward")]
    ("forward", forward),
    #[cfg(feature = "forward")]
    ("forward-udp", forward_udp),
];

pub(crate) fn names(zone: &str) -> BTreeSet<String> {
    PATHS.iter().map(|(label, _)| name(label, zone)).collect()
}

fn name(label: &str, zone: &str) -> String {
    format!("{label}.{zone}")
}

pub(crate) fn walk_all(proxy: SocketAddr) {
    let by_proxy = Proxy::socks5(proxy).expect("a proxy");
    let locally = by_proxy.clone().resolve(Resolve::Locally);
    for (zone, proxy) in [("proxy.test", by_proxy), ("local.test", locally)] {
        for (label, path) in PATHS {
            path(proxy.clone(), &name(label, zone));
        }
    }
    #[cfg(feature = "quinn")]
    quic(proxy);
}

#[cfg(any(feature = "hyper", feature = "forward", feature = "quinn"))]
fn run<T>(work: impl Future<Output = T>) -> T {
    use crate::support::blocked::{Executor, OnTokio};
    OnTokio::run(work)
}

#[cfg(any(feature = "hyper", feature = "forward"))]
fn connector(proxy: Proxy) -> anysocks::tokio::Connector {
    anysocks::tokio::Connector::new(proxy)
}

#[cfg(feature = "hyper")]
fn hyper(proxy: Proxy, name: &str) {
    use http_body_util::Empty;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    let client: Client<_, Empty<&[u8]>> = Client::builder(TokioExecutor::new()).build(connector(proxy));
    let page = client.get(format!("http://{name}/").parse().expect("a URI"));
    // Behind the proxy is no website.
    run(page).expect_err("no page");
}

#[cfg(feature = "forward")]
fn forward(proxy: Proxy, name: &str) {
    use anysocks::forward::Forwarder;
    use anysocks::tokio::Socks5Stream;
    run(async {
        let forwarder = Forwarder::start(connector(proxy)).await.expect("a forwarder");
        Socks5Stream::connect(forwarder.url(), (name, 80)).await.expect("a tunnel");
    });
}

#[cfg(feature = "forward")]
fn forward_udp(proxy: Proxy, name: &str) {
    use anysocks::forward::Forwarder;
    use anysocks::tokio::Socks5UdpSocket;
    run(async {
        let forwarder = Forwarder::start(connector(proxy)).await.expect("a forwarder");
        let socket = Socks5UdpSocket::associate(forwarder.url()).await.expect("an association");
        socket.send_to(b"1", (name, 80)).await.expect("sent");
        // The forwarder must not end before.
        let mut buf = [0; 16];
        let echo = tokio::time::timeout(crate::PATIENCE, socket.recv(&mut buf)).await;
        assert_eq!(echo.expect("in time").expect("an echo"), 1);
    });
}

/// quinn is given an address, and a name for the certificate alone.
#[cfg(feature = "quinn")]
fn quic(proxy: SocketAddr) {
    use quinn::ClientConfig;
    use quinn::crypto::rustls::QuicClientConfig;
    use std::sync::Arc;
    use std::time::Duration;
    let tls = rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).expect("TLS 1.3")));
    run(async {
        let proxy = Proxy::socks5(proxy).expect("a proxy");
        let endpoint = anysocks::quinn::endpoint(&proxy).await.expect("an endpoint");
        let addr = SocketAddr::from(([192, 0, 2, 7], 443));
        let connecting = endpoint.connect_with(config, addr, "quic.proxy.test").expect("an endpoint");
        let late = tokio::time::timeout(Duration::from_millis(100), connecting).await;
        assert!(late.is_err(), "nobody answers");
    });
}
