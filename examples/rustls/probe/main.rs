//! Tests what a proxy can do. The table of answers helps to choose a proxy, and belongs in a bug
//! report. It has no credentials.
//!
//! `cargo run --example probe [-- [--json] [--target host:port]... [proxy]]`; `--help` lists
//! the options for a proxy behind TLS.
//!
//! * `yes`: the proxy can do this.
//! * `refused`: the proxy speaks this version, but does not grant the request. The credentials or
//!   the target may be the reason. The table has the proxy's code.
//! * `no`: the proxy does not speak this version or METHOD, or does not know this request.
//! * `not tried`: earlier answers, or this machine, make the question meaningless.
//!
//! The target of a local proxy is an echo server in this process. If the proxy is on another
//! machine or refuses that server, as Tor and `ssh -D` to another host do, the targets are
//! `example.com:80`, `1.1.1.1:80` and `[2606:4700:4700::1111]:80`. `--target` sets another one.
//! Repeat it for the addresses and the name of the same server, which only has to accept
//! connections.
//!
//! The proxy resolves the names of targets. This machine never does.
//!
//! The levels of GSS-API are tried with the ticket of `kinit`. With `?auth=gssapi` in the URL, all
//! connections authenticate with it.
//!
//! METHODs `80` to `82` are those of SOCKS5a: EAF, TOL, and chains of METHODs (AMC). The probe
//! only tests whether the proxy selects them.

mod answer;
mod arguments;
mod datagrams;
mod escape;
mod event;
mod gssapi;
#[path = "../../quickstart/in_time.rs"]
mod in_time;
mod json;
#[path = "../../local/mod.rs"]
mod local;
mod method;
mod prober;
mod questions;
mod report;
mod target;
mod trust;
mod wire;

use answer::{Row, Verdict};
use anysocks::{Credentials, Endpoint, Proxy, SocksProtocol};
use arguments::{Arguments, USAGE};
use escape::printable;
use event::reason;
use percent_encoding::percent_decode_str;
use prober::{LIMIT, Prober};
use questions::{Kind, ask_all};
use rustls::pki_types::ServerName;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use target::Aim;
use wire::Dialler;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("probe: {}", printable(&reason(&*error)));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    if arguments.help {
        return Ok(writeln!(io::stdout(), "{USAGE}")?);
    }
    let url = arguments.proxy.clone().map_or_else(|| local::proxy().map(|addr| addr.to_string()), Ok)?;
    let proxy: Proxy = if url.contains("://") { url.parse()? } else { Proxy::socks5(&url)? };
    let tls = tls(&proxy, &arguments)?;

    let ask = |aim: &Aim, earlier| {
        let proxy_alone = Proxy::socks5(proxy.endpoint().clone())?.timeout(LIMIT);
        let dialler = Dialler { proxy: proxy_alone, tls: tls.clone() };
        let prober = Prober::new(&proxy, credentials(&url, &proxy)?, dialler, aim.clone())?;
        Ok::<_, Box<dyn Error>>(ask_all(&prober, earlier))
    };
    let mut aim = match &*arguments.targets {
        [] if is_here(proxy.endpoint()) => Aim::own()?,
        [] => Aim::elsewhere()?,
        targets => Aim::at(targets),
    };
    let mut rows = ask(&aim, Vec::new())?;
    if aim.is_own() && refuses_all_targets(&rows) {
        aim = Aim::elsewhere()?;
        rows = ask(&aim, rows)?;
    }

    let about = report::about(proxy.endpoint(), &aim);
    let print = if arguments.json { report::json } else { report::table };
    // `print!` panics if the output is closed.
    io::stdout().write_all(print(&about, &rows).as_bytes())?;
    if let Some(row) = rows.iter().find(|row| row.is_lost_connection()) {
        return Err(report::lost(row).into());
    }
    if !rows.iter().any(Row::is_socks) {
        return Err("the proxy does not speak SOCKS".into());
    }
    if refuses_all_targets(&rows) {
        eprintln!("probe: the proxy refuses every target: try --target host:port with one that it reaches");
    }
    Ok(())
}

type Tls = (std::sync::Arc<rustls::ClientConfig>, ServerName<'static>);

/// How to speak TLS to the proxy, if it is behind TLS.
fn tls(proxy: &Proxy, arguments: &Arguments) -> Result<Option<Tls>, Box<dyn Error>> {
    if !proxy.is_behind_tls() {
        return match arguments.tls_option {
            Some(option) => Err(format!("{option} needs a proxy behind TLS: socks5h+tls://host:port").into()),
            None => Ok(None),
        };
    }
    let name = match (&arguments.server_name, proxy.endpoint()) {
        (Some(name), _) => {
            ServerName::try_from(name.clone()).map_err(|error| format!("--server-name: {error}"))?
        }
        (None, Endpoint::Addr(addr)) => addr.ip().into(),
        (None, Endpoint::Name(name, _)) => ServerName::try_from(name.as_str().to_owned())?,
        (None, _) => ServerName::try_from("localhost")?,
    };
    Ok(Some((arguments.trust.config()?, name)))
}

/// Whether the proxy is on this machine. Its connections may still start on another one: at Tor's
/// exit, or the server of `ssh -D`.
fn is_here(proxy: &Endpoint) -> bool {
    match proxy {
        Endpoint::Addr(addr) => addr.ip().is_loopback(),
        Endpoint::Name(name, _) => name.as_str() == "localhost",
        _ => true,
    }
}

/// Whether the proxy understands CONNECT and connects to no target.
fn refuses_all_targets(rows: &[Row]) -> bool {
    let connects = |row: &Row| {
        matches!(row.question.kind, Kind::Connect4 | Kind::Connect5) && row.verdict() == Verdict::Yes
    };
    rows.iter().any(Row::refuses_target) && !rows.iter().any(connects)
}

/// User name and password in the URL of a SOCKS5 proxy, which `Proxy` does not show.
fn credentials(url: &str, proxy: &Proxy) -> Result<Option<Credentials>, Box<dyn Error>> {
    let SocksProtocol::V5(_) = proxy.protocol() else { return Ok(None) };
    let authority =
        url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
    let Some((user, _)) = authority.rsplit_once('@') else { return Ok(None) };
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    if user.is_empty() && password.is_empty() {
        return Ok(None);
    }
    let [user, password] = [user, password].map(|text| percent_decode_str(text).collect::<Vec<_>>());
    Ok(Some(Credentials::new(user, password)?))
}
