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

mod arguments;
mod escape;
mod json;
#[path = "../../local/mod.rs"]
mod local;
mod report;
mod roots;
mod tls;
#[path = "../../../cli/src/trust.rs"]
mod trust;

use anysocks::Proxy;
use anysocks::probe::{Probe, Report};
use arguments::{Arguments, USAGE};
use escape::printable;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use tls::Agreed;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("probe: {}", printable(&error.to_string()));
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
    let agreed = Agreed::default();
    let mut probe = tls::wrapped(Probe::new(&proxy)?, &proxy, &arguments, &agreed)?;
    for target in &arguments.targets {
        probe = probe.target(target.borrowed())?;
    }
    let report = probe.run()?;

    let tls = agreed.get().copied();
    let text = if arguments.json {
        format!("{}\n", report::json(&report, tls))
    } else {
        tls.map_or_else(String::new, |version| format!("tls: {version}\n")) + &report.to_string()
    };
    // `print!` panics if the output is closed.
    io::stdout().write_all(text.as_bytes())?;
    advise(&report)
}

/// Fails if there is no proxy of SOCKS.
fn advise(report: &Report) -> Result<(), Box<dyn Error>> {
    match report.lost_connection() {
        Some(failure) if tls::is_about_trust(failure) => {
            return Err("the proxy's certificate is not trusted: see --ca, --server-name and --insecure in \
                        --help"
                .into());
        }
        Some(_) => return Err("there is no connection to the proxy".into()),
        None => {}
    }
    if !report.speaks_socks() {
        return Err("the proxy does not speak SOCKS".into());
    }
    if report.refuses_all_targets() {
        eprintln!("probe: the proxy refuses every target: try --target host:port with one that it reaches");
    }
    Ok(())
}
