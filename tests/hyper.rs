//! A connector below hyper's client, through a SOCKS server and to web servers in this process.

#[path = "hyper/environment.rs"]
mod environment;
#[path = "connector/messages.rs"]
mod messages;
#[path = "connector/scene.rs"]
mod scene;
mod support;
#[path = "connector/web.rs"]
mod web;

use anysocks::hyper::BoundAddr;
use anysocks::tokio::Connector;
use anysocks::{Address, Chain, ErrorKind, Invalid, NoProxy, Proxy, Reply, Stage};
use http::{Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::Connect;
use hyper_util::rt::TokioExecutor;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use web::{Proxied, Website};

type Page = Client<Connector, Empty<Bytes>>;

fn client(way: impl Into<Chain>) -> Page {
    over(Connector::new(way))
}

fn over<C: Connect + Clone>(connector: C) -> Client<C, Empty<Bytes>> {
    Client::builder(TokioExecutor::new()).build(connector)
}

/// What a website answers with: version, target of the request, and the connection's number.
async fn text(response: Response<Incoming>) -> String {
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(body.to_vec()).expect("a text")
}

fn uri(text: &str) -> Uri {
    text.parse().expect("a URI")
}

#[tokio::test]
async fn pages_come_over_one_connection() {
    let website = Website::start(None).await;
    let proxied = Proxied::start().await;
    let client = client(proxied.proxy());
    for host in ["127.0.0.1", "localhost"] {
        let at = format!("{host}:{}", website.addr.port());
        for page in ["/", "/page?q=1", "/%20"] {
            let response = client.get(uri(&format!("http://{at}{page}"))).await.expect("a page");
            // BND.ADDR as the proxy gave it.
            let bound = response.extensions().get::<BoundAddr>().expect("BND.ADDR").clone();
            assert_eq!(bound, BoundAddr(Address::Ip(SocketAddr::from(([127, 0, 0, 1], 0)))));
            // The request's target is a path: as to an origin, and not as to an HTTP proxy.
            assert_eq!(text(response).await, format!("HTTP/1.1 {page} {at}"));
        }
    }
    // One for each host.
    assert_eq!((website.connections(), proxied.connections()), (2, 2));
}

#[tokio::test]
async fn pages_through_a_chain_and_without_a_proxy() {
    let website = Website::start(None).await;
    let (first, second) = (Proxied::start().await, Proxied::start().await);
    let chain = Chain::from(first.proxy()).then(second.proxy()).expect("a chain");
    let at = website.addr;
    let page = || uri(&format!("http://{at}/page"));
    let response = client(chain.clone()).get(page()).await.expect("a page");
    assert_eq!(text(response).await, format!("HTTP/1.1 /page {at}"));
    assert_eq!((first.connections(), second.connections()), (1, 1));

    let excepted = Connector::new(chain).no_proxy(NoProxy::new("127.0.0.0/8"));
    for connector in [Connector::direct(), excepted, Connector::by_rule(|_| None::<Proxy>)] {
        let response = over(connector).get(page()).await.expect("a page");
        let BoundAddr(own) = response.extensions().get().expect("the own address");
        assert!(own.ip().is_some_and(|ip| ip.is_loopback()) && own.port() != 0, "{own}");
        assert_eq!(text(response).await, format!("HTTP/1.1 /page {at}"));
    }
    assert_eq!((first.connections(), second.connections()), (1, 1));
    assert_eq!(website.connections(), 4);
}

/// A proxy that grants one request, if it is this one, and is the website behind it too.
async fn exactly(request: &'static [u8], reply: &'static [u8]) -> (Proxy, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = Proxy::socks5(listener.local_addr().expect("an address")).expect("a proxy");
    let task = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.expect("a client");
        let mut heard = [0; 3];
        client.read_exact(&mut heard).await.expect("a greeting");
        client.write_all(&[5, 0]).await.expect("a client that listens");
        let mut heard = vec![0; request.len()];
        client.read_exact(&mut heard).await.expect("a request");
        assert_eq!(heard, request);
        client.write_all(reply).await.expect("a client that listens");
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n") {
            match client.read_u8().await {
                Ok(byte) => heard.push(byte),
                Err(_) => return String::new(),
            }
        }
        client.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.expect("a client that listens");
        String::from_utf8(heard).expect("a text")
    });
    (proxy, task)
}

#[tokio::test]
async fn where_a_uri_leads() {
    const GRANTED: &[u8] = b"\x05\0\0\x03\x0Dproxy.example\x30\x39";
    let rows: [(_, &[u8], _); 4] = [
        ("http://example.com/page", b"\x05\x01\0\x03\x0Bexample.com\0\x50", "example.com"),
        ("http://EXAMPLE.com:8080/page", b"\x05\x01\0\x03\x0BEXAMPLE.com\x1F\x90", "EXAMPLE.com:8080"),
        (
            "http://[2001:db8::7]/page",
            b"\x05\x01\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\0\x50",
            "[2001:db8::7]",
        ),
        ("http://192.0.2.7:81/page", b"\x05\x01\0\x01\xC0\0\x02\x07\0\x51", "192.0.2.7:81"),
    ];
    for (page, request, host) in rows {
        let (proxy, heard) = exactly(request, GRANTED).await;
        let response = client(proxy).get(uri(page)).await.expect("a page");
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let BoundAddr(bound) = response.extensions().get().expect("BND.ADDR");
        assert_eq!(bound.to_string(), "proxy.example:12345");
        let heard = heard.await.expect("a proxy that is content");
        let lines: Vec<_> = heard.split("\r\n").collect();
        assert_eq!(lines[0], "GET /page HTTP/1.1");
        assert!(lines.contains(&&*format!("host: {host}")), "{heard}");
        // Nothing is for the proxy.
        assert!(!heard.to_ascii_lowercase().contains("proxy"), "{heard}");
    }
}

/// The crate's own error behind one of hyper's.
fn own<'e>(error: &'e (dyn Error + 'static)) -> &'e anysocks::Error {
    let mut error = error;
    loop {
        match error.downcast_ref() {
            Some(own) => return own,
            None => error = error.source().expect("an error of the crate's"),
        }
    }
}

#[tokio::test]
async fn errors_are_the_crates_own() {
    let (proxy, _heard) =
        exactly(b"\x05\x01\0\x03\x0Bexample.com\0\x50", b"\x05\x05\0\x01\0\0\0\0\0\0").await;
    let url = proxy.to_string();
    let error = client(proxy).get(uri("http://example.com/")).await.expect_err("no page");
    assert!(error.is_connect());
    let own_error = own(&error);
    assert_eq!((own_error.stage(), own_error.reply()), (Stage::Request, Some(Reply::V5(5))));
    assert_eq!(own_error.proxy(), Some(&*url));

    let error = over(Connector::direct()).get(uri("http://hidden.onion/")).await.expect_err("no page");
    assert!(matches!(own(&error).kind(), ErrorKind::Invalid(Invalid::OnionResolvedLocally)));
    let rule = Connector::by_rule(|_| Err::<Option<Proxy>, _>("not today"));
    let error = over(rule).get(uri("http://example.com/")).await.expect_err("no page");
    assert!(matches!(own(&error).kind(), ErrorKind::Rule(_)), "{error:?}");
    let proxy: Proxy = "socks5h+tls://127.0.0.1".parse().expect("a proxy");
    let error = client(proxy).get(uri("http://example.com/")).await.expect_err("no page");
    assert!(matches!(own(&error).kind(), ErrorKind::Invalid(Invalid::TlsNotWrapped)));
}

#[tokio::test]
async fn tls_around_it() {
    let tls = Arc::new(web::Tls::new());
    let website = Website::start(Some(Arc::clone(&tls))).await;
    let at = format!("localhost:{}", website.addr.port());
    let host =
        |version| if version == Version::HTTP_2 { format!("https://{at}/page") } else { "/page".into() };
    let mut connections = 0;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let proxied = Proxied::start().await;
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls.client()).https_only();
        let connector = Connector::new(proxied.proxy());
        let connector = match version {
            Version::HTTP_2 => builder.enable_all_versions().wrap_connector(connector),
            _ => builder.enable_http1().wrap_connector(connector),
        };
        let client = over(connector);
        for _ in 0..3 {
            let response = client.get(uri(&format!("https://{at}/page"))).await.expect("a page");
            assert_eq!(response.version(), version);
            assert!(response.extensions().get::<BoundAddr>().is_some());
            assert_eq!(text(response).await, format!("{version:?} {} {at}", host(version)));
        }
        connections += 1;
        assert_eq!((website.connections(), proxied.connections()), (connections, 1));
    }
    // An error is below those of TLS too.
    let nobody = Connector::direct();
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls.client()).https_only().enable_http1();
    let client = over(builder.wrap_connector(nobody));
    let error = client.get(uri("https://hidden.onion/")).await.expect_err("no page");
    assert!(matches!(own(&error).kind(), ErrorKind::Invalid(Invalid::OnionResolvedLocally)));
}

#[tokio::test]
async fn many_requests_at_once() {
    let website = Website::start(None).await;
    let proxied = Proxied::start().await;
    let client = client(proxied.proxy());
    let at = website.addr;
    let requests: Vec<_> = (0..50)
        .map(|n| {
            let request = Request::get(format!("http://{at}/{n}")).body(Empty::new()).expect("a request");
            (n, tokio::spawn(client.request(request)))
        })
        .collect();
    for (n, request) in requests {
        let response = request.await.expect("no panic").expect("a page");
        assert_eq!(text(response).await, format!("HTTP/1.1 /{n} {at}"));
    }
}
