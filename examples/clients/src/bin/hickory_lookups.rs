//! [hickory](https://docs.rs/hickory-resolver) resolves the names that this machine has to resolve,
//! instead of the system's resolver: for DNS over TLS or HTTPS, a cache, or another name server.
//!
//! `cargo run --bin hickory_lookups [-- proxy-url address-of-name-server:port]`

use anysocks::{Family, Proxy, Resolve, Resolver, Resolving, tokio::Connector};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use std::io;

/// hickory as the resolver of a connector.
struct ByHickory(TokioResolver);

impl Resolver for ByHickory {
    fn resolve<'r>(&'r self, name: &'r str) -> Resolving<'r> {
        Box::pin(async move {
            let found = self.0.lookup_ip(name).await.map_err(io::Error::other)?;
            Ok(found.iter().collect())
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, name_server) = local::proxy_and_addr(local::name_server)?;

    let mut udp = ConnectionConfig::udp();
    udp.port = name_server.port();
    let server = NameServerConfig::new(name_server.ip(), true, vec![udp]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let hickory = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build()?;

    // The proxy receives addresses only, as with a `socks5://` URL.
    let proxy = proxy.parse::<Proxy>()?.resolve(Resolve::Locally);
    let connector = Connector::new(proxy).family(Family::Ipv4Only).resolver(ByHickory(hickory));
    let address = connector.resolve("example.com").await?;
    local::check_is(address, local::ADDRESS)?;
    Ok(())
}
