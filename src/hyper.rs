//! The [`Connector`] as a service for [hyper](https://hyper.rs) and [tower].
//!
//! tokio's [`Connector`] implements [`Service<Uri>`]. Pass it wherever a
//! connector is accepted: to hyper-util's client, to hyper-rustls and hyper-tls, and to tonic. Use
//! it for HTTP and gRPC through SOCKS proxies. reqwest accepts no connector, and needs a
//! `Forwarder` of the feature `forward` instead.
//!
//! ```no_run
//! use anysocks::{Proxy, tokio::Connector};
//! use hyper_util::client::legacy::Client;
//! use hyper_util::rt::TokioExecutor;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let proxy: Proxy = "socks5h://127.0.0.1:1080".parse()?;
//! let connector = Connector::new(proxy);
//! let client: Client<_, String> = Client::builder(TokioExecutor::new()).build(connector);
//! let page = client.get("http://example.com/".parse()?).await?;
//! # Ok(()) }
//! ```
//!
//! The target is the host of the URI, at the URI's port or the default port of its scheme: 443 for
//! `https` and `wss`, 80 for `http` and `ws`. TLS is up to the client: wrap the connector in one
//! of hyper-rustls or hyper-tls.
//!
//! If [`Connector::from_env`] has read `https_proxy` and `http_proxy`, the scheme of the URI
//! selects one of them.
//!
//! # Limits
//!
//! hyper-util's client pools its connections by scheme and authority. To keep streams on separate
//! Tor circuits, use one client for each [isolated](crate::Proxy::isolated) proxy.
//!
//! # Errors
//!
//! - [`Invalid::PortMissing`]: the URI has neither a port nor one of these schemes.
//! - Those of `Connector::connect`.
//!
//! The client wraps them in its own error: `source()` leads to the [`Error`].
//!
//! [tower]: https://docs.rs/tower-service
//! [`Service<Uri>`]: https://docs.rs/tower-service/latest/tower_service/trait.Service.html

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::address::Address;
use crate::protocol::target::{IntoTarget, Target};
use crate::route::proxies::{Proxies, Route};
use crate::route::wrap::Wrap;
use crate::stream::SocksStream;
use crate::tokio::{AnyStream, Connector, Tokio};
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An extension of a response: BND.ADDR and BND.PORT of the connection that it arrived on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundAddr(pub Address);

impl<W: Wrap<Tokio, Stream: Send> + Clone> tower_service::Service<Uri> for Connector<W> {
    type Response = TokioIo<AnyStream<W::Stream>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    /// Connects to the host of the URI, at its port or the default port of its scheme.
    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = for_scheme(self, &uri);
        Box::pin(async move { connector.connect(&uri).await.map(TokioIo::new) })
    }
}

/// A scheme with a default port and an environment variable.
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

/// The host of the URI, at its port or the default port of its scheme.
impl<'a> IntoTarget<'a> for &'a Uri {
    fn into_target(self) -> Result<Target<'a>, Error> {
        let port = self.port_u16().or_else(|| Scheme::of(self).map(Scheme::port));
        (self.host().unwrap_or_default(), port.ok_or(Invalid::PortMissing)?).into_target()
    }
}

/// Returns the connector with the environment's proxies for the scheme of the URI.
fn for_scheme<W: Clone>(connector: &Connector<W>, uri: &Uri) -> Connector<W> {
    let connector = connector.clone();
    let chain = match (&connector.route.proxies, Scheme::of(uri)) {
        (Proxies::ByScheme { https, .. }, Some(Scheme::Https)) => https,
        (Proxies::ByScheme { http, .. }, Some(Scheme::Http)) => http,
        _ => return connector,
    };
    let proxies = chain.clone().map_or(Proxies::None, Proxies::Chain);
    let route = Route { proxies, ..Route::clone(&connector.route) };
    connector.with_route(route)
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
    fn the_target_of_a_uri() {
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
            let uri: &Uri = &uri.parse().unwrap();
            assert_eq!(uri.into_target().ok().map(|target| target.to_string()).as_deref(), to, "{uri}");
        }
    }
}
