//! The address of a relay, from the proxy's reply and the [`Relay`] policy.

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
pub(super) async fn find<R: Runtime>(
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
            resolve::<R>(&proxy.dialling().lookup, name.as_str(), *port, deadline).await?
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
            resolve::<R>(&before.dialling().lookup, name.as_str(), *port, deadline).await?
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
                Some(told) if is_internal(told) && ip.is_some_and(is_public) => {
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

/// Adds the scope of a link-local address, which is known only if the relay has the proxy's
/// address.
fn with_scope(mut addr: SocketAddr, ends: Option<&Ends>) -> SocketAddr {
    addr.set_ip(addr.ip().to_canonical());
    match (&mut addr, ends.map(|ends| ends.peer)) {
        (SocketAddr::V6(addr), Some(SocketAddr::V6(peer))) if addr.ip() == peer.ip() => {
            addr.set_scope_id(peer.scope_id());
        }
        _ => {}
    }
    addr
}

/// Returns whether an address has a meaning in its own network only: private (RFC 1918, RFC 4193),
/// link-local or loopback.
fn is_internal(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local(),
    }
}

fn is_public(ip: IpAddr) -> bool {
    !ip.is_unspecified() && is_unicast(ip) && !is_internal(ip)
}

fn is_unicast(ip: IpAddr) -> bool {
    !ip.is_multicast() && ip != IpAddr::V4(Ipv4Addr::BROADCAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocking::block_on;
    use crate::runtime::stub_resolver::StubResolver;
    use crate::udp::Options;

    /// The stub resolver derives four addresses from this name.
    const NAME: &str = "v6-v4-v6-v4.test";

    fn found(resolve: Resolve, policy: Relay, bound: &Address, peer: Option<&str>) -> Vec<String> {
        let options = Options::new().relay(policy);
        let proxy = Proxy::socks5("proxy.example:1080").unwrap().udp(options).resolve(resolve);
        let ends = peer.map(|peer| Ends { local: peer.parse().unwrap(), peer: peer.parse().unwrap() });
        match block_on(find::<StubResolver>(&proxy, bound, ends.as_ref(), None)) {
            Ok(addrs) => addrs.iter().map(ToString::to_string).collect(),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::NoRelay { .. }), "{error}");
                Vec::new()
            }
        }
    }

    /// A relay behind NAT, whose proxy does not know its outer address.
    #[test]
    fn an_internal_address_of_a_public_proxy_means_its_own() {
        let internal = [
            "10.0.0.5",
            "172.16.0.5",
            "172.31.0.5",
            "192.168.1.5",
            "127.0.0.1",
            "169.254.7.7",
            "::1",
            "fe80::5",
            "fd00::5",
            "fc00::5",
            "::ffff:10.0.0.5",
        ];
        let public = ["192.0.2.5", "100.64.0.1", "172.32.0.5", "2001:db8::5"];
        let bound = |ip: &str| Address::Ip(SocketAddr::new(ip.parse().unwrap(), 9));
        let as_told = |ip: &str| SocketAddr::new(ip.parse::<IpAddr>().unwrap().to_canonical(), 9).to_string();
        for ip in internal {
            for (peer, own) in [
                ("198.51.100.7:1080", "198.51.100.7:9"),
                ("[2001:db8::7]:1080", "[2001:db8::7]:9"),
                ("[::ffff:198.51.100.7]:1080", "198.51.100.7:9"),
            ] {
                assert_eq!(found(Resolve::ByProxy, Relay::Told, &bound(ip), Some(peer)), [own], "{ip}");
                assert_eq!(found(Resolve::ByProxy, Relay::AsIs, &bound(ip), Some(peer)), [as_told(ip)]);
            }
            // The proxy is in such a network too, or at a Unix-domain socket.
            for peer in [Some("10.9.9.9:1080"), Some("127.0.0.1:1080"), Some("[fd00::9]:1080"), None] {
                assert_eq!(found(Resolve::ByProxy, Relay::Told, &bound(ip), peer), [as_told(ip)], "{peer:?}");
            }
        }
        for ip in public {
            let peer = Some("198.51.100.7:1080");
            assert_eq!(found(Resolve::ByProxy, Relay::Told, &bound(ip), peer), [as_told(ip)]);
        }
    }

    #[test]
    fn the_family_of_the_tcp_connection_comes_first() {
        let v4 = ["192.0.2.2:9", "192.0.2.4:9"];
        let v6 = ["[2001:db8::1]:9", "[2001:db8::3]:9"];
        let bound = Address::Name(NAME.as_bytes().to_vec().into(), 9);
        for (peer, expected) in [
            (Some("127.0.0.1:1080"), [v4, v6].concat()),
            (Some("[::ffff:127.0.0.1]:1080"), [v4, v6].concat()),
            (Some("[::1]:1080"), [v6, v4].concat()),
            (None, vec![v6[0], v4[0], v6[1], v4[1]]),
        ] {
            assert_eq!(found(Resolve::Locally, Relay::Told, &bound, peer), expected, "{peer:?}");
        }
    }

    /// `StubResolver` panics if it gets any other name.
    #[test]
    fn a_name_from_the_proxy_is_resolved_only_if_names_are_resolved_locally() {
        let peer = Some("127.0.0.1:1080");
        let bound = Address::Name(b"leak.example".to_vec().into(), 9);
        for policy in [Relay::Told, Relay::AsIs] {
            assert_eq!(found(Resolve::ByProxy, policy, &bound, peer), [""; 0]);
        }
        assert_eq!(found(Resolve::ByProxy, Relay::ProxyAddress, &bound, peer), ["127.0.0.1:9"]);
        let by_name = || Relay::by(|_, _| Address::Name(b"v4.test".to_vec().into(), 9));
        for resolve in [Resolve::ByProxy, Resolve::Locally] {
            assert_eq!(found(resolve, by_name(), &bound, peer), ["192.0.2.1:9"]);
        }
        let no_port = Address::Name(b"leak.example".to_vec().into(), 0);
        assert_eq!(found(Resolve::Locally, Relay::Told, &no_port, peer), [""; 0]);
    }
}
