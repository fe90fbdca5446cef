//! A connector for a proxy behind TLS: each stream that it dials is wrapped before anything is said over it.
//!
//! `cargo run --example tls_proxy`: a TLS server with a certificate of its own stands in front of the SOCKS server in this process.

#[path = "../local/mod.rs"]
mod local;
#[path = "local/tls.rs"]
mod tls;

use anysocks::Proxy;
use anysocks::tokio::Connector;
use rustls::pki_types::ServerName;
use std::error::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (addr, config) = tls::proxy()?;
    let target = local::website()?;

    let proxy: Proxy = format!("socks5h+tls://{addr}").parse()?;
    let tls = TlsConnector::from(config);
    let name = ServerName::try_from("localhost")?;
    // Each of its streams leads to this proxy. A connector with exceptions (`no_proxy`, a rule) would have to ask whether there is one.
    let connector = Connector::new(proxy).wrapped(move |stream, _proxy| tls.connect(name.clone(), stream));

    let mut stream = connector.connect(target).await?;
    stream.write_all(&local::get("localhost")).await?;
    stream.flush().await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    println!("{page}");
    Ok(())
}
