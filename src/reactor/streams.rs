//! Connecting and listening where tasks are woken.

use super::watched::AsyncUdpFront;
use crate::error::Error;
use crate::protocol::target::Target;
use crate::protocol::version::Version;
use crate::proxy::into_proxy::IntoProxy;
use crate::route;
use crate::route::listener::SocksListener;
use crate::runtime::Runtime;
use crate::stream::SocksStream;

impl<F: AsyncUdpFront, V: Version> SocksStream<<F as Runtime>::Stream, V, F> {
    #[doc = include_str!("../docs/connect.md")]
    pub async fn connect<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        target: impl TryInto<Target<'b>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        route::connect::<F, V>(proxy, target, &[]).await
    }

    #[doc = include_str!("../docs/connect_with_early_data.md")]
    pub async fn connect_with_early_data<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        target: impl TryInto<Target<'b>, Error: Into<Error>>,
        early_data: &[u8],
    ) -> Result<Self, Error> {
        route::connect::<F, V>(proxy, target, early_data).await
    }
}

impl<F: AsyncUdpFront, V: Version> SocksListener<<F as Runtime>::Stream, V, F> {
    #[doc = include_str!("../docs/bind.md")]
    pub async fn bind<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        expected_peer: impl TryInto<Target<'b>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        route::bind::<F, V>(proxy, expected_peer).await
    }
}
