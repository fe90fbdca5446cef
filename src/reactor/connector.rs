//! The calls of an asynchronous connector.

use super::watched::AsyncFrontEnd;
use crate::error::Error;
use crate::protocol::address::Name;
use crate::protocol::any_version::AnyVersion;
use crate::protocol::target::{Host, IntoTarget};
use crate::route::client::SocksClient;
use crate::route::connector::Connector;
use crate::route::listener::SocksListener;
use crate::route::wrap::Wrap;
use crate::stream::SocksStream;
use crate::udp::SocksUdpSocket;
use std::net::IpAddr;

impl<F: AsyncFrontEnd, W: Wrap<F>> Connector<F, W> {
    #[doc = include_str!("../docs/connector/connect.md")]
    pub async fn connect<'t>(
        &self,
        target: impl IntoTarget<'t>,
    ) -> Result<SocksStream<W::Stream, AnyVersion, F>, Error> {
        let target = target.into_target()?;
        self.connect_to(target, &[]).await
    }

    #[doc = include_str!("../docs/connector/connect_with_early_data.md")]
    pub async fn connect_with_early_data<'t>(
        &self,
        target: impl IntoTarget<'t>,
        early_data: &[u8],
    ) -> Result<SocksStream<W::Stream, AnyVersion, F>, Error> {
        let target = target.into_target()?;
        self.connect_to(target, early_data).await
    }

    #[doc = include_str!("../docs/connector/bind.md")]
    pub async fn bind<'t>(
        &self,
        expected_peer: impl IntoTarget<'t>,
    ) -> Result<SocksListener<W::Stream, AnyVersion, F>, Error> {
        self.bind_for(expected_peer.into_target()?).await
    }

    #[doc = include_str!("../docs/connector/resolve.md")]
    pub async fn resolve<'t>(
        &self,
        name: impl TryInto<Host<'t>, Error: Into<Error>>,
    ) -> Result<IpAddr, Error> {
        self.resolve_name(name.try_into().map_err(Into::into)?).await
    }

    #[doc = include_str!("../docs/connector/resolve_ptr.md")]
    pub async fn resolve_ptr(&self, ip: IpAddr) -> Result<Name, Error> {
        self.resolve_addr(ip).await
    }

    #[doc = include_str!("../docs/connector/client.md")]
    pub async fn client(&self) -> Result<SocksClient<F, W>, Error> {
        self.open_client().await
    }

    #[doc = include_str!("../docs/connector/check.md")]
    #[doc(alias("ping", "health", "is_alive"))]
    pub async fn check(&self) -> Result<(), Error> {
        self.check_proxies().await
    }

    #[doc = include_str!("../docs/connector/associate.md")]
    pub async fn associate(&self) -> Result<SocksUdpSocket<F>, Error> {
        self.associate_datagrams().await
    }
}
