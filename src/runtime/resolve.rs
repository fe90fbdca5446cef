//! Local name resolution: which names are allowed, and which of their addresses a proxy accepts.

use super::{Deadline, Runtime};
use crate::error::escape::Escaped;
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::any_version::AnyVersion;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::target::Target;
use crate::protocol::version::Version;
use crate::trace;
use std::io;
use std::net::SocketAddr;

/// Fails for names below `.onion`, which must not be looked up by DNS (RFC 7686 §2).
///
/// The single label `onion` is not an onion service: it may be a host of the local network.
pub(crate) fn check_resolvable(name: &str) -> Result<(), Error> {
    const ONION: &str = ".onion";
    let name = name.trim_end_matches('.');
    let end = name.len().checked_sub(ONION.len()).and_then(|start| name.get(start..));
    if end.is_some_and(|end| end.eq_ignore_ascii_case(ONION)) {
        return Err(Invalid::OnionResolvedLocally.into());
    }
    Ok(())
}

/// Resolves the name of a target, a proxy or a relay. No other function resolves names locally.
pub(crate) async fn resolve<R: Runtime>(
    name: &str,
    port: u16,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, Error> {
    check_resolvable(name)?;
    // Boxed, because most futures that contain a lookup never start it.
    match Box::pin(R::lookup(name, port, deadline)).await {
        Ok(addrs) if addrs.is_empty() => Err(no_address(name)),
        Ok(addrs) => {
            trace::resolved(addrs.len());
            Ok(addrs)
        }
        Err(error) => Err(unresolved(name, error)),
    }
}

/// Resolves a target's name to the addresses that this protocol can carry.
pub(crate) async fn resolved<R: Runtime>(
    protocol: &SocksProtocol,
    name: &str,
    port: u16,
    deadline: Deadline,
) -> Result<impl Iterator<Item = Target<'static>>, Error> {
    let mut addrs = resolve::<R>(name, port, deadline).await?;
    addrs.retain(|addr| AnyVersion::carries(protocol, addr.ip()));
    // A request carries no scope: the resolver's scope has a meaning on this machine only.
    Ok(addrs.into_iter().map(|addr| (addr.ip(), addr.port()).into()))
}

fn unresolved(name: &str, error: io::Error) -> Error {
    Error::new(Stage::Resolve, ErrorKind::Unresolved { name: Escaped(name).to_string(), error })
}

pub(crate) fn no_address(name: &str) -> Error {
    unresolved(name, io::Error::other("it has no address that can be used"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onion_names_are_not_resolved_locally() {
        for (name, allowed) in [
            ("hidden.onion", false),
            ("hidden.onion.", false),
            ("hidden.onion..", false),
            ("HIDDEN.Onion", false),
            ("www.hidden.ONION.", false),
            (".onion", false),
            ("onion", true),
            ("onion.", true),
            ("hiddenonion", true),
            ("hidden.onion.example", true),
            ("onion.example", true),
            ("union", true),
        ] {
            assert_eq!(check_resolvable(name).is_ok(), allowed, "{name}");
        }
    }
}
