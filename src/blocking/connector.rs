//! The calls of a blocking connector.

use super::block_on::block_on;
use super::{AnyListener, AnyStream, Blocking, Socks5Client, Socks5UdpSocket};
use crate::error::Error;
use crate::protocol::address::Name;
use crate::protocol::target::{Host, IntoTarget};
use crate::route::connector::Connector;
use crate::route::wrap::Wrap;
use std::net::IpAddr;

impl<W: Wrap<Blocking>> Connector<Blocking, W> {
    #[doc = include_str!("../docs/connector/connect.md")]
    pub fn connect<'t>(&self, target: impl IntoTarget<'t>) -> Result<AnyStream<W::Stream>, Error> {
        block_on(self.connect_to(target.into_target()?, &[]))
    }

    #[doc = include_str!("../docs/connector/connect_with_early_data.md")]
    pub fn connect_with_early_data<'t>(
        &self,
        target: impl IntoTarget<'t>,
        early_data: &[u8],
    ) -> Result<AnyStream<W::Stream>, Error> {
        block_on(self.connect_to(target.into_target()?, early_data))
    }

    #[doc = include_str!("../docs/connector/bind.md")]
    pub fn bind<'t>(&self, expected_peer: impl IntoTarget<'t>) -> Result<AnyListener<W::Stream>, Error> {
        block_on(self.bind_for(expected_peer.into_target()?))
    }

    #[doc = include_str!("../docs/connector/resolve.md")]
    pub fn resolve<'t>(&self, name: impl TryInto<Host<'t>, Error: Into<Error>>) -> Result<IpAddr, Error> {
        block_on(self.resolve_name(name.try_into().map_err(Into::into)?))
    }

    #[doc = include_str!("../docs/connector/resolve_ptr.md")]
    pub fn resolve_ptr(&self, ip: IpAddr) -> Result<Name, Error> {
        block_on(self.resolve_addr(ip))
    }

    #[doc = include_str!("../docs/connector/client.md")]
    pub fn client(&self) -> Result<Socks5Client<W>, Error> {
        block_on(self.open_client())
    }

    #[doc = include_str!("../docs/connector/check.md")]
    #[doc(alias("ping", "health", "is_alive"))]
    pub fn check(&self) -> Result<(), Error> {
        block_on(self.check_proxies())
    }

    #[doc = include_str!("../docs/connector/associate.md")]
    pub fn associate(&self) -> Result<Socks5UdpSocket, Error> {
        block_on(self.associate_datagrams())
    }
}
