//! A [`Connector`] where [hyper](https://hyper.rs) and [tower](::tower_service) take one: hyper-util's client, hyper-rustls and hyper-tls around it, tonic.
//!
//! ```no_run
//! use anysocks::{Proxy, tokio::Connector};
//! use hyper_util::client::legacy::Client;
//! use hyper_util::rt::TokioExecutor;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let proxy: Proxy = "socks5h://127.0.0.1:1080".parse()?;
//! let client: Client<_, String> = Client::builder(TokioExecutor::new()).build(Connector::new(proxy));
//! let page = client.get("http://example.com/".parse()?).await?;
//! # Ok(()) }
//! ```
//!
//! Where [`Connector::from_env`] found `https_proxy` or `http_proxy`, the scheme of the URI
//! decides which of them counts.
//!
//! A client keeps its connections by host alone. Whose streams must not share a circuit of Tor, has a client for each
//! [isolated](crate::Proxy::isolated) proxy.

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::address::Address;
use crate::protocol::target::Target;
use crate::route::proxies::{Proxies, Route};
use crate::route::wrap::Wrap;
use crate::stream::SocksStream;
use crate::tokio::{AnyStream, Connector, Tokio};
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::task::{Context, Poll};

/// BND.ADDR and BND.PORT of the connection that a response came over, among the response's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundAddr(pub Address);

impl<W: Wrap<Tokio, Stream: Send> + Clone> tower_service::Service<Uri> for Connector<W> {
    type Response = TokioIo<AnyStream<W::Stream>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    /// Connects to the host of the URI, at its port, or else at that of `https`, `wss`, `http` or `ws`.
    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = for_scheme(self, &uri);
        Box::pin(async move { connector.connect(target(&uri)?).await.map(TokioIo::new) })
    }
}

/// A scheme that has a default port, and a variable of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn of(uri: &Uri) -> Option<Self> {
        match &*uri.scheme_str()?.to_ascii_lowercase() {
            "http" | "ws" => Some(Self::Http),
            "https" | "wss" => Some(Self::Https),
            _ => None,
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

fn target(uri: &Uri) -> Result<Target<'_>, Error> {
    let port = uri.port_u16().or_else(|| Scheme::of(uri).map(Scheme::port));
    (uri.host().unwrap_or_default(), port.ok_or(Invalid::PortMissing)?).try_into()
}

/// The connector, with the proxies that the environment names for this scheme.
fn for_scheme<W: Clone>(connector: &Connector<W>, uri: &Uri) -> Connector<W> {
    let connector = connector.clone();
    let chain = match (&connector.route.proxies, Scheme::of(uri)) {
        (Proxies::ByScheme { https, .. }, Some(Scheme::Https)) => https,
        (Proxies::ByScheme { http, .. }, Some(Scheme::Http)) => http,
        _ => return connector,
    };
    let proxies = chain.clone().map_or(Proxies::None, Proxies::Chain);
    let exceptions = connector.route.exceptions.clone();
    connector.by(Route { proxies, exceptions })
}

impl<S, V> Connection for SocksStream<S, V, Tokio> {
    fn connected(&self) -> Connected {
        Connected::new().extra(BoundAddr(self.bound_addr().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_uri_leads() {
        for (uri, to) in [
            ("http://example.com/", Some("example.com:80")),
            ("https://example.com/page", Some("example.com:443")),
            ("wss://example.com", Some("example.com:443")),
            ("ws://example.com", Some("example.com:80")),
            ("WSS://example.com", Some("example.com:443")),
            ("HTTP://example.com", Some("example.com:80")),
            ("http://example.com:8080", Some("example.com:8080")),
            ("https://[2001:db8::7]/", Some("[2001:db8::7]:443")),
            ("https://192.0.2.7/", Some("192.0.2.7:443")),
            ("example.com:8080", Some("example.com:8080")),
            ("gopher://example.com/", None),
            ("/page", None),
        ] {
            let uri = uri.parse().unwrap();
            assert_eq!(target(&uri).ok().map(|target| target.to_string()).as_deref(), to, "{uri}");
        }
    }
}
