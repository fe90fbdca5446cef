//! Several requests on one connection, blocking.

use super::Blocking;
use super::block_on::block_on;
use crate::error::Error;
use crate::protocol::command::Command;
use crate::protocol::target::{Host, IntoTarget, PoolId};
use crate::protocol::version::V5;
use crate::proxy::into_proxy::IntoProxy;
use crate::route::client::{self, SocksClient};
use crate::route::wrap::Wrap;
use crate::stream::SocksStream;
use std::net::IpAddr;

impl SocksClient<Blocking> {
    #[doc = include_str!("../docs/client/open.md")]
    pub fn open<'a>(proxy: impl IntoProxy<'a>) -> Result<Self, Error> {
        block_on(client::open(proxy))
    }
}

impl<W: Wrap<Blocking>> SocksClient<Blocking, W> {
    #[doc = include_str!("../docs/client/keep_alive.md")]
    pub fn keep_alive(&mut self) -> Result<(), Error> {
        block_on(self.send_keep_alive())
    }

    #[doc = include_str!("../docs/client/resolve.md")]
    pub fn resolve<'t>(&mut self, name: impl TryInto<Host<'t>, Error: Into<Error>>) -> Result<IpAddr, Error> {
        block_on(self.resolve_name(name.try_into().map_err(Into::into)?))
    }

    #[doc = include_str!("../docs/client/pool_new.md")]
    pub fn pool_new<'t>(&mut self, target: impl IntoTarget<'t>) -> Result<PoolId, Error> {
        block_on(self.add_to_pool(target.into_target()?))
    }

    #[doc = include_str!("../docs/client/pool_get.md")]
    pub fn pool_get(self, id: &PoolId) -> Result<SocksStream<W::Stream, V5, Blocking>, Error> {
        block_on(self.into_tunnel(Command::PoolGet, id.clone().into()))
    }

    #[doc = include_str!("../docs/client/connect.md")]
    pub fn connect<'t>(
        self,
        target: impl IntoTarget<'t>,
    ) -> Result<SocksStream<W::Stream, V5, Blocking>, Error> {
        block_on(self.into_tunnel(Command::Connect, target.into_target()?))
    }
}
