//! Upstreams whose last try is a direct connection, and when it is not made.

use super::any_of::{any_of, of, socks5, upstreams};
use super::messages::Speaks;
use super::scene::{Lonely, TARGET, assert_echo, deserted, error, invalid, saying, serving};
use super::ways::{Setting, everywhere};
use crate::support::case::Case;
use crate::support::script::{Line, client, proxy as from_proxy};
use crate::support::server::echo;
use anysocks::{ErrorKind, Invalid, Reply, Resolver, Resolving, Stage};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

#[test]
fn a_direct_connection_after_all_others_on_request() {
    let server = serving(|client| echo(&client));
    let (dead, _bound) = deserted();
    everywhere(|way| {
        let upstreams = upstreams([dead]).then_direct(true);
        let connector = any_of(way, &upstreams);
        // The second time, the proxy is in a pause.
        for _ in 0..2 {
            let (_, stream) = connector.connect(&server.to_string()).expect("a direct connection");
            assert_echo(stream, b"");
        }
        // Only a proxy can do these.
        for refused in [error(connector.bind(TARGET).map(drop)), error(connector.associate().map(drop))] {
            assert!(matches!(refused.kind(), ErrorKind::Unreachable(_)), "{refused}");
        }
        let only = (way.any_of)("DIRECT".parse().expect("a list")).expect("a connector");
        assert_echo(only.connect(&server.to_string()).expect("a direct connection").1, b"");
        assert_eq!(invalid(only.bind(TARGET).map(drop)), Invalid::NoProxyToAsk);
        let late = only.set(Setting::Resolver(Box::new(Unanswered)));
        let late = late.set(Setting::Timeout(Some(Duration::from_millis(100))));
        assert!(error(late.connect("a.example:80")).is_timeout());
    });
}

/// A resolver that never answers.
struct Unanswered;

impl Resolver for Unanswered {
    fn resolve<'r>(&'r self, _: &'r str) -> Resolving<'r> {
        Box::pin(std::future::pending())
    }
}

/// A resolver that must not be asked.
struct Never;

impl Resolver for Never {
    fn resolve<'r>(&'r self, name: &'r str) -> Resolving<'r> {
        panic!("{name} was looked up on this machine")
    }
}

/// The failure may be due to the target, or is a mistake: neither makes the client known to it.
#[test]
fn no_direct_connection_while_the_proxy_may_be_usable() {
    let (target, target_addr) = Lonely::new();
    let target_text = target_addr.to_string();
    let request = client(Speaks::Socks5.request(1, &target_text));
    let reply = |code: u8| from_proxy(Stage::Request, [&[5, code, 0, 1][..], &[0; 6]].concat());
    let greeting = Speaks::Socks5.greeting();
    let after = |last: &[Line]| [&greeting[..], last].concat();
    let closes = serving({
        let lines = after(std::slice::from_ref(&request));
        move |mut client| drop(super::scene::play(&mut client, &lines))
    });
    let mut proxies = vec![("closes", closes)];
    for (name, code) in [("general failure", 1), ("not allowed", 2), ("unreachable", 4), ("no command", 7)] {
        proxies.push((name, saying(after(&[request.clone(), reply(code)]), "")));
    }
    everywhere(|way| {
        for (name, addr) in &proxies {
            let _case = Case::new(*name);
            let upstreams = upstreams([*addr]).then_direct(true);
            let failed = error(any_of(way, &upstreams).connect(&target_text));
            assert_eq!(failed.stage(), Stage::Request, "{failed}");
            assert!(upstreams.health()[0].is_healthy());
        }
        let upstreams = of([Speaks::Socks4.at(target_addr)]).then_direct(true);
        assert_eq!(invalid(any_of(way, &upstreams).connect("[::1]:80")), Invalid::Ipv6OverSocks4);
    });
    target.assert_alone();
}

/// The interface of a VPN is down, for example: the connection must not take another one.
#[test]
fn no_direct_connection_after_a_failure_of_this_machine() {
    let (target, target_addr) = Lonely::new();
    let (lonely, addr) = Lonely::new();
    let elsewhere: SocketAddr = ([192, 0, 2, 1], 0).into();
    everywhere(|way| {
        for (proxy, what) in [
            (socks5(addr).interface("no such one"), "interface no such one: "),
            (socks5(addr).local_addr(elsewhere), "local address 192.0.2.1:0: "),
            (socks5(addr).socket(|_| Err(std::io::Error::other("not today"))), "not today"),
        ] {
            let upstreams = of([proxy]).then_direct(true);
            let failed = error(any_of(way, &upstreams).connect(&target_addr.to_string()));
            assert!(failed.to_string().contains(what), "{failed}");
            assert!(upstreams.health()[0].is_healthy());
        }
    });
    target.assert_alone();
    lonely.assert_alone();
}

/// The same for the UDP socket of an association, which the proxy has granted.
#[test]
fn a_udp_socket_that_fails_here_is_no_failure_of_the_proxy() {
    let reply = Speaks::Socks5.granted("127.0.0.1:9");
    let granting = saying(Speaks::Socks5.lines(3, "0.0.0.0:0", reply), "");
    let only_streams = |socket: &socket2::SockRef<'_>| match socket.r#type()? {
        socket2::Type::DGRAM => Err(std::io::Error::other("no datagrams here")),
        _ => Ok(()),
    };
    everywhere(|way| {
        let upstreams = of([socks5(granting).socket(only_streams)]).then_direct(true);
        let failed = error(any_of(way, &upstreams).associate());
        assert!(format!("{failed:#}").contains("no datagrams here"), "{failed:#}");
        assert!(upstreams.health()[0].is_healthy(), "{:?}", upstreams.health());
    });
}

/// Most proxies refuse Tor's command.
#[test]
fn a_refused_lookup_is_not_made_on_this_machine() {
    let refusing = serving(|mut client| {
        let mut request = [0; 64];
        let _ = client.read_exact(&mut request[..3]);
        let _ = client.write_all(&[5, 0]);
        let _ = client.read(&mut request);
        let _ = client.write_all(b"\x05\x07\x00\x01\0\0\0\0\0\0");
    });
    everywhere(|way| {
        let connector = any_of(way, &upstreams([refusing]).then_direct(true));
        let failed = error(connector.set(Setting::Resolver(Box::new(Never))).resolve("secret.example"));
        assert_eq!(failed.reply(), Some(Reply::COMMAND_NOT_SUPPORTED), "{failed}");
    });
}
