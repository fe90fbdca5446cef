//! Connecting and listening where tasks are woken.

use super::watched::AsyncUdpFront;
use crate::error::Error;
use crate::into_proxy::IntoProxy;
use crate::listener::SocksListener;
use crate::runtime::{self, Runtime};
use crate::stream::SocksStream;
use crate::target::Target;
use crate::version::Version;

impl<F: AsyncUdpFront, V: Version> SocksStream<<F as Runtime>::Stream, V, F> {
    #[doc = include_str!("../docs/connect.md")]
    pub async fn connect<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        target: impl TryInto<Target<'b>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        runtime::connect::<F, V>(proxy, target, &[]).await
    }

    #[doc = include_str!("../docs/connect_with.md")]
    pub async fn connect_with<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        target: impl TryInto<Target<'b>, Error: Into<Error>>,
        first_bytes: &[u8],
    ) -> Result<Self, Error> {
        runtime::connect::<F, V>(proxy, target, first_bytes).await
    }
}

impl<F: AsyncUdpFront, V: Version> SocksListener<<F as Runtime>::Stream, V, F> {
    #[doc = include_str!("../docs/bind.md")]
    pub async fn bind<'a, 'b>(
        proxy: impl IntoProxy<'a>,
        expected_peer: impl TryInto<Target<'b>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        runtime::bind::<F, V>(proxy, expected_peer).await
    }
}
