//! The options that choose the proxies.

use crate::failure::Failure;
use crate::stream::AnyConnector;
use crate::tls::{self, TlsOptions};
use anysocks::tokio::Connector;
use anysocks::{Chain, Proxy};
use clap::Args;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The silence after which the system probes whether a proxy is still there.
const KEEPALIVE: Duration = Duration::from_secs(45);

/// The proxies of a command.
#[derive(Args, Default)]
pub(crate) struct ProxyOptions {
    /// Go through this proxy. Several of them, or a list with commas, are a chain.
    #[arg(short = 'x', long, value_name = "URL", conflicts_with = "proxy_file")]
    proxy: Vec<String>,
    #[command(flatten)]
    pub(crate) common: CommonOptions,
}

/// The options of all commands with a proxy.
#[derive(Args, Default)]
pub(crate) struct CommonOptions {
    /// Read the proxies from this file: one URL in a line, or several with commas. Empty lines and
    /// lines that begin with # are ignored.
    #[arg(long, value_name = "FILE")]
    pub(crate) proxy_file: Option<PathBuf>,
    /// Fail if the connection takes longer than this. The default is 30 seconds for each proxy, and
    /// 5 seconds for each connection of probe.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) tls: TlsOptions,
}

impl ProxyOptions {
    /// Returns a connector through these proxies, those of the file, or those of the environment.
    pub(crate) fn connector(&self) -> Result<AnyConnector, Failure> {
        self.common.connector(&self.proxy)
    }
}

impl CommonOptions {
    /// Returns a connector through these proxies, those of the file, or those of the environment.
    pub(crate) fn connector(&self, urls: &[String]) -> Result<AnyConnector, Failure> {
        self.route(urls).and_then(|route| tls::wrapped(route.connector, &self.tls))
    }

    /// Returns the same connector without TLS.
    pub(crate) fn route(&self, urls: &[String]) -> Result<Route, Failure> {
        let (connector, needs_tls) = match self.chain(urls)? {
            Some(chain) => {
                let needs_tls = is_behind_tls(&chain);
                (Connector::new(chain), needs_tls)
            }
            None => (Connector::from_env()?, environment_needs_tls()),
        };
        self.tls.check(needs_tls)?;
        Ok(Route { connector: self.configured(connector), needs_tls })
    }

    /// Returns the connector with the timeout and with keepalive, also for direct connections.
    fn configured(&self, connector: Connector) -> Connector {
        let connector = connector.keepalive(KEEPALIVE);
        match self.timeout {
            Some(limit) => connector.timeout(limit),
            None => connector,
        }
    }

    /// Returns the proxies of the command line or of the file, if there are any.
    pub(crate) fn chain(&self, urls: &[String]) -> Result<Option<Chain>, Failure> {
        let from_file = self.proxy_file.as_deref().map(read).transpose()?;
        let mut chain = None;
        for text in from_file.as_deref().unwrap_or(urls) {
            for proxy in proxies(text)? {
                chain = Some(match chain {
                    None => Chain::from(proxy),
                    Some(chain) => Chain::then(chain, proxy)?,
                });
            }
        }
        Ok(chain)
    }
}

/// A connector whose streams are plain.
pub(crate) struct Route {
    pub(crate) connector: Connector,
    /// Whether a proxy may be behind TLS.
    pub(crate) needs_tls: bool,
}

fn is_behind_tls(chain: &Chain) -> bool {
    chain.hops()[0].is_behind_tls()
}

/// Returns whether any of the variables of proxies has one behind TLS. A connector does not show
/// which of them it uses.
fn environment_needs_tls() -> bool {
    env::vars_os().any(|(name, value)| {
        let is_proxy = name.to_string_lossy().to_ascii_lowercase().ends_with("_proxy");
        let chain = value.to_str().filter(|_| is_proxy).and_then(|urls| urls.parse().ok());
        chain.is_some_and(|chain| is_behind_tls(&chain))
    })
}

fn proxies(text: &str) -> Result<Vec<Proxy>, Failure> {
    if text.contains("://") {
        return Ok(text.parse::<Chain>()?.hops().to_vec());
    }
    Ok(vec![Proxy::socks5(text)?])
}

/// Returns the lines of a file that have proxies.
fn read(path: &Path) -> Result<Vec<String>, Failure> {
    let failed = |reason: String| Failure::mistake(format!("--proxy-file {}: {reason}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let lines = text.lines().map(|line| line.trim().trim_end_matches(',').to_owned());
    let lines: Vec<_> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    if lines.is_empty() { Err(failed("no proxy in it".into())) } else { Ok(lines) }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "not a number of seconds above zero".into())
}
