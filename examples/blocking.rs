//! The blocking front end, which needs no runtime.
//!
//! `cargo run --example blocking [-- proxy target]`

mod local;

use anysocks::Proxy;
use anysocks::blocking::Socks5Stream;
use std::io::{Read, Write};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target()?;
    let proxy = proxy.parse::<Proxy>()?.timeout(Duration::from_secs(10));

    let mut stream = Socks5Stream::connect(&proxy, &target)?;
    stream.write_all(&local::get(&target))?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;

    println!("{page}");
    Ok(())
}
