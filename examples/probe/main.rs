//! What can this proxy do? A table of answers, to choose by, or to put into a bug report: no credentials stand in it.
//!
//! `cargo run --example probe [-- [--json] [--target host:port] proxy]`
//!
//! The proxy is `host:port` or a URL, whose credentials are tried if it wants some. It is asked for the target, of which nothing is wanted
//! but to accept connections; the target's name is also looked up here, for its addresses. Without one it is a server in this process if
//! the proxy is on this machine, and that is asked to send back what it is sent; else `example.com:80`.

#[path = "../local/mod.rs"]
mod local;
mod probes;
mod report;
mod target;

use anysocks::{Credentials, Endpoint, Proxy};
use percent_encoding::percent_decode_str;
use probes::Prober;
use std::error::Error;
use target::Aim;

#[derive(Default)]
struct Arguments {
    json: bool,
    target: Option<String>,
    proxy: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { json, target, proxy } = arguments()?;
    let url = proxy.map_or_else(|| local::proxy().map(|addr| addr.to_string()), Ok)?;
    let proxy: Proxy = if url.contains("://") { url.parse()? } else { Proxy::socks5(&url)? };
    if proxy.is_behind_tls() {
        return Err("behind TLS nothing can be asked from here".into());
    }
    let aim = match target {
        Some(target) => Aim::at(&target.parse()?),
        None if is_here(proxy.endpoint()) => Aim::own()?,
        None => Aim::at(&"example.com:80".parse()?),
    };

    let about = report::about(proxy.endpoint(), &aim);
    let rows = Prober::new(&proxy, credentials(&url)?, aim)?.ask_all();
    let print = if json { report::json } else { report::table };
    print!("{}", print(&about, &rows));
    if rows.iter().all(|row| row.answer.is_err()) { Err("all in vain".into()) } else { Ok(()) }
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut arguments = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match &*word {
            "--json" => arguments.json = true,
            "--target" => arguments.target = Some(words.next().ok_or("--target wants a host:port")?),
            _ if word.starts_with('-') || arguments.proxy.is_some() => {
                return Err("usage: probe [--json] [--target host:port] [proxy]".into());
            }
            _ => arguments.proxy = Some(word),
        }
    }
    Ok(arguments)
}

/// Whether the proxy is on this machine, and so can reach what listens here.
fn is_here(proxy: &Endpoint) -> bool {
    match proxy {
        Endpoint::Addr(addr) => addr.ip().is_loopback(),
        Endpoint::Name(name, _) => name.as_str() == "localhost",
        _ => true,
    }
}

/// User name and password of a URL, which a `Proxy` keeps to itself.
fn credentials(url: &str) -> Result<Option<Credentials>, Box<dyn Error>> {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(rest));
    let Some((user, _)) = authority.rsplit_once('@') else { return Ok(None) };
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let [user, password] = [user, password].map(|text| percent_decode_str(text).collect::<Vec<_>>());
    Ok(Some(Credentials::new(user, password)?))
}
