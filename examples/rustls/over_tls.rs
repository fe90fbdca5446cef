//! SOCKS over TLS in three steps: dial the proxy, wrap the stream, run the handshake over it.
//!
//! `cargo run --example over_tls` starts a SOCKS server behind TLS, with a self-signed
//! certificate, in this process. The connector of `tls_proxy` does the same for each of its
//! connections.

#[path = "../local/mod.rs"]
mod local;
#[path = "local/tls.rs"]
mod tls;

use anysocks::tokio::{Socks5Stream, dial};
use anysocks::{Auth, Proxy};
use rustls::pki_types::ServerName;
use std::error::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (proxy, config) = tls::proxy()?;
    let target = local::website()?;

    let stream = dial(&Proxy::socks5(proxy)?).await?;
    let stream = TlsConnector::from(config).connect(ServerName::try_from("localhost")?, stream).await?;
    let mut stream = Socks5Stream::handshake(stream, &Auth::none(), target).await?;

    stream.write_all(&local::get("localhost")).await?;
    stream.flush().await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    println!("{page}");
    Ok(())
}
