//! Connecting to a proxy: an address, a name, or a Unix-domain socket.

use super::dial::interleave;
use super::resolve::{check_resolvable, resolve};
use super::{Deadline, Runtime};
use crate::error::invalid::Invalid;
use crate::error::{Error, Stage};
use crate::proxy::{Endpoint, Proxy};
use crate::trace;
use socket2::SockAddr;
use std::path::Path;

/// Fails if the proxy's name must not be resolved locally, or its path contains a NUL.
///
/// The system would truncate the path at the NUL.
pub(crate) fn check_endpoint(proxy: &Proxy) -> Result<(), Error> {
    match proxy.endpoint() {
        Endpoint::Name(name, _) => check_resolvable(name.as_str()),
        Endpoint::Unix(path) if has_nul(path) => Err(Invalid::PathNul.into()),
        Endpoint::Addr(_) | Endpoint::Addrs(_) | Endpoint::Unix(_) => Ok(()),
    }
}

/// Returns whether a path contains a NUL. An abstract socket's name begins with one, and may
/// contain more.
fn has_nul(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.first() != Some(&0) && bytes.contains(&0)
}

/// Connects to the proxy.
pub(crate) async fn dial_proxy<R: Runtime>(proxy: &Proxy, deadline: Deadline) -> Result<R::Dialled, Error> {
    check_endpoint(proxy)?;
    let stream = match proxy.endpoint() {
        Endpoint::Addr(addr) => {
            let connected = R::connect(addr, &proxy.dialling().socket, deadline).await;
            connected.map_err(|failures| failures.at(Stage::Dial))?
        }
        // In memory of its own: most proxies are at one address.
        _ => Box::pin(dial_any::<R>(proxy, deadline)).await?,
    };
    trace::connected(Stage::Dial);
    Ok(stream)
}

/// Connects to the first of several addresses, or to a Unix-domain socket.
async fn dial_any<R: Runtime>(proxy: &Proxy, deadline: Deadline) -> Result<R::Dialled, Error> {
    let addrs = match proxy.endpoint() {
        Endpoint::Addr(addr) => vec![(*addr).into()],
        Endpoint::Addrs(addrs) => interleave(addrs.to_vec()).into_iter().map(Into::into).collect(),
        Endpoint::Name(name, port) => {
            let addrs = resolve::<R>(&proxy.dialling().lookup, name.as_str(), *port, deadline).await?;
            interleave(addrs).into_iter().map(Into::into).collect()
        }
        Endpoint::Unix(path) => {
            vec![SockAddr::unix(path).map_err(|error| Error::io(Stage::Dial, error))?]
        }
    };
    let connected = R::race(addrs, &proxy.dialling().socket, deadline).await;
    connected.map_err(|failures| failures.at(Stage::Dial))
}
