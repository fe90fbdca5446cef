//! Fetches a page by HTTP/3: QUIC over UDP ASSOCIATE.
//!
//! ```text
//! http3                                                       everything in this process
//! http3 socks5h://host:1080                                   through a proxy of yours
//! http3 socks5h://host:1080,socks5h://other:1080              through two of them
//! http3 socks5h://host:1080 www.example.com:443 192.0.2.7     from a server at this address
//! http3 socks5://host:1080 www.example.com:443                this machine resolves the name
//! http3 socks5h://host:1080 www.example.com:443               the proxy resolves it, if it is Tor
//! ```
//!
//! Run it with `cargo run --example http3 --features quinn -- ARGUMENTS`. QUIC needs an address,
//! and only Tor has a command that asks a proxy for one. The example `udp_dns` asks a DNS server
//! through any proxy with UDP.

#[path = "../local/mod.rs"]
mod local;
#[path = "local/http3.rs"]
mod server;

use anysocks::tokio::Connector;
use anysocks::{Chain, Host, Proxy, Target};
use bytes::Buf;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint, EndpointConfig, TokioRuntime};
use rustls::RootCertStore;
use std::error::Error;
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let chain: Chain = match args.next() {
        Some(urls) => urls.parse()?,
        None => Proxy::socks5(local::proxy()?)?.into(),
    };
    let connector = Connector::new(chain);
    let mut roots = RootCertStore::empty();
    let (addr, name) = if let Some(target) = args.next() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let target: Target = target.parse()?;
        let ip = match args.next() {
            Some(address) => address.parse()?,
            None => address(&connector, target.host()).await?,
        };
        (SocketAddr::new(ip, target.port()), target.host().to_string())
    } else {
        let (addr, certificate) = server::website()?;
        roots.add(certificate)?;
        (addr, "localhost".to_owned())
    };

    let socket = Arc::new(connector.associate().await?);
    let (config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
    let mut endpoint = Endpoint::new_with_abstract_socket(config, None, socket, runtime)?;
    endpoint.set_default_client_config(client_config(roots)?);
    get(&endpoint, addr, &name).await?;
    // The server must receive the end of the connection before the association ends.
    endpoint.wait_idle().await;
    Ok(())
}

/// Returns an address of the host. This machine resolves it for `socks5://`, and the proxy for
/// `socks5h://`.
async fn address(connector: &Connector, host: &Host<'_>) -> Result<IpAddr, Box<dyn Error>> {
    let found = connector.resolve(host.clone()).await;
    found.map_err(|error| format!("{host} has no address: {error}; give one as the last argument").into())
}

/// TLS with these roots, for HTTP/3.
fn client_config(roots: RootCertStore) -> Result<ClientConfig, Box<dyn Error>> {
    let mut tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    Ok(ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?)))
}

/// Asks for the first page, and prints it.
async fn get(endpoint: &Endpoint, addr: SocketAddr, name: &str) -> Result<(), Box<dyn Error>> {
    let connection = endpoint.connect(addr, name)?.await?;
    let (mut connection, mut requests) = h3::client::new(h3_quinn::Connection::new(connection)).await?;
    let driver = tokio::spawn(async move { poll_fn(|cx| connection.poll_close(cx)).await });

    let request = http::Request::get(format!("https://{name}:{}/", addr.port())).body(())?;
    let mut stream = requests.send_request(request).await?;
    stream.finish().await?;
    let response = stream.recv_response().await?;
    println!("{:?} {}", response.version(), response.status());
    while let Some(mut part) = stream.recv_data().await? {
        io::stdout().write_all(&part.copy_to_bytes(part.remaining()))?;
    }

    // The connection closes when no handle for requests is left.
    drop((stream, requests));
    match driver.await? {
        error if error.is_h3_no_error() => Ok(()),
        error => Err(error.into()),
    }
}
