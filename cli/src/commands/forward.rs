//! `anysocks forward`.

use super::result::{line, print};
use crate::chain::CommonOptions;
use crate::failure::Failure;
use crate::progress;
use crate::signals::Signals;
use anysocks::forward::{Builder, Forwarder};
use anysocks::tokio::Connector;
use serde_json::json;
use std::net::SocketAddr;

/// Run a local SOCKS5 proxy in front of a chain of proxies
///
/// The first proxy of the chain may be at a Unix-domain socket or behind TLS. The line on the
/// standard output is the URL of the local proxy. Clients need the password in it, which is another
/// one in each run. The local proxy runs until it is interrupted. SIGHUP, SIGINT and SIGTERM reset
/// its open connections, so that partial data do not look complete.
#[derive(clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The proxies of the chain, in the order in which they are reached.
    #[arg(value_name = "URL", conflicts_with = "proxy_file")]
    chain: Vec<String>,
    /// The local address and port. Port 0 is a free one.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Accept clients without a password, such as browsers. All users of this machine can then use
    /// the proxies.
    #[arg(long)]
    no_password: bool,
    /// Print the URL as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: CommonOptions,
}

const EXAMPLES: &str = "\
anysocks forward socks5h+tls://proxy:1080 socks5h://inner:1080
anysocks forward --listen 127.0.0.1:1080 --no-password socks5h+unix:///run/tor/socks";

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let route = arguments.options.route("URL", &arguments.chain)?;
    // The sockets of a plain connector are known, so a connection that breaks is reset, and does
    // not look complete.
    let started = if route.needs_tls {
        arguments.configured(route.tls.wrapped(route.connector)).start().await
    } else {
        arguments.configured(route.connector).start().await
    };
    let forwarder = started.map_err(|error| Failure::listen(arguments.listen, &error))?;
    // By default, a signal would end the program without the resets of a dropped forwarder.
    let mut signals = Signals::new().map_err(Failure::io)?;
    let url = forwarder.url();
    print(&line(arguments.json, url.clone(), &json!({ "url": url })))?;
    Err(Failure::silent(signals.received().await))
}

impl Arguments {
    fn configured<W>(&self, connector: Connector<W>) -> Builder<W> {
        let builder = Forwarder::builder(connector).listen(self.listen);
        let builder = builder.on_error(|error| progress::error(format_args!("{error:#}")));
        if self.no_password { builder.without_password() } else { builder }
    }
}
