//! A connector for a proxy behind TLS, without a runtime: each stream that it dials is wrapped before anything is said over it.
//!
//! `cargo run --example tls_proxy_blocking`: a TLS server with a certificate of its own stands in front of the SOCKS server in this process.

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
    // Each of its streams leads to this proxy. A connector with exceptions (`no_proxy`, a rule) would have to ask whether there is one.
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
