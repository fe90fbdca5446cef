//! `UDP_ASSOCIATE_EXT`.

use crate::chains::{auths, setup};
use crate::fronts::FRONTS;
use crate::fronts::association::Association;
use crate::parts::{faulty, proxy, token};
use crate::reference::{Address, Fault, Reply, Request, Server, Setup};
use crate::scene::{Lonely, error, invalid};
use crate::support::case::Case;
use crate::ways::hooks::Does;
use crate::ways::{Through, everywhere};
use anysocks::udp::Options;
use anysocks::{Auth, ErrorKind, Invalid, Proxy};
use std::net::{IpAddr, Ipv4Addr};

const SOURCE: &str = "192.0.2.7:53";

fn extended(proxy: Proxy) -> Proxy {
    proxy.udp(Options::new().extended(true))
}

fn use_it(socket: &dyn Association) {
    for payload in [&b"hello"[..], b"", &[7; 1_200]] {
        socket.send_to(payload, SOURCE).expect("sent");
        let mut buf = [0; 2_000];
        let (n, source) = socket.recv_from(&mut buf).expect("an echo");
        assert_eq!((&buf[..n], &*source.to_string()), (payload, SOURCE));
        socket.keep_alive().expect("a reply");
    }
}

fn asked(port: u16) -> Request {
    Request { command: 8, address: Address::Ip(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), port }
}

#[test]
fn works_like_an_association() {
    for (name, auth, methods) in auths() {
        for front in FRONTS {
            let _case = Case::new(format!("{name} on {}", front.name));
            let server = Server::start(setup());
            let socket =
                (front.associate)(&extended(proxy(server.addr, auth.clone()))).expect("an association");
            use_it(&*socket);
            drop(socket);
            let connection = server.finish().only();
            assert_eq!(connection.methods, methods);
            assert_eq!(connection.requests[0], asked(0));
            assert_eq!(connection.payloads.len(), 3);
        }
    }
}

/// Also from a connector, bare and wrapped.
#[test]
fn by_connectors() {
    for (name, auth, _) in auths() {
        everywhere(|way| {
            let _case = Case::new(format!("{name} on {}", way.name));
            let server = Server::start(setup());
            let proxy = extended(proxy(server.addr, auth.clone()));
            // The wrapped stream keeps what is written until it is flushed.
            let wrapped =
                (way.wrapped)(Through::Chain(proxy.clone().into()), Box::new(|_| Does::ShrinkAndKeep));
            for connector in [(way.new)(proxy.into()), wrapped] {
                use_it(&*connector.associate().expect("an association"));
            }
            let connections = server.finish().clean();
            assert_eq!(connections.len(), 2);
            for connection in connections {
                let commands: Vec<_> = connection.requests.iter().map(|request| request.command).collect();
                assert_eq!(commands, [8, 4, 4, 4]);
            }
        });
    }
}

/// The switch changes nothing by itself.
#[test]
fn switched_off() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = faulty([]);
        let proxy = proxy(server.addr, token().auth()).udp(Options::new().extended(true).extended(false));
        use_it(&*(front.associate)(&proxy).expect("an association"));
        assert_eq!(server.finish().only().requests[0].command, 3);
    }
}

#[test]
fn without_a_method_of_socks5a() {
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        let proxy = extended(proxy(addr, Auth::none()));
        assert_eq!(invalid((way.new)(proxy.clone().into()).associate()), Invalid::NeedsSocks5a);
        let wrapped =
            (way.wrapped)(Through::Chain(proxy.into()), Box::new(|_| panic!("nothing was dialled")));
        assert_eq!(invalid(wrapped.associate()), Invalid::NeedsSocks5a);
        lonely.assert_alone();
    });
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = Server::start(Setup { methods: vec![0], ..Setup::default() });
        let auth = token().auth().or(Auth::none()).expect("two METHODs");
        let failed = error((front.associate)(&extended(proxy(server.addr, auth))));
        assert!(matches!(failed.kind(), ErrorKind::NeedsSocks5a { method: 0 }), "{failed:?}");
        assert!(server.finish().only().requests.is_empty());
    }
}

#[test]
fn refused() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = faulty([Fault::Reply(0, Reply::refused(7))]);
        let refused = error((front.associate)(&extended(proxy(server.addr, token().auth()))));
        assert_eq!(refused.reply(), Some(anysocks::Reply::COMMAND_NOT_SUPPORTED));
        server.finish().only();
    }
}
