//! Tor's own commands: names and addresses, looked up by the proxy.

use crate::address::{Address, Name};
use crate::any_version::{AnyRequest, AnyVersion};
use crate::command::Command;
use crate::error::{Error, ErrorKind, Stage};
use crate::into_proxy::IntoProxy;
use crate::invalid::Invalid;
use crate::proxy::Protocol;
use crate::route::{Chain, through_chain};
use crate::runtime::{Asked, Runtime};
use crate::socks4::Socks4;
use crate::socks5::Socks5;
use crate::target::{Host, Target};
use crate::version::V5;
use crate::wrap::{Plain, Wrap};
use std::net::{IpAddr, SocketAddr};

/// [`resolve`] by one proxy.
pub(crate) async fn resolve_by<'a, 'b, R: Runtime>(
    proxy: impl IntoProxy<'a>,
    name: impl TryInto<Host<'b>, Error: Into<Error>>,
) -> Result<IpAddr, Error> {
    let chain = Chain::from(proxy.into_proxy::<V5>()?.into_owned());
    resolve::<R, Plain>(&chain, &Plain, name.try_into().map_err(Into::into)?).await
}

/// [`resolve_ptr`] by one proxy.
pub(crate) async fn resolve_ptr_by<'a, R: Runtime>(
    proxy: impl IntoProxy<'a>,
    ip: IpAddr,
) -> Result<Name, Error> {
    let chain = Chain::from(proxy.into_proxy::<V5>()?.into_owned());
    resolve_ptr::<R, Plain>(&chain, &Plain, ip).await
}

/// An address of the name, as the last proxy finds it.
pub(crate) async fn resolve<R: Runtime, W: Wrap<R>>(
    chain: &Chain,
    wrap: &W,
    name: Host<'_>,
) -> Result<IpAddr, Error> {
    let asked = Asked::<AnyVersion> { command: Command::Resolve, begin: for_address, first_bytes: &[] };
    match answer::<R, W>(chain, wrap, name, asked).await? {
        Address::Ip(addr) => Ok(addr.ip()),
        name @ Address::Name(..) => Err(unexpected(&name, chain)),
    }
}

/// The name of the address, as the last proxy finds it.
pub(crate) async fn resolve_ptr<R: Runtime, W: Wrap<R>>(
    chain: &Chain,
    wrap: &W,
    ip: IpAddr,
) -> Result<Name, Error> {
    let asked = Asked::<AnyVersion> { command: Command::ResolvePtr, begin: for_name, first_bytes: &[] };
    match answer::<R, W>(chain, wrap, Host::Ip(ip), asked).await? {
        Address::Name(name, _) => Ok(name),
        addr @ Address::Ip(_) => Err(unexpected(&addr, chain)),
    }
}

async fn answer<R: Runtime, W: Wrap<R>>(
    chain: &Chain,
    wrap: &W,
    host: Host<'_>,
    asked: Asked<'_, AnyVersion>,
) -> Result<Address, Error> {
    let granted = through_chain::<R, W>(chain, wrap, Target::new(host, 0), asked).await?;
    Ok(granted.established.bound)
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
fn unexpected(address: &Address, chain: &Chain) -> Error {
    let byte = match address {
        Address::Ip(SocketAddr::V4(_)) => 1,
        Address::Ip(SocketAddr::V6(_)) => 4,
        Address::Name(..) => 3,
    };
    let error = Error::new(Stage::Request, ErrorKind::Malformed { field: "ATYP", byte });
    error.at_hop(chain.last(), chain.hops().len(), chain.hops().len())
}
