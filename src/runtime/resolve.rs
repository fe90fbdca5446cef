//! Local name resolution: which names are allowed, and which of their addresses a proxy accepts.

use super::{Deadline, Runtime};
use crate::error::escape::Escaped;
use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::any_version::AnyVersion;
use crate::protocol::socks_protocol::SocksProtocol;
use crate::protocol::target::Target;
use crate::protocol::version::Version;
use crate::proxy::{Lookup, Resolver, Resolving};
use crate::trace;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

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
    lookup: &Lookup,
    name: &str,
    port: u16,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, Error> {
    check_resolvable(name)?;
    // Boxed, because most futures that contain a lookup never start it.
    let found = match lookup.resolver() {
        None => Box::pin(R::lookup(name, port, deadline)).await,
        Some(resolver) => Box::pin(resolve_by::<R>(resolver, name, port, deadline)).await,
    };
    let found = found.map(|addrs| lookup.family().apply(addrs, SocketAddr::ip));
    match (found, lookup.family().only()) {
        (Ok(addrs), Some(family)) if addrs.is_empty() => {
            Err(unresolved(name, io::Error::other(format!("it has no {family} address"))))
        }
        (found, _) => found_addresses(name, found),
    }
}

fn found_addresses(name: &str, found: io::Result<Vec<SocketAddr>>) -> Result<Vec<SocketAddr>, Error> {
    match found {
        Ok(addrs) if addrs.is_empty() => Err(no_address(name)),
        Ok(addrs) => {
            trace::resolved(addrs.len());
            Ok(addrs)
        }
        Err(error) => Err(unresolved(name, error)),
    }
}

/// Resolves a name by the caller's resolver.
async fn resolve_by<R: Runtime>(
    resolver: &dyn Resolver,
    name: &str,
    port: u16,
    deadline: Deadline,
) -> io::Result<Vec<SocketAddr>> {
    let resolving = Polled(Mutex::new(resolver.resolve(name)));
    let found = R::within(deadline, resolving).await.ok_or(io::ErrorKind::TimedOut)??;
    // An IPv4 address that is mapped to IPv6 belongs to the family IPv4.
    Ok(found.into_iter().map(|ip| (ip.to_canonical(), port).into()).collect())
}

/// The caller's future, which may be `Send` only: a lock that only `&mut` opens makes it `Sync`.
struct Polled<'r>(Mutex<Resolving<'r>>);

impl Future for Polled<'_> {
    type Output = io::Result<Vec<IpAddr>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}

/// Resolves a target's name to the addresses that this protocol can carry.
pub(crate) async fn resolved<R: Runtime>(
    lookup: &Lookup,
    protocol: &SocksProtocol,
    name: &str,
    port: u16,
    deadline: Deadline,
) -> Result<impl Iterator<Item = Target<'static>>, Error> {
    let mut addrs = resolve::<R>(lookup, name, port, deadline).await?;
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
