//! Whether a proxy, or a chain of them, can be reached and accepts the client.

use super::chain::Chain;
use super::connect::negotiate_through;
use super::connector::Connector;
use super::wrap::{Plain, Wrap};
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::any_version::AnyVersion;
use crate::protocol::command::Command;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::version::V5;
use crate::proxy::Proxy;
use crate::proxy::into_proxy::IntoProxy;
use crate::runtime::Runtime;
use std::slice;
use std::time::Duration;

/// Connects to the proxy, authenticates, and closes the connection.
pub(crate) async fn check<'a, R: Runtime>(proxy: impl IntoProxy<'a>) -> Result<(), Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    check_all::<R, Plain>(slice::from_ref(&*proxy), proxy.limit(), &Plain).await
}

impl<F: Runtime, W: Wrap<F>> Connector<F, W> {
    pub(crate) async fn check_proxies(&self) -> Result<(), Error> {
        let selected = self.route.without_target();
        // A SOCKS4 proxy is only connected to, which shows nothing about it.
        let proves = |chain: &Chain| matches!(chain.last().protocol(), SocksProtocol::V5(_));
        let check = |chain, limit| check_all::<F, W>(Chain::hops(chain), limit, &self.wrap);
        selected.check_each::<F, _>(proves, check).await
    }
}

async fn check_all<R: Runtime, W: Wrap<R>>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
) -> Result<(), Error> {
    let Some((last, earlier)) = hops.split_last() else { return Err(Invalid::NoProxyToAsk.into()) };
    let stepwise = match last.protocol() {
        // Without a request there is nothing to pipeline.
        SocksProtocol::V5(auth) if auth.is_pipelined() => {
            let stepwise = last.clone().auth(auth.clone().pipelined(false))?;
            Some([earlier, &[stepwise]].concat())
        }
        _ => None,
    };
    let hops = stepwise.as_deref().unwrap_or(hops);
    negotiate_through::<R, W, AnyVersion>(hops, limit, wrap, Command::Connect).await.map(drop)
}
