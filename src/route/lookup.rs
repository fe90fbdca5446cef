//! Tor's own commands: names and addresses, looked up by the proxy.

use crate::address::{Address, Name};
use crate::any_version::{AnyRequest, AnyVersion};
use crate::command::Command;
use crate::error::{Error, ErrorKind, Stage};
use crate::into_proxy::IntoProxy;
use crate::invalid::Invalid;
use crate::proxy::{Protocol, Proxy};
use crate::route::walk;
use crate::runtime::{Asked, Runtime};
use crate::socks4::Socks4;
use crate::socks5::Socks5;
use crate::target::{Host, Target};
use crate::version::V5;
use crate::wrap::{Plain, Wrap};
use std::net::{IpAddr, SocketAddr};
use std::slice;
use std::time::Duration;

/// An address of the name, as the proxy finds it.
pub(crate) async fn resolve<'a, 'b, R: Runtime>(
    proxy: impl IntoProxy<'a>,
    name: impl TryInto<Host<'b>, Error: Into<Error>>,
) -> Result<IpAddr, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    let name = name.try_into().map_err(Into::into)?;
    resolve_by::<R, Plain>(slice::from_ref(&*proxy), proxy.limit(), &Plain, name).await
}

/// The name of the address, as the proxy finds it.
pub(crate) async fn resolve_ptr<'a, R: Runtime>(
    proxy: impl IntoProxy<'a>,
    ip: IpAddr,
) -> Result<Name, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    resolve_ptr_by::<R, Plain>(slice::from_ref(&*proxy), proxy.limit(), &Plain, ip).await
}

/// An address of the name, as the last of the proxies finds it.
pub(crate) async fn resolve_by<R: Runtime, W: Wrap<R>>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
    name: Host<'_>,
) -> Result<IpAddr, Error> {
    let asked = Asked::<AnyVersion> { command: Command::Resolve, begin: for_address, first_bytes: &[] };
    let reached = walk::<R, W, _>(hops, limit, wrap, Target::new(name, 0), asked).await?;
    match reached.established.bound {
        Address::Ip(addr) => Ok(addr.ip()),
        Address::Name(..) => Err(reached.request.fails(unexpected(3, hops))),
    }
}

/// The name of the address, as the last of the proxies finds it.
pub(crate) async fn resolve_ptr_by<R: Runtime, W: Wrap<R>>(
    hops: &[Proxy],
    limit: Option<Duration>,
    wrap: &W,
    ip: IpAddr,
) -> Result<Name, Error> {
    let asked = Asked::<AnyVersion> { command: Command::ResolvePtr, begin: for_name, first_bytes: &[] };
    let reached = walk::<R, W, _>(hops, limit, wrap, (ip, 0).into(), asked).await?;
    match reached.established.bound {
        Address::Name(name, _) => Ok(name),
        Address::Ip(SocketAddr::V4(_)) => Err(reached.request.fails(unexpected(1, hops))),
        Address::Ip(SocketAddr::V6(_)) => Err(reached.request.fails(unexpected(4, hops))),
    }
}

fn for_address<'a>(protocol: &'a Protocol, target: Target<'a>) -> Result<AnyRequest<'a>, Error> {
    Ok(match protocol {
        Protocol::V4(user_id) => AnyRequest::V4(Socks4::resolve(user_id, target.into_host())?),
        Protocol::V5(auth) => AnyRequest::V5(Socks5::resolve(auth, target.into_host())?),
    })
}

#[allow(clippy::needless_pass_by_value, reason = "as every request is begun")]
fn for_name<'a>(protocol: &'a Protocol, target: Target<'a>) -> Result<AnyRequest<'a>, Error> {
    match (protocol, target.ip()) {
        (Protocol::V5(auth), Some(ip)) => Ok(AnyRequest::V5(Socks5::resolve_ptr(auth, ip)?)),
        _ => Err(Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" }.into()),
    }
}

/// An address where a name was asked for, or the other way round.
fn unexpected(atyp: u8, hops: &[Proxy]) -> Error {
    let error = Error::new(Stage::Request, ErrorKind::Malformed { field: "ATYP", byte: atyp });
    match hops.last() {
        Some(proxy) => error.at_hop(proxy, hops.len(), hops.len()),
        None => error,
    }
}
