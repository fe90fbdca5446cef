//! The relay's address, from the proxy's reply and the policy.

use crate::fronts::Front;
use crate::fronts::association::Association;
use crate::scene::{REQUEST_V4, REQUEST_V6, everywhere, field, local, name_field, reply, selection};
use crate::support::case::Case;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use anysocks::udp::{Options, Relay};
use anysocks::{Address, Error, ErrorKind, Proxy, Resolve, Stage};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Associates with a proxy at this address, which replies with that address of its relay.
fn associate(front: &Front, at: IpAddr, told: &[u8], relay: Relay) -> Result<Box<dyn Association>, Error> {
    associate_by(front, at, told, |proxy| proxy.udp(Options::new().relay(relay)))
}

/// The same, where names are resolved so, with a proxy that is reached over IPv4.
fn resolving(
    front: &Front,
    resolve: Resolve,
    told: &[u8],
    relay: Relay,
) -> Result<Box<dyn Association>, Error> {
    associate_by(front, V4, told, |proxy| proxy.udp(Options::new().relay(relay)).resolve(resolve))
}

fn associate_by(
    front: &Front,
    at: IpAddr,
    told: &[u8],
    by: impl FnOnce(Proxy) -> Proxy,
) -> Result<Box<dyn Association>, Error> {
    let request = if at.is_ipv4() { REQUEST_V4 } else { REQUEST_V6 };
    let reply = [&[5, 0, 0], told].concat();
    let lines = [selection(), [client(request), proxy(Stage::Request, reply)]].concat();
    let server = Server::start_at(at, lines, |control| control.try_clone().expect("a handle"));
    let associated = (front.associate)(&by(server.proxy()));
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

/// The addresses of `AsIs` and `Told` are not replaced. On systems other than Linux, a loopback
/// interface has one address.
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

/// A name that the proxy gives is resolved on this machine only where names are; one that the
/// caller gives always is.
#[test]
fn names() {
    everywhere(|front| {
        let by_name = || Relay::by(|told, _| Address::Name(b"localhost".to_vec().into(), told.port()));
        for (resolve, told, policy) in [
            (Resolve::Locally, "localhost:9", Relay::Told),
            (Resolve::Locally, "localhost:9", Relay::AsIs),
            (Resolve::Locally, "192.0.2.7:9", by_name()),
            (Resolve::ByProxy, "192.0.2.7:9", by_name()),
        ] {
            let socket = resolving(front, resolve, &field(told), policy).expect("an association");
            // Over IPv4, as TCP is, whatever else the name has.
            assert_eq!(socket.relay_addr().to_string(), "127.0.0.1:9");
        }
        for policy in [Relay::Told, Relay::AsIs] {
            let error = resolving(front, Resolve::ByProxy, &field("localhost:9"), policy)
                .expect_err("no association");
            let sentence = error.to_string();
            assert!(matches!(error.kind(), ErrorKind::NoRelay { .. }), "{error:?}");
            for part in ["no relay at localhost:9: ", "`Relay::ProxyAddress`", "`Relay::by`"] {
                assert!(sentence.contains(part), "{sentence}");
            }
        }
    });
}

/// A literal address is an address, whatever its ATYP.
#[test]
fn addresses_in_place_of_a_name() {
    everywhere(|front| {
        for (told, policy, relay) in [
            ("127.0.0.1", Relay::Told, V4),
            ("127.0.0.1", Relay::AsIs, V4),
            ("0.0.0.0", Relay::Told, V4),
            ("::", Relay::Told, V4),
            ("::1", Relay::Told, V6),
            ("[::1]", Relay::Told, V6),
            ("::ffff:127.0.0.1", Relay::Told, V4),
            ("192.0.2.7", Relay::by(|_, _| Address::Name(b"127.0.0.1".to_vec().into(), 9)), V4),
        ] {
            let _case = Case::new(format!("{told}, {policy:?}"));
            let socket =
                associate(front, V4, &name_field(told.as_bytes(), 9), policy).expect("an association");
            assert_eq!(socket.relay_addr(), SocketAddr::new(relay, 9));
            assert_eq!(socket.bound_addr(), &Address::Name(told.as_bytes().to_vec().into(), 9));
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
    const PORT: &str = "the port is 0";
    const UNICAST: &str = "not a unicast address";
    const HOST: &str = "not a host name";
    let port_0 = || Relay::by(|told, _| Address::Ip((told.ip().expect("an address"), 0).into()));
    let no_name = || Relay::by(|_, _| Address::Name(b"\xFF".to_vec().into(), 9));
    everywhere(|front| {
        for (told, policy, relay, why) in [
            (field("127.0.0.1:0"), Relay::Told, "127.0.0.1:0", PORT),
            (field("0.0.0.0:0"), Relay::Told, "127.0.0.1:0 (the proxy replied 0.0.0.0:0)", PORT),
            (field("192.0.2.7:0"), Relay::ProxyAddress, "127.0.0.1:0 (the proxy replied 192.0.2.7:0)", PORT),
            (field("0.0.0.0:0"), Relay::AsIs, "0.0.0.0:0", PORT),
            (field("relay.example:0"), Relay::Told, "relay.example:0", PORT),
            (field("127.0.0.1:9"), port_0(), "127.0.0.1:0 (the proxy replied 127.0.0.1:9)", PORT),
            (field("127.0.0.1:9"), no_name(), "\\xff:9 (the proxy replied 127.0.0.1:9)", HOST),
            (name_field(b"\xFF\0", 9), Relay::Told, "\\xff\\x00:9", HOST),
            (name_field(b"\x1B[2J\x07\r\n", 9), Relay::Told, "\\x1b[2J\\x07\\r\\n:9", HOST),
            (name_field("\u{202E}".as_bytes(), 9), Relay::AsIs, "\\xe2\\x80\\xae:9", HOST),
            (name_field(b"", 9), Relay::Told, ":9", HOST),
            (field("224.0.0.251:9"), Relay::Told, "224.0.0.251:9", UNICAST),
            (field("[ff02::1]:9"), Relay::AsIs, "[ff02::1]:9", UNICAST),
            (
                name_field(b"224.0.0.251", 9),
                Relay::Told,
                "224.0.0.251:9 (the proxy replied 224.0.0.251:9)",
                UNICAST,
            ),
            (
                field("[::ffff:224.0.0.251]:9"),
                Relay::Told,
                "224.0.0.251:9 (the proxy replied [::ffff:224.0.0.251]:9)",
                UNICAST,
            ),
            (field("255.255.255.255:9"), Relay::Told, "255.255.255.255:9", UNICAST),
        ] {
            for resolve in [Resolve::ByProxy, Resolve::Locally] {
                let error = resolving(front, resolve, &told, policy.clone()).expect_err("no association");
                assert_eq!(error.stage(), Stage::Association);
                assert!(matches!(error.kind(), ErrorKind::NoRelay { .. }), "{error:?}");
                let sentence = format!("association failed: no relay at {relay}: {why}");
                assert!(error.to_string().ends_with(&sentence), "{error}");
                let shown = format!("{error} {error:?} {error:#}");
                assert!(!shown.contains(|c: char| c.is_control() || c == '\u{202E}'), "{shown:?}");
            }
        }
    });
}

/// The error keeps what the proxy replied beside what the policy has made of it.
#[test]
fn what_the_proxy_replied() {
    everywhere(|front| {
        let error = associate(front, V4, &field("0.0.0.0:0"), Relay::Told).expect_err("no association");
        let ErrorKind::NoRelay { bound, relay } = error.kind() else { panic!("{error:?}") };
        assert_eq!((bound.to_string(), relay.to_string()), ("0.0.0.0:0".into(), "127.0.0.1:0".into()));
    });
}

#[test]
fn no_way_to_the_relay() {
    everywhere(|front| {
        let error = resolving(front, Resolve::Locally, &field("relay.invalid:9"), Relay::Told);
        let error = error.expect_err("no association");
        assert!(matches!(error.kind(), ErrorKind::Unresolved { .. }), "{error:?}");
        assert_eq!(error.stage(), Stage::Resolve, "{error}");
        // The socket is of the other family.
        let options = Options::new().source("127.0.0.1:0".parse::<SocketAddr>().expect("an address"));
        let server = Server::start(selection().to_vec(), |mut control| {
            control.read_exact(&mut [0; REQUEST_V4.len()]).expect("a request");
            control.write_all(&reply("[::1]:9")).expect("a client");
        });
        let error = (front.associate)(&server.proxy().udp(options)).expect_err("no association");
        assert!(matches!(error.kind(), ErrorKind::Io(_)) && error.stage() == Stage::Association, "{error:?}");
        server.join();
    });
}
