//! A connector for a proxy behind TLS: it wraps each dialled stream before the handshake.
//!
//! `cargo run --example tls_proxy` starts a SOCKS server behind TLS, with a self-signed
//! certificate, in this process.

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
    // Every stream of this connector leads to the proxy. With exceptions (`no_proxy`, a rule), the
    // closure would have to check its second argument.
    let connector = Connector::new(proxy).wrapped(move |stream, _proxy| tls.connect(name.clone(), stream));

    let mut stream = connector.connect(target).await?;
    stream.write_all(&local::get("localhost")).await?;
    stream.flush().await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    println!("{page}");
    Ok(())
}
