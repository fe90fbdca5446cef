//! Lookups by the proxy: Tor's commands RESOLVE and `RESOLVE_PTR`.

use super::connect::{Granted, request_through};
use super::request::RequestTemplate;
use super::requests;
use super::wrap::{Plain, Wrap};
use crate::error::Error;
use crate::protocol::address::{Address, Name};
use crate::protocol::any_version::AnyVersion;
use crate::protocol::command::Command;
use crate::protocol::target::{Host, Target};
use crate::protocol::version::V5;
use crate::proxy::Proxy;
use crate::proxy::into_proxy::IntoProxy;
use crate::runtime::Runtime;
use std::net::IpAddr;
use std::slice;
use std::time::Duration;

/// Resolves a name by the proxy.
pub(crate) async fn resolve<'a, 'b, R: Runtime>(
    proxy: impl IntoProxy<'a>,
    name: impl TryInto<Host<'b>, Error: Into<Error>>,
) -> Result<IpAddr, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    let name = name.try_into().map_err(Into::into)?;
    resolve_by::<R, Plain>(slice::from_ref(&*proxy), proxy.limit(), &Plain, name).await
}

/// Resolves the name of an address by the proxy.
pub(crate) async fn resolve_ptr<'a, R: Runtime>(
    proxy: impl IntoProxy<'a>,
    ip: IpAddr,
) -> Result<Name, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    resolve_ptr_by::<R, Plain>(slice::from_ref(&*proxy), proxy.limit(), &Plain, ip).await
}

/// Resolves a name by the last of the proxies.
pub(crate) async fn resolve_by<R: Runtime, W: Wrap<R>>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
    name: Host<'_>,
) -> Result<IpAddr, Error> {
    let template = RequestTemplate::without_data(Command::Resolve);
    let granted =
        request_through::<R, W, AnyVersion>(hops, limit, wrap, Target::new(name, 0), template).await?;
    requests::ip(&granted.established.bound).map_err(|error| unexpected(error, &granted, hops))
}

/// Resolves the name of an address by the last of the proxies.
pub(crate) async fn resolve_ptr_by<R: Runtime, W: Wrap<R>>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
    ip: IpAddr,
) -> Result<Name, Error> {
    let template = RequestTemplate::without_data(Command::ResolvePtr);
    let granted = request_through::<R, W, AnyVersion>(hops, limit, wrap, (ip, 0).into(), template).await?;
    match &granted.established.bound {
        Address::Name(name, _) => Ok(name.clone()),
        bound @ Address::Ip(_) => Err(unexpected(requests::unexpected(bound), &granted, hops)),
    }
}

/// Reports the error of a reply without an address of the expected kind.
fn unexpected<S>(mut error: Error, granted: &Granted<S>, hops: &[Proxy]) -> Error {
    if let Some(proxy) = hops.last() {
        error = error.at_hop(proxy, hops.len(), hops.len());
    }
    if let Some(subject) = &granted.subject {
        error = error.about(&**subject);
    }
    granted.request.failed(error)
}
