//! The options that choose the proxies.

use crate::failure::Failure;
use crate::stream::AnyConnector;
use crate::tls::{self, TlsOptions};
use anysocks::tokio::Connector;
use anysocks::{Chain, Error, Proxy};
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
    /// Connect through this proxy. Several of them, or a list with commas, are a chain. host:port
    /// without a scheme is socks5h://host:port.
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
    /// Fail if the connection takes longer than this. The default is 30 seconds for each proxy.
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
        if let Some(path) = self.proxy_file.as_deref() {
            return file(path).map(Some);
        }
        Ok(urls.iter().try_fold(None, |chain, urls| extended(chain, urls))?)
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

/// Appends the proxies of a URL or a list to the chain.
fn extended(chain: Option<Chain>, urls: &str) -> Result<Option<Chain>, Error> {
    let proxies = if urls.contains("://") {
        urls.parse::<Chain>()?.hops().to_vec()
    } else {
        urls.split(',').map(|address| Proxy::socks5(address.trim())).collect::<Result<_, _>>()?
    };
    proxies.into_iter().try_fold(chain, |chain, proxy| match chain {
        None => Ok(Some(proxy.into())),
        Some(chain) => Chain::then(chain, proxy).map(Some),
    })
}

/// Returns the proxies of a file.
fn file(path: &Path) -> Result<Chain, Failure> {
    let name = path.display();
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| Failure::mistake(format!("--proxy-file {name}: {error}")))?;
    // Editors of Windows begin a file with a byte order mark.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let mut chain = None;
    for (number, line) in (1..).zip(text.lines()) {
        let urls = line.trim().trim_end_matches(',');
        if urls.is_empty() || urls.starts_with('#') {
            continue;
        }
        let wrong = |error| Failure::mistake(format!("--proxy-file {name}, line {number}: {error:#}"));
        chain = extended(chain, urls).map_err(wrong)?;
    }
    chain.ok_or_else(|| Failure::mistake(format!("--proxy-file {name}: no proxy in it")))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "not a number of seconds above zero".into())
}
