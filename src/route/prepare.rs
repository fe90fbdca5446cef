//! Custom METHODs, prepared for one connection before anything is dialled.

use crate::error::Error;
use crate::protocol::command::Command;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::socks5::Auth;
use crate::protocol::target::Host;
use crate::proxy::{Endpoint, Proxy};
use crate::runtime::aside::aside;
use crate::runtime::{Deadline, Runtime};

/// Returns what this proxy of a chain, from 1, speaks on one connection; `None` if that is what it
/// always speaks, because no custom METHOD is offered.
pub(crate) async fn prepare<R: Runtime>(
    proxy: &Proxy,
    (hop, hops): (usize, usize),
    command: Command,
    deadline: Deadline,
) -> Result<Option<SocksProtocol>, Error> {
    let auth = match proxy.protocol() {
        SocksProtocol::V5(auth) if auth.has_custom_method() => auth,
        _ => return Ok(None),
    };
    let auth = auth.clone().for_connection(host(proxy), hop, hops);
    prepare_auth::<R>(auth, command, deadline).await.map(|auth| Some(SocksProtocol::V5(auth)))
}

/// Prepares the METHODs that have to be prepared.
pub(crate) async fn prepare_auth<R: Runtime>(
    auth: Auth,
    command: Command,
    deadline: Deadline,
) -> Result<Auth, Error> {
    if !auth.needs_preparation() {
        return auth.check_prepared().map(|()| auth);
    }
    // In memory of its own: most connections need no preparation.
    Box::pin(aside::<R, _>(deadline, move || auth.prepare(command))).await?
}

fn host(proxy: &Proxy) -> Option<Host<'static>> {
    match proxy.endpoint() {
        Endpoint::Addr(addr) => Some(addr.ip().into()),
        Endpoint::Name(name, _) => Some(Host::Domain(name.clone())),
        // A METHOD needs one host: `Auth::host` can set it.
        Endpoint::Addrs(_) | Endpoint::Unix(_) => None,
    }
}
