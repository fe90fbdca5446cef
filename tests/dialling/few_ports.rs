//! More connections than there are ports: one port serves several proxies.

use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use crate::support::in_namespace;
use anysocks::Proxy;
use std::net::{IpAddr, SocketAddr, TcpListener};

const TEST: &str = "few_ports::connections_to_several_proxies_share_a_port";
const PREPARE: &str = "ip link set lo up && echo '40000 40003' >/proc/sys/net/ipv4/ip_local_port_range";
const CONNECTIONS: u16 = 6;

#[test]
fn connections_to_several_proxies_share_a_port() {
    if !in_namespace::is_inside(TEST, PREPARE) {
        return;
    }
    let local: [Option<IpAddr>; 4] = [
        None,
        Some([127, 0, 0, 1].into()),
        Some([127, 0, 0, 9].into()),
        Some([0, 0, 0, 0, 0, 0, 0, 1].into()),
    ];
    // No port is that of another listener, nor one of the four.
    let mut ports = 9000..;
    for front in FRONT_ENDS {
        for from in local {
            let _case = Case::new(format!("{} from {from:?}", front.name));
            let at = if from.is_some_and(|ip| ip.is_ipv6()) { "::1" } else { "127.0.0.1" };
            let open: Vec<_> = ports
                .by_ref()
                .take(CONNECTIONS.into())
                .map(|port| {
                    let listener = TcpListener::bind((at, port)).expect("a port");
                    let (addr, requests) = crate::granting_at(listener);
                    let proxy = Proxy::socks5(addr).expect("a proxy");
                    let proxy = proxy.local_addr(from.map(|ip| SocketAddr::new(ip, 0)));
                    (requests, (front.connect)(&proxy, "example.com:80").expect("a tunnel"))
                })
                .collect();
            assert_eq!(open.len(), CONNECTIONS.into());
        }
    }
}
