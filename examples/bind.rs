//! BIND: the proxy listens, and forwards the first inbound connection to this process.
//!
//! ```text
//! cargo run --example bind                                           everything in this process
//! cargo run --example bind -- socks5://127.0.0.1:1080 192.0.2.7:0    a proxy and a peer of yours
//! ```
//!
//! An FTP client in active mode uses this. The proxy may reject other peers than the expected one.
//! Many proxies accept only the address of a peer to which this client has a connection already.

#[path = "local/bind.rs"]
mod local;

use anysocks::blocking::Socks5Listener;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let given = args.next();
    let proxy = match &given {
        Some(proxy) => proxy.clone(),
        None => format!("socks5://{}", local::proxy()?),
    };
    let expected_peer = args.next().unwrap_or_else(|| "0.0.0.0:0".into());

    let mut listener = Socks5Listener::bind(&proxy, &expected_peer)?;
    let bound = listener.bound_addr().to_string();
    println!("the proxy listens: the peer has to connect to {bound}");

    let peer = given.is_none().then(|| thread::spawn(move || say_hello(&bound)));
    let (mut stream, from) = listener.accept_within(Duration::from_secs(60))?;
    println!("a peer has connected from {from}");

    let mut line = String::new();
    BufReader::new(&mut stream).read_line(&mut line)?;
    println!("received: {}", line.trim_end());
    stream.write_all(b"Hello, peer.\n")?;
    drop(stream);

    if let Some(peer) = peer {
        let answer = peer.join().map_err(|_| "the peer has panicked")??;
        println!("the peer received: {}", answer.trim_end());
    }
    Ok(())
}

/// The peer, which does not use SOCKS.
fn say_hello(addr: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.write_all(b"Hello through the proxy.\n")?;
    std::io::read_to_string(stream)
}
