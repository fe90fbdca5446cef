//! Several requests on one connection, asynchronous.

use super::watched::AsyncFrontEnd;
use crate::error::Error;
use crate::protocol::command::Command;
use crate::protocol::target::{Host, IntoTarget, PoolId};
use crate::protocol::version::V5;
use crate::proxy::into_proxy::IntoProxy;
use crate::route::client::{self, SocksClient};
use crate::route::wrap::Wrap;
use crate::stream::SocksStream;
use std::net::IpAddr;

impl<F: AsyncFrontEnd> SocksClient<F> {
    #[doc = include_str!("../docs/client/open.md")]
    pub async fn open<'a>(proxy: impl IntoProxy<'a>) -> Result<Self, Error> {
        client::open(proxy).await
    }
}

impl<F: AsyncFrontEnd, W: Wrap<F>> SocksClient<F, W> {
    #[doc = include_str!("../docs/client/keep_alive.md")]
    pub async fn keep_alive(&mut self) -> Result<(), Error> {
        self.send_keep_alive().await
    }

    #[doc = include_str!("../docs/client/resolve.md")]
    pub async fn resolve<'t>(
        &mut self,
        name: impl TryInto<Host<'t>, Error: Into<Error>>,
    ) -> Result<IpAddr, Error> {
        self.resolve_name(name.try_into().map_err(Into::into)?).await
    }

    #[doc = include_str!("../docs/client/pool_new.md")]
    pub async fn pool_new<'t>(&mut self, target: impl IntoTarget<'t>) -> Result<PoolId, Error> {
        self.add_to_pool(target.into_target()?).await
    }

    #[doc = include_str!("../docs/client/pool_get.md")]
    pub async fn pool_get(self, id: &PoolId) -> Result<SocksStream<W::Stream, V5, F>, Error> {
        self.into_tunnel(Command::PoolGet, id.clone().into()).await
    }

    #[doc = include_str!("../docs/client/connect.md")]
    pub async fn connect<'t>(
        self,
        target: impl IntoTarget<'t>,
    ) -> Result<SocksStream<W::Stream, V5, F>, Error> {
        self.into_tunnel(Command::Connect, target.into_target()?).await
    }
}
