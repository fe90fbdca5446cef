//! [ureq](https://docs.rs/ureq): blocking HTTP, with the connections and the names in the hands of a connector.
//!
//! `cargo run --bin ureq [-- proxy-url target]`

mod tunnel;

use anysocks::{Chain, blocking::Connector};
use std::net::Ipv4Addr;
use tunnel::Tunnel;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{self, ConnectionDetails, NextTimeout};
use ureq::{Agent, Error};

/// Keeps names away from the local DNS: the proxy is given them as they are.
#[derive(Debug)]
struct NoDns;

impl Resolver for NoDns {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addrs = self.empty();
        addrs.push((Ipv4Addr::UNSPECIFIED, 0).into());
        Ok(addrs)
    }
}

/// The first part of ureq's chain of connectors; for HTTPS, its `RustlsConnector` goes behind it.
#[derive(Debug)]
struct Socks(Connector);

impl transport::Connector for Socks {
    type Out = Tunnel;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Tunnel>, Error> {
        let default = if details.needs_tls() { 443 } else { 80 };
        let target = (details.uri.host().unwrap_or_default(), details.uri.port_u16().unwrap_or(default));
        let stream = self.0.connect(target).map_err(std::io::Error::from)?;
        Ok(Some(Tunnel::new(stream, details.config)))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::website)?;
    let connector = Connector::new(proxy.parse::<Chain>()?);
    let agent = Agent::with_parts(Config::default(), Socks(connector), NoDns);

    let page = agent.get(format!("http://{target}/")).call()?.body_mut().read_to_string()?;
    local::check(&page)?;
    Ok(())
}
