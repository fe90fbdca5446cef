//! A proxy at a public address, whose reply has the address of its relay inside of the NAT.

use crate::scene::{REQUEST_V4, everywhere, field, selection};
use crate::support::case::Case;
use crate::support::in_namespace;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use anysocks::Stage;
use anysocks::udp::{Options, Relay};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

const TEST: &str = "nat::datagrams_reach_a_relay_behind_nat";
const PUBLIC: &str = "203.0.113.7";
const PREPARE: &str = "ip link set lo up && ip address add 203.0.113.7/32 dev lo";

#[test]
fn datagrams_reach_a_relay_behind_nat() {
    if !in_namespace::is_inside(TEST, PREPARE) {
        return;
    }
    let public: IpAddr = PUBLIC.parse().expect("an address");
    everywhere(|front| {
        for (inside, policy, expected) in [
            ("10.0.0.5", Relay::Told, PUBLIC),
            ("127.0.0.1", Relay::Told, PUBLIC),
            ("0.0.0.0", Relay::Told, PUBLIC),
            ("127.0.0.1", Relay::AsIs, "127.0.0.1"),
        ] {
            let _case = Case::new(format!("{inside} {policy:?}"));
            let relay = UdpSocket::bind((public, 0)).expect("a port");
            relay.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
            let told = SocketAddr::new(
                inside.parse().expect("an address"),
                relay.local_addr().expect("an address").port(),
            );
            let reply = [&[5, 0, 0][..], &field(&told.to_string())].concat();
            let lines = [selection(), [client(REQUEST_V4), proxy(Stage::Request, reply)]].concat();
            let server = Server::start_at(public, lines, |control| control.try_clone().expect("a handle"));
            let proxy = server.proxy().udp(Options::new().relay(policy));
            let socket = (front.associate)(&proxy).expect("an association");
            let _control = server.join();
            assert_eq!(
                socket.relay_addr(),
                SocketAddr::new(expected.parse().expect("an address"), told.port())
            );
            assert_eq!(socket.bound_addr().to_string(), told.to_string(), "as the proxy sent it");
            if expected == PUBLIC {
                socket.send_to(b"out", "192.0.2.9:53").expect("a sent datagram");
                let mut datagram = [0; 64];
                let (n, from) = relay.recv_from(&mut datagram).expect("a datagram");
                relay.send_to(&datagram[..n], from).expect("an answer");
                let mut payload = [0; 8];
                let (n, source) = socket.recv_from(&mut payload).expect("the answer");
                assert_eq!((&payload[..n], source.to_string().as_str()), (&b"out"[..], "192.0.2.9:53"));
            }
        }
    });
}
