//! DNS by [hickory](https://docs.rs/hickory-resolver), over UDP ASSOCIATE, and over TCP for long
//! answers. Copy `provider.rs`; this file shows its use.
//!
//! `cargo run --bin hickory [-- proxy-url address-of-name-server:port]`

mod provider;

use anysocks::{Proxy, tokio::Connector};
use hickory_resolver::Resolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioHandle;
use provider::ThroughProxy;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, name_server) = local::proxy_and_addr(local::name_server)?;

    let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
    (udp.port, tcp.port) = (name_server.port(), name_server.port());
    let server = NameServerConfig::new(name_server.ip(), true, vec![udp, tcp]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let connector = Connector::new(proxy.parse::<Proxy>()?);
    let provider = ThroughProxy(connector, TokioHandle::default());
    let resolver = Resolver::builder_with_config(config, provider).build()?;

    let addresses = resolver.ipv4_lookup("example.com.").await?;
    let address = addresses.answers().first().ok_or("no address")?;
    local::check_is(&address.data, local::ADDRESS)?;
    let texts = resolver.txt_lookup("example.com.").await?;
    let text = texts.answers().first().ok_or("no text")?;
    local::check(&text.data.to_string())?;
    // Two associations, and a connection for the truncated answer.
    local::check_hosts(&["0.0.0.0", "0.0.0.0", "127.0.0.1"])?;
    Ok(())
}
