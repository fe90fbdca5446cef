//! [monoio](https://docs.rs/monoio), a runtime over `io_uring` (or epoll, where the system forbids
//! that). Copy `driver.rs`; this file shows its use.
//!
//! A client that needs the traits of tokio takes `monoio_compat::TcpStreamCompat` around the stream
//! that the driver returns. Do not run the handshake over such a wrapper: it reads ahead, so the
//! stream inside would lack bytes.
//!
//! `cargo run --bin monoio [-- proxy-url target]`

mod driver;

use anysocks::{ErrorKind, Invalid, Proxy};
use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use std::io;
use std::net::TcpListener;
use std::time::Duration;

#[monoio::main(driver = "fusion", timer_enabled = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::website)?;
    let proxy: Proxy = proxy.parse()?;

    let mut stream = driver::connect(&proxy, &target).await?;
    let request = format!("GET / HTTP/1.0\r\nHost: {target}\r\n\r\n");
    stream.write_all(request.into_bytes()).await.0?;
    let mut page = Vec::new();
    loop {
        let (read, part) = stream.read(Vec::with_capacity(4096)).await;
        if read? == 0 {
            break;
        }
        page.extend(part);
    }
    let page = String::from_utf8(page)?;
    let (_, body) = page.split_once("\r\n\r\n").ok_or("the page has no body")?;
    local::check(body)?;
    local::check_hosts(&["hello.invalid"])?;

    // The timeout ends a handshake with a proxy that never answers.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let silent = Proxy::socks5(silent.local_addr()?)?.timeout(Duration::from_millis(100));
    match driver::connect(&silent, &target).await {
        Err(error) if error.is_timeout() => println!("{error}"),
        Err(error) => return Err(error.into()),
        Ok(_) => return Err("a silent proxy has granted a request".into()),
    }
    check_refusals(&target).await
}

/// Checks that the driver refuses a proxy that it would need TLS or Tor to reach.
async fn check_refusals(target: &str) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let tls = format!("socks5h+tls://user:secret@{}?timeout=1", listener.local_addr()?);
    for (url, expected) in [
        (&*tls, Invalid::TlsNotWrapped),
        ("socks5h://hidden.onion:1080", Invalid::OnionResolvedLocally),
        ("socks5h://hidden.ONION.", Invalid::OnionResolvedLocally),
    ] {
        match driver::connect(&url.parse()?, target).await {
            Err(error) if matches!(error.kind(), ErrorKind::Invalid(invalid) if *invalid == expected) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Err("a proxy that can't be dialled has granted a request".into()),
        }
    }
    // An established connection would wait in the listener's queue.
    match listener.accept() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err("the driver has dialled a proxy behind TLS without TLS".into()),
    }
}
