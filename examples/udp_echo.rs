//! Sends datagrams to an echo server through a proxy.
//!
//! ```text
//! # Everything in this process:
//! cargo run --example udp_echo
//! # A proxy and a server of yours:
//! cargo run --example udp_echo -- socks5://127.0.0.1:1080 echo.example:7
//! ```
//!
//! Datagrams may be lost, duplicated or reordered, also through a proxy. So each receive has a
//! timeout.

mod local;

use anysocks::tokio::Socks5UdpSocket;
use std::error::Error;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (proxy, target) = match (args.next(), args.next()) {
        (Some(proxy), Some(target)) => (proxy, target),
        (Some(_), None) => return Err("the address of an echo server is missing".into()),
        (None, _) => (format!("socks5://{}", local::proxy()?), local::echo()?.to_string()),
    };

    let socket = Socks5UdpSocket::associate(&proxy).await?;
    println!("the proxy's relay is at {}", socket.relay_addr());

    for word in ["one", "two", "three"] {
        socket.send_to(word.as_bytes(), &target).await?;
    }
    let mut buf = [0; 2048];
    for _ in 0..3 {
        match timeout(PATIENCE, socket.recv_from(&mut buf)).await {
            Ok(received) => {
                let (len, from) = received?;
                println!("{from} returned {:?}", String::from_utf8_lossy(&buf[..len]));
            }
            Err(_) => return Err("a datagram was lost".into()),
        }
    }
    Ok(())
}
