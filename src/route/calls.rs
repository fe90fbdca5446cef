//! The calls of a connector, on every front end.

use super::chain::Chain;
use super::connect::request_through;
use super::connector::Connector;
use super::direct::{connect_directly, resolved_locally};
use super::listener::SocksListener;
use super::lookup;
use super::proxies::Selected;
use super::request::RequestTemplate;
use super::upstreams::Way;
use super::wrap::Wrap;
use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::address::Name;
use crate::protocol::any_version::AnyVersion;
use crate::protocol::command::Command;
use crate::protocol::established::Established;
use crate::protocol::target::{Host, Target};
use crate::proxy::Resolve;
use crate::runtime::Runtime;
use crate::stream::SocksStream;
use crate::trace;
use std::net::IpAddr;
use std::time::Duration;

impl<F: Runtime, W: Wrap<F>> Connector<F, W> {
    pub(crate) async fn connect_to(
        &self,
        target: Target<'_>,
        early_data: &[u8],
    ) -> Result<SocksStream<W::Stream, AnyVersion, F>, Error> {
        let selected = self.route.select(&target)?;
        if let Selected::Chain(chain) = &selected {
            let template = RequestTemplate::connect(early_data);
            let (hops, limit) = (chain.hops(), chain.limit());
            let granted =
                request_through::<F, W, AnyVersion>(hops, limit, &self.wrap, target, template).await?;
            return Ok(SocksStream::new(granted.stream, granted.established));
        }
        // In memory of its own: most connectors have one chain.
        let has_early_data = !early_data.is_empty();
        let connected = selected.ask::<F, _, _>(self.route.direct.timeout, has_early_data, |way| {
            self.connect_by(way, target.borrowed(), early_data)
        });
        let (stream, established) = Box::pin(connected).await?;
        Ok(SocksStream::new(stream, established))
    }

    async fn connect_by(
        &self,
        way: Way<'_>,
        target: Target<'_>,
        early_data: &[u8],
    ) -> Result<(W::Stream, Established), Error> {
        let Some(chain) = way.chain else {
            return connect_directly::<F, W>(&self.wrap, &self.route.direct, target, early_data, way.limit)
                .await;
        };
        let template = RequestTemplate::connect(early_data);
        let granted =
            request_through::<F, W, AnyVersion>(chain.hops(), way.limit, &self.wrap, target, template)
                .await?;
        Ok((granted.stream, granted.established))
    }

    pub(crate) async fn bind_for(
        &self,
        peer: Target<'_>,
    ) -> Result<SocksListener<W::Stream, AnyVersion, F>, Error> {
        let selected = self.route.select(&peer)?;
        selected.ask_a_proxy::<F, _, _>(|chain, limit| self.bind_by(chain, limit, peer.borrowed())).await
    }

    async fn bind_by(
        &self,
        chain: &Chain,
        limit: Option<Duration>,
        peer: Target<'_>,
    ) -> Result<SocksListener<W::Stream, AnyVersion, F>, Error> {
        let template = RequestTemplate::without_data(Command::Bind);
        let granted =
            request_through::<F, W, AnyVersion>(chain.hops(), limit, &self.wrap, peer, template).await?;
        Ok(SocksListener::granted(granted, chain.hops()))
    }

    pub(crate) async fn resolve_name(&self, name: Host<'_>) -> Result<IpAddr, Error> {
        let name = match name {
            Host::Ip(ip) => return Ok(ip),
            Host::Domain(name) => name,
            _ => return Err(trace::failed(Invalid::TargetOfCommand(Command::Resolve.name()).into())),
        };
        let selected = self.route.select(&(name.borrowed(), 0).into())?;
        selected
            .ask::<F, _, _>(self.route.direct.timeout, false, |way| {
                self.resolve_by(way, name.borrowed().into())
            })
            .await
    }

    async fn resolve_by(&self, way: Way<'_>, name: Host<'_>) -> Result<IpAddr, Error> {
        match way.chain {
            Some(chain) if chain.last().resolves() == Resolve::ByProxy => {
                lookup::resolve_by::<F, W>(chain.hops(), way.limit, &self.wrap, name).await
            }
            _ => {
                let name = name.to_string();
                let request = trace::request(&Command::Resolve, &"none", &name);
                request.watch(resolved_locally::<F>(&name, way, &self.route.direct.lookup)).await
            }
        }
    }

    pub(crate) async fn resolve_addr(&self, ip: IpAddr) -> Result<Name, Error> {
        let selected = self.route.select(&(ip, 0).into())?;
        let resolved = selected.ask_a_proxy::<F, _, _>(|chain, limit| {
            lookup::resolve_ptr_by::<F, W>(chain.hops(), limit, &self.wrap, ip)
        });
        resolved.await
    }
}
