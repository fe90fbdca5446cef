//! DNS by [hickory](https://docs.rs/hickory-resolver), over datagrams by way of the proxy, and over TCP where an answer is too long.
//!
//! `cargo run --bin hickory [-- proxy-url address-of-name-server:port]`

mod provider;

use anysocks::{Proxy, tokio::Connector};
use hickory_resolver::Resolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioHandle;
use provider::ThroughProxy;
use std::net::SocketAddr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, name_server) = local::proxy_and_target(local::name_server)?;
    // In this process it has a name, but hickory wants an address.
    let name_server: SocketAddr = name_server.replace("hello.invalid", "127.0.0.1").parse()?;

    let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
    (udp.port, tcp.port) = (name_server.port(), name_server.port());
    let server = NameServerConfig::new(name_server.ip(), true, vec![udp, tcp]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let connector = Connector::new(proxy.parse::<Proxy>()?);
    let provider = ThroughProxy { connector, handle: TokioHandle::default() };
    let resolver = Resolver::builder_with_config(config, provider).build()?;

    for address in resolver.ipv4_lookup("example.com.").await?.answers() {
        println!("{address}");
    }
    for text in resolver.txt_lookup("example.com.").await?.answers() {
        println!("{text}");
    }
    // Two associations, and a connection for the answer that was too long for a datagram.
    local::check_hosts(&["0.0.0.0", "0.0.0.0", "127.0.0.1"])?;
    Ok(())
}
