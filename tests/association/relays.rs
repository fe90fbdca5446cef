//! Where the relay is found, by what the proxy says and by the policy.

use crate::fronts::Front;
use crate::fronts::association::Association;
use crate::scene::{REQUEST_V4, REQUEST_V6, everywhere, field, local, name_field, selection};
use crate::support::case::Case;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use anysocks::udp::{Options, Relay};
use anysocks::{Address, Error, ErrorKind, Stage};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Associates with a proxy at this address, which says that its relay is there.
fn associate(front: &Front, at: IpAddr, told: &[u8], relay: Relay) -> Result<Box<dyn Association>, Error> {
    let request = if at.is_ipv4() { REQUEST_V4 } else { REQUEST_V6 };
    let reply = [&[5, 0, 0], told].concat();
    let lines = [selection(), [client(request), proxy(Stage::Request, reply)]].concat();
    let server = Server::start_at(at, lines, |control| control.try_clone().expect("a handle"));
    let associated = (front.associate)(&server.proxy().udp(Options::new().relay(relay)));
    server.join();
    associated
}

#[cfg(target_os = "linux")]
fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn policies() {
    everywhere(|front| {
        for (at, told, policy, relay) in [
            (V4, "127.0.0.1", Relay::Told, V4),
            (V4, "0.0.0.0", Relay::Told, V4),
            (V4, "[::]", Relay::Told, V4),
            (V4, "[::ffff:0.0.0.0]", Relay::Told, V4),
            (V4, "[::ffff:127.0.0.1]", Relay::Told, V4),
            (V4, "[::1]", Relay::Told, V6),
            (V6, "[::1]", Relay::Told, V6),
            (V6, "[::]", Relay::Told, V6),
            (V6, "0.0.0.0", Relay::Told, V6),
            (V6, "127.0.0.1", Relay::Told, V4),
            (V4, "192.0.2.7", Relay::ProxyAddress, V4),
            (V4, "0.0.0.0", Relay::ProxyAddress, V4),
            (V4, "relay.invalid", Relay::ProxyAddress, V4),
            (V6, "192.0.2.7", Relay::ProxyAddress, V6),
            (V4, "127.0.0.1", Relay::AsIs, V4),
            (V4, "[::1]", Relay::AsIs, V6),
            (V4, "[::ffff:127.0.0.1]", Relay::AsIs, V4),
            (V4, "192.0.2.7", Relay::by(|told, _| Address::Ip(([127, 0, 0, 1], told.port()).into())), V4),
            (
                V6,
                "relay.invalid",
                Relay::by(|told, proxy| Address::Ip((proxy.expect("TCP"), told.port()).into())),
                V6,
            ),
        ] {
            let _case = Case::new(format!("{told} by {at}, {policy:?}"));
            let heard = UdpSocket::bind((relay, 0)).expect("a port");
            let told = format!("{told}:{}", local(&heard).port());
            let socket = associate(front, at, &field(&told), policy).expect("an association");
            assert_eq!(socket.relay_addr(), local(&heard));
            let bound = socket.bound_addr();
            assert_eq!(bound.socket_addr(), told.parse::<SocketAddr>().ok(), "{bound} is not as it was sent");
            socket.send_to(b"", "192.0.2.7:53").expect("sent");
            heard.set_read_timeout(Some(crate::scene::PATIENCE)).expect("a timeout");
            assert_eq!(heard.recv(&mut [0; 64]).expect("a datagram"), 10);
        }
    });
}

/// What stands under `AsIs` and `Told` is not overruled; elsewhere than on Linux a loopback interface has one address.
#[cfg(target_os = "linux")]
#[test]
fn an_address_that_is_not_the_proxys() {
    everywhere(|front| {
        let there = ip("127.0.0.2");
        for (policy, relay) in [(Relay::Told, there), (Relay::AsIs, there), (Relay::ProxyAddress, V4)] {
            let socket = associate(front, V4, &field("127.0.0.2:9"), policy).expect("an association");
            assert_eq!(socket.relay_addr(), SocketAddr::new(relay, 9));
        }
    });
}

/// A name is looked up on this machine, whether the proxy gives it or the caller.
#[test]
fn names() {
    everywhere(|front| {
        let by_name = Relay::by(|told, _| Address::Name(b"localhost".to_vec().into(), told.port()));
        for (told, policy) in
            [("localhost:9", Relay::Told), ("localhost:9", Relay::AsIs), ("192.0.2.7:9", by_name)]
        {
            let socket = associate(front, V4, &field(told), policy).expect("an association");
            let relay = socket.relay_addr();
            assert!(relay.ip().is_loopback() && relay.port() == 9, "{relay}");
        }
    });
}

#[test]
fn what_a_function_is_given() {
    everywhere(|front| {
        for (at, told) in [(V4, "0.0.0.0:9"), (V6, "[::ffff:192.0.2.7]:9")] {
            let given = Arc::new(Mutex::new(None));
            let keep = Arc::clone(&given);
            let policy = Relay::by(move |told, proxy| {
                *keep.lock().expect("nobody fails") = Some((told.clone(), proxy));
                Address::Ip(([127, 0, 0, 1], 9).into())
            });
            associate(front, at, &field(told), policy).expect("an association");
            let told = Address::Ip(told.parse().expect("an address"));
            assert_eq!(*given.lock().expect("nobody fails"), Some((told, Some(at))));
        }
    });
}

#[test]
fn no_relay() {
    everywhere(|front| {
        let port_0 = Relay::by(|told, _| Address::Ip((told.ip().expect("an address"), 0).into()));
        let no_name = Relay::by(|_, _| Address::Name(b"\xFF".to_vec().into(), 9));
        for (told, policy, named) in [
            (field("127.0.0.1:0"), Relay::Told, "127.0.0.1:0"),
            (field("0.0.0.0:0"), Relay::Told, "127.0.0.1:0"),
            (field("192.0.2.7:0"), Relay::ProxyAddress, "127.0.0.1:0"),
            (field("0.0.0.0:0"), Relay::AsIs, "0.0.0.0:0"),
            (field("relay.example:0"), Relay::Told, "relay.example:0"),
            (field("127.0.0.1:9"), port_0, "127.0.0.1:0"),
            (field("127.0.0.1:9"), no_name, "\\xff:9"),
            (name_field(b"\xFF\0", 9), Relay::Told, "\\xff\\x00:9"),
            (name_field(b"", 9), Relay::Told, ":9"),
        ] {
            let error = associate(front, V4, &told, policy).expect_err("no association");
            assert_eq!(error.stage(), Stage::Association);
            let ErrorKind::NoRelay(relay) = error.kind() else { panic!("{error:?}") };
            assert_eq!(relay.to_string(), named);
            assert!(
                error.to_string().ends_with(&format!("association failed: there is no relay at {named}"))
            );
        }
        let error = associate(front, V4, &field("relay.invalid:9"), Relay::Told).expect_err("no association");
        assert_eq!(error.stage(), Stage::Resolve, "{error}");
        // The system has no way there.
        let error =
            associate(front, V4, &field("255.255.255.255:9"), Relay::Told).expect_err("no association");
        assert!(matches!(error.kind(), ErrorKind::Io(_)) && error.stage() == Stage::Association, "{error:?}");
    });
}
