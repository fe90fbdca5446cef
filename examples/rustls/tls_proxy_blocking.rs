//! A blocking connector for a proxy behind TLS: it wraps each dialled stream before the handshake.
//!
//! `cargo run --example tls_proxy_blocking` starts a SOCKS server behind TLS, with a self-signed
//! certificate, in this process.

#[path = "../local/mod.rs"]
mod local;
#[path = "local/tls.rs"]
mod tls;

use anysocks::Proxy;
use anysocks::blocking::Connector;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::error::Error;
use std::io::{self, Read, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let (addr, config) = tls::proxy()?;
    let target = local::website()?;

    let proxy: Proxy = format!("socks5h+tls://{addr}").parse()?;
    let name = ServerName::try_from("localhost")?;
    // Every stream of this connector leads to the proxy. With exceptions (`no_proxy`, a rule), the
    // closure would have to check its second argument.
    let connector = Connector::new(proxy).wrapped(move |stream, _proxy| {
        let tls = ClientConnection::new(config.clone(), name.clone()).map_err(io::Error::other)?;
        Ok(StreamOwned::new(tls, stream))
    });

    let mut stream = connector.connect(target)?;
    stream.write_all(&local::get("localhost"))?;
    stream.flush()?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    println!("{page}");
    Ok(())
}
