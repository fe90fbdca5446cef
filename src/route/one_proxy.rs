//! Calls with one proxy.

use super::connect::{Granted, request_through};
use super::listener::SocksListener;
use super::request::RequestTemplate;
use super::wrap::Plain;
use crate::error::{Error, Stage};
use crate::protocol::command::Command;
use crate::protocol::target::{IntoTarget, Target};
use crate::protocol::version::{V5, Version};
use crate::proxy::Proxy;
use crate::proxy::into_proxy::IntoProxy;
use crate::runtime::{Runtime, deadline, dial_proxy};
use crate::stream::SocksStream;
use crate::trace;
use std::slice;

/// Connects to the target through the proxy.
pub(crate) async fn connect<'a, 'b, R: Runtime, V: Version>(
    proxy: impl IntoProxy<'a>,
    target: impl IntoTarget<'b>,
    early_data: &[u8],
) -> Result<SocksStream<R::Stream, V, R>, Error> {
    let proxy = proxy.into_proxy::<V>()?;
    let target = target.into_target()?;
    let granted = request::<R, V>(&proxy, target, RequestTemplate::connect(early_data)).await?;
    Ok(SocksStream::new(granted.stream, granted.established))
}

/// Requests BIND from the proxy.
pub(crate) async fn bind<'a, 'b, R: Runtime, V: Version>(
    proxy: impl IntoProxy<'a>,
    expected_peer: impl IntoTarget<'b>,
) -> Result<SocksListener<R::Stream, V, R>, Error> {
    let proxy = proxy.into_proxy::<V>()?;
    let peer = expected_peer.into_target()?;
    let granted = request::<R, V>(&proxy, peer, RequestTemplate::without_data(Command::Bind)).await?;
    Ok(SocksListener::granted(granted, slice::from_ref(&*proxy)))
}

fn request<'a, R: Runtime, V: Version>(
    proxy: &'a Proxy,
    target: Target<'a>,
    template: RequestTemplate<'a>,
) -> impl Future<Output = Result<Granted<R::Stream>, Error>> + Send + Sync {
    request_through::<R, Plain, V>(slice::from_ref(proxy), proxy.limit(), &Plain, target, template)
}

/// Connects to the proxy, without a handshake.
pub(crate) async fn dial<'a, R: Runtime>(proxy: impl IntoProxy<'a>) -> Result<R::Stream, Error> {
    // An address has no version. The default does not matter before the handshake.
    let proxy = proxy.into_proxy::<V5>()?;
    let dialled = dial_proxy::<R>(&proxy, deadline::<R>(proxy.limit())).await;
    let finished =
        dialled.and_then(|stream| R::finish(stream).map_err(|error| Error::io(Stage::Dial, error)));
    finished.map_err(|error| trace::failed(error.at(&*proxy)))
}
