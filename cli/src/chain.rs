//! The options that choose the proxies.

use crate::failure::Failure;
use crate::limited;
use crate::list::List;
use crate::stream::AnyConnector;
use crate::tls::{Tls, TlsOptions};
use anysocks::Chain;
use anysocks::tokio::Connector;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The silence after which the system probes whether a proxy is still there.
const KEEPALIVE: Duration = Duration::from_secs(45);

/// The longest timeout, which is 30 years.
const MOST_SECONDS: f64 = 1e9;
/// The longest file of `--proxy-file`.
const MOST_MEBIBYTES: u64 = 1;

/// The proxies of a command.
#[derive(Args, Default)]
pub(crate) struct ProxyOptions {
    /// Connect through this proxy. Several of them, or a list with commas, are a chain. In it,
    /// host:port without a scheme is socks5h://host:port.
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
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) tls: TlsOptions,
}

impl ProxyOptions {
    /// Returns a connector through these proxies, those of the file, or those of the environment.
    pub(crate) fn connector(&self) -> Result<AnyConnector, Failure> {
        self.common.connector("--proxy", &self.proxy)
    }
}

impl CommonOptions {
    /// Returns a connector through these proxies, those of the file, or those of the environment.
    fn connector(&self, option: &str, urls: &[String]) -> Result<AnyConnector, Failure> {
        self.route(option, urls).map(|route| route.tls.wrapped(route.connector))
    }

    /// Returns the same connector without TLS. `option` is the name of the URLs in errors.
    pub(crate) fn route(&self, option: &str, urls: &[String]) -> Result<Route, Failure> {
        let (connector, may_be_direct) = match self.chain(option, urls)? {
            Some(chain) => (Connector::new(chain), false),
            None => (Connector::from_env()?, true),
        };
        let needs_tls = connector.needs_tls();
        self.tls.check(needs_tls)?;
        let tls = Tls::new(&self.tls, needs_tls && !may_be_direct)?;
        Ok(Route { connector: self.configured(connector), needs_tls, tls })
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
    pub(crate) fn chain(&self, option: &str, urls: &[String]) -> Result<Option<Chain>, Failure> {
        if let Some(path) = self.proxy_file.as_deref() {
            let wrong = |wrong| Failure::mistake(format!("--proxy-file {}{wrong}", path.display()));
            return file(path).map(Some).map_err(wrong);
        }
        let mut list = List::default();
        for text in urls {
            list.push(text).map_err(|wrong| {
                // The shell passes an empty argument for "$PROXY" without a value.
                let unset = if text.is_empty() { ": is a variable not set?" } else { "" };
                Failure::mistake(format!("{option}: {wrong}{unset}"))
            })?;
        }
        Ok(list.into_chain())
    }
}

/// A connector whose streams are plain.
pub(crate) struct Route {
    pub(crate) connector: Connector,
    /// Whether a proxy may be behind TLS.
    pub(crate) needs_tls: bool,
    pub(crate) tls: Tls,
}

/// Returns the proxies of a file, or what follows its name in an error.
fn file(path: &Path) -> Result<Chain, String> {
    let text = limited::read(path, MOST_MEBIBYTES).map_err(|wrong| format!(": {wrong}"))?;
    let text = String::from_utf8(text).map_err(|_| ": it is not UTF-8")?;
    // Editors of Windows begin a file with a byte order mark.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let mut list = List::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim().trim_end_matches(',');
        if !line.is_empty() && !line.starts_with('#') {
            list.push(line).map_err(|wrong| format!(", line {number}: {wrong}"))?;
        }
    }
    list.into_chain().ok_or_else(|| ": no proxy in it".into())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    if seconds > MOST_SECONDS {
        return Err(format!("more than {MOST_SECONDS} seconds"));
    }
    let limit = Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero());
    limit.ok_or_else(|| "not a number of seconds above zero".into())
}
