//! Where a relay is, by the reply, the policy and the addresses of the proxy.

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
    let internal = ["10.0.0.5", "127.0.0.1", "::1", "fe80::5", "fd00::5", "::ffff:10.0.0.5"];
    let other = ["192.0.2.5", "100.64.0.1", "2001:db8::5"];
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
        // The proxy is in such a network or a provider's too, or at a Unix-domain socket.
        for peer in [
            Some("10.9.9.9:1080"),
            Some("127.0.0.1:1080"),
            Some("100.64.0.9:1080"),
            Some("[fd00::9]:1080"),
            None,
        ] {
            assert_eq!(found(Resolve::ByProxy, Relay::Told, &bound(ip), peer), [as_told(ip)], "{peer:?}");
        }
    }
    for ip in other {
        let peer = Some("198.51.100.7:1080");
        assert_eq!(found(Resolve::ByProxy, Relay::Told, &bound(ip), peer), [as_told(ip)]);
    }
}

/// Otherwise a proxy could have datagrams sent to this machine, or into its network.
#[test]
fn a_name_of_a_public_proxy_can_not_mean_an_internal_address() {
    const V6: &str = "[2001:db8::4]:9";
    let bound = Address::Name(b"internal-v4-internal-v6.test".to_vec().into(), 9);
    let of = |policy, peer| found(Resolve::Locally, policy, &bound, Some(peer));
    let public = "198.51.100.7:1080";
    assert_eq!(of(Relay::Told, public), ["198.51.100.7:9", "192.0.2.2:9", "198.51.100.7:9", V6]);
    let told = ["10.0.0.1:9", "192.0.2.2:9", "10.0.0.3:9", V6];
    assert_eq!(of(Relay::Told, "10.9.9.9:1080"), told);
    assert_eq!(of(Relay::AsIs, public), told);
}

#[test]
fn a_link_local_relay_is_on_the_link_of_its_proxy() {
    let bound = |ip: &str| Address::Ip(SocketAddr::new(ip.parse().unwrap(), 9));
    for (ip, peer, expected) in [
        ("fe80::99", "[fe80::7%3]:1080", "[fe80::99%3]:9"),
        ("fe80::7", "[fe80::7%3]:1080", "[fe80::7%3]:9"),
        ("::", "[fe80::7%3]:1080", "[fe80::7%3]:9"),
        ("fd00::5", "[fe80::7%3]:1080", "[fd00::5]:9"),
        ("fe80::99", "[fd00::9]:1080", "[fe80::99]:9"),
    ] {
        let found = found(Resolve::ByProxy, Relay::Told, &bound(ip), Some(peer));
        assert_eq!(found, [expected], "{ip} of {peer}");
    }
    // The caller's scope stays.
    let other_link = || Relay::by(|_, _| Address::Ip("[fe80::9%5]:9".parse().unwrap()));
    let found = found(Resolve::ByProxy, other_link(), &bound("::"), Some("[fe80::7%3]:1080"));
    assert_eq!(found, ["[fe80::9%5]:9"]);
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
