//! A proxy at a link-local address, in a namespace that has one.

use crate::datagrams::grant;
use crate::support::in_namespace;
use crate::{found, proxy_with};
use anysocks::probe::{Probe, Question};
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, UdpSocket};
use std::sync::Mutex;

/// A link-local address has no meaning without the interface.
#[test]
fn a_relay_at_a_link_local_address() {
    const TEST: &str = "link_local::a_relay_at_a_link_local_address";
    if !in_namespace::is_inside(TEST, "ip link set lo up && ip address add fe80::7/64 dev lo") {
        return;
    }
    // The loopback interface is the first one of each namespace.
    let ip = SocketAddrV6::new("fe80::7".parse().expect("an address"), 0, 0, 1);
    let listener = TcpListener::bind(ip).expect("a port");
    let proxy = listener.local_addr().expect("an address");
    let relay = UdpSocket::bind(ip).expect("a port").local_addr().expect("an address");
    let bound = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), relay.port());
    crate::scene::serving_on(listener, move |mut client| {
        drop(proxy_with(&mut client, &Mutex::default(), |_| grant(bound)));
    });
    let probe = Probe::new(proxy).expect("a proxy").target("127.0.0.1:9").expect("a target");
    let report = probe.run().expect("a report");
    assert_eq!(found(&report, Question::Udp).relay, Some(relay));
}
