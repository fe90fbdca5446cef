//! SOCKS over TLS: dial the proxy, wrap the stream, shake hands over what comes of it.
//!
//! `cargo run --example over_tls`: a TLS server with a certificate of its own stands in front of the SOCKS server in this process.

mod local;

use anysocks::tokio::{Socks5Stream, dial};
use anysocks::{Auth, Proxy};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (proxy, certificate) = tls_proxy()?;
    let target = local::website()?;

    let mut roots = RootCertStore::empty();
    roots.add(certificate)?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();

    let stream = dial(&Proxy::socks5(proxy)?).await?;
    let name = ServerName::try_from("localhost")?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let mut stream = Socks5Stream::handshake(stream, &Auth::none(), target).await?;

    stream.write_all(&local::get("localhost")).await?;
    stream.flush().await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    println!("{page}");
    Ok(())
}

/// A SOCKS5 server behind TLS.
fn tls_proxy() -> Result<(SocketAddr, CertificateDer<'static>), Box<dyn Error>> {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = own.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    local::in_background(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (client, _) = listener.accept().await?;
        local::serve(acceptor.accept(client).await?).await;
        Ok(())
    })?;
    Ok((addr, certificate))
}
