//! `anysocks probe`.

use super::report;
use super::result::print;
use crate::chain::CommonOptions;
use crate::failure::{Failure, Status};
use crate::progress::progress;
use crate::tls::Tls;
use crate::tls_blocking::handshake;
use anysocks::probe::{Failure as Lost, Probe, Question, Report, Verdict};
use anysocks::{Chain, Proxy, Target};
use rustls::ClientConnection;
use std::io;
use std::sync::Arc;

/// Find out what a proxy can do
///
/// The table shows the versions and METHODs that the proxy speaks, and the requests that it grants.
/// It contains no credentials, and belongs in a bug report. The target of a proxy on this machine
/// is a server in this process. Other proxies are asked for example.com and 1.1.1.1.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The URL of the proxy. Without it, --proxy-file names the file with the URL.
    #[arg(value_name = "URL", required_unless_present = "proxy_file", conflicts_with = "proxy_file")]
    proxy: Option<String>,
    /// Connect to this target through the proxy; repeat it for an address and the name of one
    /// server.
    #[arg(long, value_name = "HOST:PORT")]
    target: Vec<Target<'static>>,
    /// Print JSON in place of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: CommonOptions,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let urls: Vec<_> = arguments.proxy.iter().cloned().collect();
    let chain = arguments.options.chain("URL", &urls)?;
    let Some([proxy]) = chain.as_ref().map(Chain::hops) else {
        return Err(Failure::mistake("probe tests one proxy, not a chain"));
    };
    let report = probe(proxy, arguments)?.run()?;
    if arguments.json {
        print(&report::json(&report).to_string())?;
    } else {
        print(report.to_string().trim_end())?;
    }
    judge(&report)
}

fn probe(proxy: &Proxy, arguments: &Arguments) -> Result<Probe, Failure> {
    let options = &arguments.options;
    options.tls.check(proxy.is_behind_tls())?;
    let mut probe = Probe::new(proxy)?;
    if let Some(limit) = options.timeout {
        probe = probe.timeout(limit);
    }
    for target in &arguments.target {
        probe = probe.target(target.borrowed())?;
    }
    if proxy.is_behind_tls() {
        let tls = Tls::new(&options.tls, true)?;
        let (config, name) = tls.to(proxy).map_err(Failure::io)?;
        probe = probe.wrapped(move |stream, _| {
            let tls = ClientConnection::new(Arc::clone(&config), name.clone()).map_err(io::Error::other)?;
            handshake(tls, stream)
        });
    }
    Ok(probe)
}

/// Fails if there is no proxy of SOCKS.
fn judge(report: &Report) -> Result<(), Failure> {
    match report.lost_connection() {
        Some(Lost::Socks(error)) if error.is_timeout() => return Err(error.into()),
        Some(Lost::Wrapper(error)) if is_timeout(error) => {
            return Err(Failure::new(Status::TimedOut, "TLS to the proxy timed out"));
        }
        Some(Lost::Wrapper(error)) => {
            let text = format!("TLS with the proxy failed: {error}");
            return Err(Failure::new(Status::Unreachable, text));
        }
        Some(_) => return Err(Failure::new(Status::Unreachable, without_connection(report))),
        None => {}
    }
    if !report.speaks_socks() {
        return Err(Failure::new(Status::NotSocks, "the proxy does not speak SOCKS"));
    }
    if report.refuses_all_targets() {
        progress("the proxy refuses every target: try --target with one that it reaches");
    }
    Ok(())
}

/// Returns why there is no TCP connection to the proxy.
///
/// The reason may be on this machine, such as a network interface that does not exist. The proxy
/// was not tried then.
fn without_connection(report: &Report) -> String {
    match report.answer(Question::Tcp) {
        Some(answer) if answer.verdict() == Verdict::NotTried => {
            format!("this machine can't connect to the proxy: {}", answer.detail())
        }
        _ => "there is no connection to the proxy".into(),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    // A blocking socket reports its timeout in either way.
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}
