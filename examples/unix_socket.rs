//! A proxy that listens on a Unix-domain socket, as Tor can.
//!
//! `cargo run --example unix_socket [-- socks5h+unix:///run/tor/socks target]`

mod local;

use anysocks::tokio::Socks5Stream;
use std::error::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (proxy, target) = match (args.next(), args.next()) {
        (Some(proxy), Some(target)) => (proxy, target),
        _ => (proxy_on_a_path()?, local::website()?.to_string()),
    };

    let mut stream = Socks5Stream::connect(&proxy, &target).await?;
    stream.write_all(&local::get(&target)).await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;

    println!("{proxy}\n\n{page}");
    Ok(())
}

#[cfg(unix)]
fn proxy_on_a_path() -> std::io::Result<String> {
    let path = std::env::temp_dir().join(format!("anysocks-{}.sock", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&path)?;
    listener.set_nonblocking(true)?;
    let there = path.clone();
    local::in_background(async move {
        let listener = tokio::net::UnixListener::from_std(listener)?;
        let (client, _) = listener.accept().await?;
        std::fs::remove_file(there)?;
        local::serve(client).await;
        Ok(())
    })?;
    Ok(format!("socks5h+unix://{}", path.display()))
}

#[cfg(not(unix))]
fn proxy_on_a_path() -> std::io::Result<String> {
    Err(std::io::Error::other("the arguments are: proxy target"))
}
