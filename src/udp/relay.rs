//! The address of a relay, from the proxy's reply and the [`Relay`] policy.

use super::address_ranges::{is_internal, is_public, is_unicast};
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::target::{Host, Target};
use crate::proxy::udp_options::Relay;
use crate::proxy::{Endpoint, Proxy, Resolve};
use crate::runtime::{Deadline, Ends, Runtime, resolve};
use crate::trace;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Returns the relay's addresses, in the order in which to try them. There is at least one.
///
/// `bound` is BND.ADDR and BND.PORT. `ends` are the addresses of the TCP connection.
pub(crate) async fn find<R: Runtime>(
    proxy: &Proxy,
    bound: &Address,
    ends: Option<&Ends>,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, Error> {
    let policy = &proxy.udp_options().relay;
    let proxy_ip = ends.map(|ends| ends.peer.ip().to_canonical());
    let relay = apply(policy, bound, proxy_ip, |like| at_ip(proxy_ip, like));
    // The name that a function returns is the caller's. Every other name is the proxy's.
    let resolves = proxy.resolves() == Resolve::Locally || matches!(policy, Relay::By(_));
    let mut addrs = match (&relay, Host::of_name(&relay)) {
        (Address::Ip(addr), _) => vec![*addr],
        (Address::Name(_, port @ 1..), Some(Host::Domain(name))) if resolves => {
            let addrs = resolve::<R>(&proxy.dialling().lookup, name.as_str(), *port, deadline).await?;
            as_told(policy, addrs, proxy_ip)
        }
        (Address::Name(..), _) => Vec::new(),
    };
    for addr in &mut addrs {
        *addr = with_scope(*addr, ends);
    }
    let first = addrs.first().copied();
    addrs.retain(|addr| is_unicast(addr.ip()) && addr.port() != 0);
    if addrs.is_empty() {
        return Err(no_relay(bound, first.map_or(relay, Address::Ip)));
    }
    Ok(like(proxy_ip, addrs))
}

/// Returns the relay of a later proxy of a chain, as the target of the relay of the one before it.
///
/// `ip` is the proxy's address, or `None` if only the proxy before it resolves the name.
pub(super) async fn find_behind<R: Runtime>(
    before: &Proxy,
    proxy: &Proxy,
    ip: Option<IpAddr>,
    bound: &Address,
    deadline: Deadline,
) -> Result<Target<'static>, Error> {
    let ip = ip.map(|ip| ip.to_canonical());
    let relay = apply(&proxy.udp_options().relay, bound, ip, |like| match (ip, proxy.endpoint()) {
        (None, Endpoint::Name(name, _)) => {
            Address::Name(name.as_str().as_bytes().to_vec().into(), like.port())
        }
        _ => at_ip(ip, like),
    });
    let addrs = match (&relay, Host::of_name(&relay)) {
        (Address::Ip(addr), _) => vec![*addr],
        (Address::Name(_, port @ 1..), Some(Host::Domain(name))) if before.resolves() == Resolve::ByProxy => {
            return Ok(Target::from((name, *port)).into_owned());
        }
        (Address::Name(_, port @ 1..), Some(Host::Domain(name))) => {
            let addrs = resolve::<R>(&before.dialling().lookup, name.as_str(), *port, deadline).await?;
            as_told(&proxy.udp_options().relay, addrs, ip)
        }
        (Address::Name(..), _) => Vec::new(),
    };
    let canonical = |addr: SocketAddr| SocketAddr::new(addr.ip().to_canonical(), addr.port());
    let addrs = like(ip, addrs.into_iter().map(canonical).collect());
    let addr = addrs.iter().find(|addr| is_unicast(addr.ip()) && addr.port() != 0);
    let addr = addr.ok_or_else(|| no_relay(bound, addrs.first().map_or(relay, |addr| Address::Ip(*addr))))?;
    Ok((addr.ip(), addr.port()).into())
}

fn no_relay(bound: &Address, relay: Address) -> Error {
    Error::new(Stage::Association, ErrorKind::NoRelay { bound: bound.clone(), relay })
}

/// Moves the addresses of the proxy's family to the front, if that is known.
fn like(proxy: Option<IpAddr>, addrs: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(proxy) = proxy else { return addrs };
    // A partition keeps the order, and needs less code than a sort.
    let (mut same, other): (Vec<_>, Vec<_>) =
        addrs.into_iter().partition(|addr| addr.is_ipv4() == proxy.is_ipv4());
    same.extend(other);
    same
}

/// Applies the policy to BND.ADDR.
///
/// `ip` is the proxy's address, if it is known. `own` returns the proxy's host with the port of an
/// address.
fn apply(
    policy: &Relay,
    bound: &Address,
    ip: Option<IpAddr>,
    own: impl FnOnce(&Address) -> Address,
) -> Address {
    match policy {
        Relay::AsIs => literal(bound.clone()),
        Relay::Told => {
            let bound = literal(bound.clone());
            match bound.ip().map(|ip| ip.to_canonical()) {
                Some(told) if told.is_unspecified() => own(&bound),
                Some(told) if is_behind_nat(told, ip) => {
                    let own = own(&bound);
                    trace::relay_replaced(&bound, &own);
                    own
                }
                _ => bound,
            }
        }
        Relay::ProxyAddress => own(bound),
        Relay::By(find) => literal(find(bound, ip)),
    }
}

/// Returns whether an address of the reply is that of a proxy in its own network, which has another
/// one outside of it.
fn is_behind_nat(told: IpAddr, proxy: Option<IpAddr>) -> bool {
    is_internal(told) && proxy.is_some_and(is_public)
}

/// Applies [`Relay::Told`] to the addresses of a name in the reply, as to an address there.
/// Otherwise a proxy could have datagrams sent to this machine, or into its network.
fn as_told(policy: &Relay, mut addrs: Vec<SocketAddr>, proxy: Option<IpAddr>) -> Vec<SocketAddr> {
    let Some(own) = proxy.filter(|_| matches!(policy, Relay::Told)) else { return addrs };
    for addr in &mut addrs {
        let told = addr.ip().to_canonical();
        if told.is_unspecified() || is_behind_nat(told, proxy) {
            let own = SocketAddr::new(own, addr.port());
            trace::relay_replaced(addr, &own);
            *addr = own;
        }
    }
    addrs
}

/// Returns the proxy's IP address with the port of an address. A proxy at a Unix-domain socket,
/// which has none, is on this machine.
fn at_ip(proxy: Option<IpAddr>, like: &Address) -> Address {
    let ip = proxy.unwrap_or(match like.ip() {
        Some(IpAddr::V6(_)) => Ipv6Addr::LOCALHOST.into(),
        _ => Ipv4Addr::LOCALHOST.into(),
    });
    Address::Ip(SocketAddr::new(ip, like.port()))
}

/// Converts a name that is a literal address.
fn literal(address: Address) -> Address {
    match Host::of_name(&address) {
        Some(Host::Ip(ip)) => Address::Ip(SocketAddr::new(ip, address.port())),
        _ => address,
    }
}

/// Adds the scope of a link-local address that has none: that of the proxy, which is on the same
/// link.
fn with_scope(mut addr: SocketAddr, ends: Option<&Ends>) -> SocketAddr {
    addr.set_ip(addr.ip().to_canonical());
    match (&mut addr, ends.map(|ends| ends.peer)) {
        (SocketAddr::V6(addr), Some(SocketAddr::V6(peer)))
            if addr.scope_id() == 0
                && addr.ip().is_unicast_link_local()
                && peer.ip().is_unicast_link_local() =>
        {
            addr.set_scope_id(peer.scope_id());
        }
        _ => {}
    }
    addr
}

#[cfg(test)]
mod tests;
