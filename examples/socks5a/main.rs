//! SOCKS5a, an experimental extension of SOCKS5: EAF, TOL, a sequence of both, a pool, and a URL
//! as a target. `cargo run --example socks5a --features socks5a` starts a proxy in this process,
//! because no public one is known.

#[path = "../../tests/support/socks5a/mod.rs"]
mod reference;
#[path = "server.rs"]
mod server;

use anysocks::blocking::{Socks5Client, Socks5Stream};
use anysocks::socks5a::{self, Eaf, Factor, Jitter, Obfuscation, Psk, Sequence, Session, Tol};
use anysocks::{Credentials, Error, Proxy, Target, TargetUrl};
use std::io::{Read, Write};
use std::time::Duration;

/// In an application, it comes from a file or a secret store.
const PSK: [u8; 32] = *b"32 random bytes of both parties.";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = server::start(&PSK, "example.com");
    let proxy = Proxy::socks5(server.addr)?.timeout(Duration::from_secs(10));
    eaf(&proxy)?;
    tol(&proxy)?;
    sequence(&proxy)?;
    requests(&proxy)?;
    url(&proxy)?;
    refused(&proxy)?;
    Ok(())
}

/// Client and proxy authenticate each other by the key. The client proves a second factor.
fn authentication() -> Result<Eaf, Error> {
    let factor = Factor::token("tok-123")?;
    Ok(Eaf::new(Psk::new(PSK)?, factor).identity("alice")?.key_exchange(true))
}

/// EAF authenticates, and does not encrypt.
fn eaf(proxy: &Proxy) -> Result<(), Box<dyn std::error::Error>> {
    let proxy = proxy.clone().auth(authentication()?.auth())?;
    let mut stream = Socks5Stream::connect(&proxy, "example.com:7")?;
    println!("EAF: {}", echo(&mut stream)?);
    let session = stream.session::<Session>().ok_or("EAF makes a session")?;
    println!("  the proxy's parameters: {:?}", session.parameters().map(String::from_utf8_lossy));
    Ok(())
}

/// TOL puts all bytes into records, here with random padding.
fn tol(proxy: &Proxy) -> Result<(), Box<dyn std::error::Error>> {
    let tol = Tol::new(Obfuscation::Padding).psk(Psk::new(PSK)?);
    let proxy = proxy.clone().auth(tol.auth()?)?;
    println!("TOL: {}", echo(&mut Socks5Stream::connect(&proxy, "example.com:7")?)?);
    Ok(())
}

/// EAF gives TOL a key of the connection. The password then travels in records.
fn in_sequence() -> Result<Sequence, Error> {
    let jitter = Jitter::uniform(Duration::ZERO..=Duration::from_millis(5))?;
    Sequence::new()
        .then(authentication()?)?
        .then(Tol::new(Obfuscation::Full(jitter)))?
        .then(Credentials::new("user", "password")?)
}

fn sequence(proxy: &Proxy) -> Result<(), Box<dyn std::error::Error>> {
    let proxy = proxy.clone().auth(in_sequence()?.auth()?)?;
    let mut stream = Socks5Stream::connect(&proxy, "example.com:7")?;
    println!("a sequence: {}", echo(&mut stream)?);
    Ok(())
}

/// Several requests on one connection.
fn requests(proxy: &Proxy) -> Result<(), Box<dyn std::error::Error>> {
    let proxy = proxy.clone().auth(authentication()?.auth())?;
    let mut client = Socks5Client::open(&proxy)?;
    client.keep_alive()?;
    println!("KEEP_ALIVE: answered");
    println!("DNS_RESOLVE: example.com is at {}", client.resolve("example.com")?);
    let id = client.pool_new("example.com:7")?;
    println!("POOL_NEW: {id}");
    println!("POOL_GET: {}", echo(&mut client.pool_get(&id)?)?);
    Ok(())
}

/// A proxy that does not know URLs is asked for host and port.
fn url(proxy: &Proxy) -> Result<(), Box<dyn std::error::Error>> {
    let proxy = proxy.clone().auth(authentication()?.auth())?;
    let url = TargetUrl::new("https://example.com/report?year=2026")?.with_fallback();
    println!("a URL: {}", echo(&mut Socks5Stream::connect(&proxy, Target::from(url))?)?);
    println!("a Unix path: {}", echo(&mut Socks5Stream::connect(&proxy, Target::unix("/run/app.sock")?)?)?);
    Ok(())
}

/// Each refusal is an error of its own.
fn refused(proxy: &Proxy) -> Result<(), Box<dyn std::error::Error>> {
    let eaf = Eaf::new(Psk::new(PSK)?, Factor::token("another token")?);
    let proxy = proxy.clone().auth(eaf.auth())?;
    let error = Socks5Stream::connect(&proxy, "example.com:7").err().ok_or("it was granted")?;
    println!("a wrong token: {error:#}: {:?}", socks5a::Error::of(&error));
    Ok(())
}

fn echo(stream: &mut Socks5Stream) -> std::io::Result<String> {
    let mut answer = [0; 5];
    stream.write_all(b"hello")?;
    stream.flush()?;
    stream.read_exact(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
