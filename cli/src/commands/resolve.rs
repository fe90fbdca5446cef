//! `anysocks resolve`.

use super::result::{line, print};
use crate::chain::ProxyOptions;
use crate::failure::Failure;
use serde_json::json;
use std::net::IpAddr;

/// Resolve a name by the proxy, or find the name of an address
///
/// It uses Tor's commands RESOLVE and RESOLVE_PTR, which other proxies do not support. Without a
/// proxy, or with socks5:// and socks4://, this machine resolves names. A lookup by address needs a
/// proxy. One address is printed, also if the name has several.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// A name, or an IP address whose name is looked up.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    proxies: ProxyOptions,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let connector = arguments.proxies.connector()?;
    let name = &*arguments.name;
    let (address, found, text) = if let Some(ip) = address(name) {
        let found = connector.resolve_ptr(ip).await?.to_string();
        (ip.to_string(), found.clone(), found)
    } else {
        let address = connector.resolve(name).await?.to_string();
        (address.clone(), name.to_owned(), address)
    };
    print(&line(arguments.json, text, &json!({ "name": found, "address": address })))
}

/// Returns the argument as an address. An IPv6 address may be in brackets, as in a target.
fn address(name: &str) -> Option<IpAddr> {
    let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => name.parse().ok(),
    }
}
