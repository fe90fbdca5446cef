//! HTTP/3 by way of UDP ASSOCIATE: a page from a server that is asked over QUIC.
//!
//! ```text
//! cargo run --example http3 --features quinn                                           everything in this process
//! cargo run --example http3 --features quinn -- socks5://host:1080                     through a proxy of yours
//! cargo run --example http3 --features quinn -- socks5://host:1080 www.example.com:443   from a server out there
//! ```

mod local;
#[path = "local/http3.rs"]
mod server;

use bytes::Buf;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Endpoint};
use rustls::RootCertStore;
use std::error::Error;
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let proxy = match args.next() {
        Some(proxy) => proxy,
        None => format!("socks5://{}", local::proxy()?),
    };
    let mut roots = RootCertStore::empty();
    let (addr, name) = if let Some(target) = args.next() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        // QUIC knows addresses alone. This asks local DNS, which so learns of the name.
        let addr = tokio::net::lookup_host(&target).await?.next().ok_or("the target has no address")?;
        let name = target.rsplit_once(':').map_or(&*target, |(name, _)| name);
        (addr, name.to_owned())
    } else {
        let (addr, certificate) = server::website()?;
        roots.add(certificate)?;
        (addr, "localhost".to_owned())
    };

    let mut endpoint = anysocks::quinn::endpoint(&proxy).await?;
    endpoint.set_default_client_config(client_config(roots)?);
    get(&endpoint, addr, &name).await?;
    // The other side should hear that the connection is over before the association ends.
    endpoint.wait_idle().await;
    Ok(())
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

    // The connection closes when nobody can ask for more.
    drop((stream, requests));
    match driver.await? {
        error if error.is_h3_no_error() => Ok(()),
        error => Err(error.into()),
    }
}
