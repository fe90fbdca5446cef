//! Tor's own commands: names and addresses, looked up by the proxy.

use crate::address::{Address, Name};
use crate::command::Command;
use crate::error::{Error, ErrorKind, Stage};
use crate::into_proxy::IntoProxy;
use crate::proxy::Proxy;
use crate::runtime::{Runtime, deadline, to};
use crate::socks4::Socks4;
use crate::socks5::Socks5;
use crate::target::Host;
use crate::trace;
use crate::version::{V4, V5, Version};
use std::net::{IpAddr, SocketAddr};

/// An address of the name, as the proxy finds it.
pub(crate) async fn resolve<'a, 'b, R: Runtime>(
    proxy: impl IntoProxy<'a>,
    name: impl TryInto<Host<'b>, Error: Into<Error>>,
) -> Result<IpAddr, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    let name = name.try_into().map_err(Into::into)?;
    let request = trace::request(Command::Resolve, &*proxy, &name);
    let answer = request.watch(asked::<R>(&proxy, name)).await.map_err(|error| error.at(&*proxy))?;
    match answer {
        Address::Ip(addr) => Ok(addr.ip()),
        Address::Name(..) => Err(unexpected(&answer).at(&*proxy)),
    }
}

async fn asked<R: Runtime>(proxy: &Proxy, name: Host<'_>) -> Result<Address, Error> {
    let deadline = deadline(proxy.limit());
    let (_, granted) = match V4::auth(proxy) {
        Ok(user_id) => to::<R, _>(proxy, Socks4::resolve(user_id, name)?, deadline).await?,
        Err(_) => to::<R, _>(proxy, Socks5::resolve(V5::auth(proxy)?, name)?, deadline).await?,
    };
    Ok(granted.bound)
}

/// The name of the address, as the proxy finds it.
pub(crate) async fn resolve_ptr<'a, R: Runtime>(
    proxy: impl IntoProxy<'a>,
    ip: IpAddr,
) -> Result<Name, Error> {
    let proxy = proxy.into_proxy::<V5>()?;
    let request = trace::request(Command::ResolvePtr, &*proxy, &ip);
    let answer = async {
        let talk = Socks5::resolve_ptr(V5::auth(&proxy)?, ip)?;
        to::<R, _>(&proxy, talk, deadline(proxy.limit())).await
    };
    let (_, granted) = request.watch(answer).await.map_err(|error| error.at(&*proxy))?;
    match granted.bound {
        Address::Name(name, _) => Ok(name),
        address @ Address::Ip(_) => Err(unexpected(&address).at(&*proxy)),
    }
}

/// An address where a name was asked for, or the other way round.
fn unexpected(address: &Address) -> Error {
    let byte = match address {
        Address::Ip(SocketAddr::V4(_)) => 1,
        Address::Ip(SocketAddr::V6(_)) => 4,
        Address::Name(..) => 3,
    };
    Error::new(Stage::Request, ErrorKind::Malformed { field: "ATYP", byte })
}
