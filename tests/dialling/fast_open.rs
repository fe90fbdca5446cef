//! TCP Fast Open, by the hook on sockets: the greeting leaves with the SYN.

use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use crate::support::in_namespace;
use anysocks::Proxy;
use nix::sys::socket::{setsockopt, sockopt};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};

const TEST: &str = "fast_open::the_greeting_leaves_with_the_syn";
/// 3 enables it for clients and servers, and 1024 for listeners that do not ask for it.
const PREPARE: &str = "ip link set lo up && echo 1027 >/proc/sys/net/ipv4/tcp_fastopen";

#[test]
fn the_greeting_leaves_with_the_syn() {
    if !in_namespace::is_inside(TEST, PREPARE) {
        return;
    }
    let fast_open = |socket: &socket2::SockRef<'_>| {
        setsockopt(&**socket, sockopt::TcpFastOpenConnect, &true).map_err(Into::into)
    };
    for front in FRONT_ENDS {
        let _case = Case::new(front.name);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let (addr, _requests) = crate::granting_at(listener);
        let proxy = Proxy::socks5(addr).expect("a proxy");
        let fast = proxy.clone().socket(fast_open);
        // The first connection to an address gets a cookie, with which the next one is fast.
        let counts = [&proxy, &fast, &fast].map(|proxy| {
            let before = counters();
            (front.connect)(proxy, "example.com:80").expect("a tunnel");
            let after = counters();
            [after[0] - before[0], after[1] - before[1]]
        });
        assert_eq!(counts[0], [0, 0]);
        assert_eq!(counts[2], [1, 1], "SYNs with data: sent and accepted");
    }
}

/// The SYNs with data that were acknowledged, and that were accepted.
fn counters() -> [u64; 2] {
    let netstat = fs::read_to_string("/proc/self/net/netstat").expect("counters");
    let mut rows = netstat.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, values) = (rows.next().expect("names"), rows.next().expect("values"));
    ["TCPFastOpenActive", "TCPFastOpenPassive"].map(|wanted| {
        let mut counters = names.split(' ').zip(values.split(' '));
        let (_, value) = counters.find(|(name, _)| *name == wanted).expect("a counter");
        value.parse().expect("a number")
    })
}
