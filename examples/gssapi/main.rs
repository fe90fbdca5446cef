//! Authenticates at a SOCKS proxy with the ticket of `kinit` (GSS-API, Kerberos), and encrypts all
//! bytes between this machine and the proxy.
//!
//! `cargo run --example gssapi --features gssapi -- gw.example:1080 [target]`. The default target
//! is an HTTP server in this process, for a proxy on this machine. `examples/gssapi/run` starts a
//! KDC and Dante, and runs the example with them.

#[path = "../local/mod.rs"]
mod local;

use anysocks::gssapi::{Gssapi, Level};
use anysocks::{Proxy, tokio::Socks5Stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let proxy = args.next().ok_or("usage: gssapi proxy-host:port [target]")?;
    let target = args.next().map_or_else(|| local::website().map(|addr| addr.to_string()), Ok)?;

    let level = Level::Confidentiality;
    let proxy = Proxy::socks5(&proxy)?.gssapi(Gssapi::kerberos().level(level))?;
    let mut stream = Socks5Stream::connect(&proxy, &target).await?;
    // A proxy that grants another level ends the connection with an error.
    println!("{proxy} granted {level:?} and {target}");

    stream.write_all(&local::get(&target)).await?;
    stream.flush().await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    println!("{page}");
    Ok(())
}
