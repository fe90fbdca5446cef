//! More connections than there are ports: one port serves several proxies.
//!
//! The test runs itself once more, in a network namespace that has four ports.

use crate::support::case::Case;
use crate::support::drivers::FRONT_ENDS;
use crate::support::left_out::left_out;
use anysocks::Proxy;
use std::env;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::process::Command;

const TEST: &str = "few_ports::connections_to_several_proxies_share_a_port";
const INSIDE: &str = "ANYSOCKS_FEW_PORTS";
const PREPARE: &str = "ip link set lo up && echo '40000 40003' >/proc/sys/net/ipv4/ip_local_port_range";
const CONNECTIONS: u16 = 6;

#[test]
fn connections_to_several_proxies_share_a_port() {
    if env::var_os(INSIDE).is_some() {
        return connect_from_few_ports();
    }
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", script]).arg(env::current_exe().expect("this program"));
        command.env(INSIDE, "1").output()
    };
    match in_namespace(PREPARE) {
        Ok(done) if done.status.success() => {}
        Ok(done) => return left_out(TEST, String::from_utf8_lossy(&done.stderr).trim()),
        Err(error) => return left_out(TEST, format!("unshare: {error}")),
    }
    let script = format!("{PREPARE} && exec \"$0\" --exact {TEST} --nocapture");
    let done = in_namespace(&script).expect("a network namespace");
    let output = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&output));
}

fn connect_from_few_ports() {
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
