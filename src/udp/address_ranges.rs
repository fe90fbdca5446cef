//! Which addresses can be a relay's, and in which network they have a meaning.

use std::net::{IpAddr, Ipv4Addr};

/// Returns whether an address has a meaning in its own network only: private (RFC 1918, RFC 4193),
/// link-local or loopback.
pub(super) fn is_internal(ip: IpAddr) -> bool {
    match without_transition(ip) {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local(),
    }
}

/// Returns whether an address is one of the internet, by IANA's special-purpose registries.
///
/// Those for documentation count too: no network has them, and tests need some.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match without_transition(ip) {
        IpAddr::V4(ip) => !is_internal(ip.into()) && !is_special(ip),
        // Global unicast (RFC 4291 §2.4) is assigned from 2000::/3 only.
        IpAddr::V6(ip) => ip.segments()[0] & 0xE000 == 0x2000,
    }
}

/// Returns the IPv4 address in one of NAT64 (RFC 6052 §2.1) or 6to4 (RFC 3056 §2).
fn without_transition(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    match (v6.segments(), v6.octets()) {
        ([0x64, 0xFF9B, 0, 0, 0, 0, ..], [.., a, b, c, d]) | ([0x2002, ..], [_, _, a, b, c, d, ..]) => {
            Ipv4Addr::new(a, b, c, d).into()
        }
        _ => ip,
    }
}

/// Returns whether an IPv4 address is neither internal nor on the internet.
fn is_special(ip: Ipv4Addr) -> bool {
    match ip.octets() {
        // This network, and those shared between a provider and its customers (RFC 6598), of IETF's
        // protocols (RFC 6890), and for benchmarks (RFC 2544).
        [0, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18..=19, ..] => true,
        // Multicast, reserved and broadcast.
        [first, ..] => first >= 224,
    }
}

/// Returns whether an address can be that of one host.
pub(super) fn is_unicast(ip: IpAddr) -> bool {
    !ip.is_multicast() && ip != IpAddr::V4(Ipv4Addr::BROADCAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_public_and_neither() {
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
            "64:ff9b::10.0.0.5",
            "2002:a00:5::1",
        ];
        let public = [
            "192.0.2.5",
            "198.51.100.7",
            "203.0.113.7",
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.32.0.5",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2001:db8::5",
            "2606:4700::1111",
            "3fff::1",
            "64:ff9b::198.51.100.7",
            "2002:c633:6407::1",
        ];
        let neither = [
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.9",
            "100.127.255.255",
            "192.0.0.8",
            "198.18.0.5",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::10.0.0.5",
            "64:ff9b::100.64.0.9",
            "64:ff9b:1::c633:6407",
            "100::1",
            "fec0::5",
            "ff02::1",
        ];
        let all = [(&internal[..], (true, false)), (&public, (false, true)), (&neither, (false, false))];
        for (ips, expected) in all {
            for ip in ips {
                let parsed = ip.parse().unwrap();
                assert_eq!((is_internal(parsed), is_public(parsed)), expected, "{ip}");
            }
        }
    }
}
