//! Blocking HTTP by [ureq](https://docs.rs/ureq), within its timeouts. ureq dials the proxy, and
//! anysocks runs the handshake over that connection.
//!
//! `cargo run --bin ureq [-- proxy-url target]`

use anysocks::{ErrorKind, Proxy, V5, Version, blocking::Socks5Stream};
use std::{io, time::Duration};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, TcpConnector, Transport};
use ureq::unversioned::transport::{NextTimeout, TransportAdapter, time};
use ureq::{Agent, Error, config::Config, http::Uri};

/// Resolves the proxy in place of the target, whose name is not resolved on this machine.
#[derive(Debug)]
struct ToProxy(Uri);

impl Resolver for ToProxy {
    fn resolve(&self, _: &Uri, config: &Config, limit: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        DefaultResolver::default().resolve(&self.0, config, limit)
    }
}

#[derive(Debug)]
struct Handshake(Proxy);

impl<T: Transport> Connector<T> for Handshake {
    type Out = T;

    fn connect(&self, details: &ConnectionDetails<'_>, dialled: Option<T>) -> Result<Option<T>, Error> {
        let dialled = dialled.ok_or(Error::ConnectionFailed)?;
        let mut stream = TransportAdapter::new(dialled, details.current_time.clone());
        let mut limit = details.timeout;
        if let (time::Duration::Exact(whole), time::Instant::Exact(start)) = (limit.after, details.now) {
            limit.after = whole.saturating_sub(start.elapsed()).into();
        }
        stream.set_timeout(limit);
        let default_port = if details.needs_tls() { 443 } else { 80 };
        let target = (details.uri.host().unwrap_or_default(), details.uri.port_u16().unwrap_or(default_port));
        let handshake =
            V5::auth(self.0.protocol()).and_then(|auth| Socks5Stream::handshake(stream, auth, target));
        let stream = handshake.map_err(|error| match error.kind() {
            // An error of ureq is a timeout.
            ErrorKind::Io(cause) if matches!(cause.get_ref(), Some(inner) if inner.is::<Error>()) => {
                Error::Timeout(limit.reason)
            }
            _ => io::Error::from(error).into(),
        })?;
        // A stream is encapsulated only if the program offers a METHOD that encapsulates.
        let stream = stream.into_inner().map_err(|stream| io::Error::other(stream.to_string()))?;
        Ok(Some(stream.into_inner()))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (proxy, target) = local::proxy_and_target(local::website)?;
    // By default, ureq uses its own SOCKS client for a proxy of the environment.
    let config = Agent::config_builder().proxy(None).timeout_connect(Some(Duration::from_secs(30))).build();
    // For HTTPS, add ureq's `RustlsConnector` behind the two.
    let connector = ().chain(TcpConnector::default()).chain(Handshake(proxy.parse()?));
    let agent = Agent::with_parts(config, connector, ToProxy(proxy.parse()?));

    let page = agent.get(format!("http://{target}/")).call()?.body_mut().read_to_string()?;
    Ok(local::check(&page)?)
}
