//! `anysocks resolve`.

use super::result::{line, print};
use crate::chain::ProxyOptions;
use crate::failure::Failure;
use serde_json::json;
use std::net::IpAddr;

/// Resolve a name by the proxy, or find the name of an address
///
/// It uses Tor's commands RESOLVE and RESOLVE_PTR, which other proxies do not support. Without a
/// proxy, or with socks5:// and socks4://, this machine resolves names.
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
    let (address, found) = match name.parse::<IpAddr>() {
        Ok(ip) => {
            let found = connector.resolve_ptr(ip).await?.to_string();
            (ip.to_string(), found)
        }
        Err(_) => (connector.resolve(name).await?.to_string(), name.to_owned()),
    };
    let text = if address == name { &found } else { &address };
    print(&line(arguments.json, text.clone(), &json!({ "name": found, "address": address })))
}
