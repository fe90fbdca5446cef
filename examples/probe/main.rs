//! What can this proxy do? A table of answers, to choose by, or to put into a bug report: no credentials stand in it.
//!
//! `cargo run --example probe [-- [--json] [--target host:port]... proxy]`
//!
//! * `yes`: it can.
//! * `refused`: it speaks this SOCKS, and does not grant this. The credentials or the target may be at fault: the
//!   table has what it said.
//! * `no`: it does not speak this version or METHOD, or does not know this request.
//!
//! If the proxy is on this machine, it is asked for a server in this process, which sends back what it is sent. If it
//! is not, or does not reach that (Tor and `ssh -D` to another host do not), it is asked for `example.com:80`, and by
//! address for `1.1.1.1:80` and `[2606:4700:4700::1111]:80`. With `--target` it is asked for that; several stand for
//! one server by its addresses and its name. Nothing is wanted of it but to accept connections.
//!
//! The names of targets are looked up by the proxy alone, never on this machine.

mod answer;
mod json;
#[path = "../local/mod.rs"]
mod local;
mod probes;
mod report;
#[path = "../local/sources.rs"]
mod sources;
mod target;

use answer::{Kind, Row, Verdict};
use anysocks::{Credentials, Endpoint, Protocol, Proxy, Target};
use percent_encoding::percent_decode_str;
use probes::Prober;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use target::Aim;

const USAGE: &str = "\
usage: probe [--json] [--target host:port]... [proxy]

The proxy is a URL, whose credentials are tried, or host:port. Without one, it is a proxy in this process.";

#[derive(Default)]
struct Arguments {
    help: bool,
    json: bool,
    targets: Vec<Target<'static>>,
    proxy: Option<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("probe: {}", sources::with_sources(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Arguments { help, json, targets, proxy } = arguments()?;
    if help {
        return Ok(writeln!(io::stdout(), "{USAGE}")?);
    }
    let url = proxy.map_or_else(|| local::proxy().map(|addr| addr.to_string()), Ok)?;
    let proxy: Proxy = if url.contains("://") { url.parse()? } else { Proxy::socks5(&url)? };
    if proxy.is_behind_tls() {
        return Err("behind TLS nothing can be asked from here".into());
    }

    let ask =
        |aim: &Aim| Ok::<_, Box<dyn Error>>(Prober::new(&proxy, credentials(&url, &proxy)?, aim)?.ask_all());
    let mut aim = match &*targets {
        [] if is_here(proxy.endpoint()) => Aim::own()?,
        [] => Aim::elsewhere()?,
        targets => Aim::at(targets),
    };
    let mut rows = ask(&aim)?;
    if aim.is_own() && refuses_all_targets(&rows) {
        aim = Aim::elsewhere()?;
        rows = ask(&aim)?;
    }

    let about = report::about(proxy.endpoint(), &aim);
    let print = if json { report::json } else { report::table };
    // Not `print!`, which panics where nobody listens.
    io::stdout().write_all(print(&about, &rows).as_bytes())?;
    if !rows.iter().any(Row::is_socks) {
        return Err("nothing of SOCKS was answered".into());
    }
    if refuses_all_targets(&rows) {
        eprintln!("probe: the proxy grants no target: name one that it reaches, with --target host:port");
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut arguments = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match &*word {
            "--help" => arguments.help = true,
            "--json" => arguments.json = true,
            "--target" => {
                let target = words.next().ok_or("--target wants a host:port")?;
                arguments
                    .targets
                    .push(target.parse().map_err(|error| format!("--target {target}: {error}"))?);
            }
            _ if word.starts_with('-') || arguments.proxy.is_some() => return Err(USAGE.into()),
            _ => arguments.proxy = Some(word),
        }
    }
    Ok(arguments)
}

/// Whether the proxy is on this machine. Its connections may still begin on another: Tor's exit, the other end of `ssh -D`.
fn is_here(proxy: &Endpoint) -> bool {
    match proxy {
        Endpoint::Addr(addr) => addr.ip().is_loopback(),
        Endpoint::Name(name, _) => name.as_str() == "localhost",
        _ => true,
    }
}

/// Connections are understood, and none is made.
fn refuses_all_targets(rows: &[Row]) -> bool {
    let makes_one = |row: &Row| {
        matches!(row.question.kind, Kind::Connect4 | Kind::Connect5) && row.verdict() == Verdict::Yes
    };
    rows.iter().any(Row::refuses_target) && !rows.iter().any(makes_one)
}

/// User name and password of a SOCKS5 proxy's URL, which a `Proxy` keeps to itself.
fn credentials(url: &str, proxy: &Proxy) -> Result<Option<Credentials>, Box<dyn Error>> {
    let Protocol::V5(_) = proxy.protocol() else { return Ok(None) };
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(rest));
    let Some((user, _)) = authority.rsplit_once('@') else { return Ok(None) };
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let [user, password] = [user, password].map(|text| percent_decode_str(text).collect::<Vec<_>>());
    Ok(Some(Credentials::new(user, password)?))
}
