//! URLs with a fallback in connectors: chains, SOCKS4, direct connections, rules, and exceptions.

use crate::chains::auths;
use crate::fallback::{BY_NAME, with_fallback};
use crate::messages::{BOUND, Speaks};
use crate::parts::{proxy, token};
use crate::reference::{Address, Request, Server, Setup};
use crate::scene::{BEHIND, Lonely, chain, error, invalid, play, serving};
use crate::support::echo::assert_echoed;
use crate::support::server::{Server as Scripted, echo};
use crate::ways::hooks::Does;
use crate::ways::{Through, everywhere};
use anysocks::{Chain, ErrorKind, Invalid, Target};
use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

fn setup() -> Setup {
    Setup { unsupported: vec![7], ..crate::chains::setup() }
}

fn by_name() -> Request {
    Request { command: 1, address: Address::Name(b"example.com".into()), port: 443 }
}

fn by_url() -> Request {
    Request { command: 1, address: Address::Url(BY_NAME.into()), port: 443 }
}

/// A proxy for any number of clients, which forwards to this address.
fn forwarding(first: Speaks, next: SocketAddr) -> SocketAddr {
    serving(move |mut client| {
        if play(&mut client, &first.connection(BEHIND[0])).is_ok() {
            let server = TcpStream::connect(next).expect("the next");
            thread::scope(|scope| {
                scope.spawn(|| pump(&client, &server));
                pump(&server, &client);
            });
        }
    })
}

fn pump(mut from: &TcpStream, mut to: &TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// The second connection goes through the whole chain again, and through the wrapper.
#[test]
fn in_chains_and_wrapped() {
    for (_, auth, _) in auths() {
        for first in [None].into_iter().chain(Speaks::ALL.map(Some)) {
            everywhere(|way| {
                for is_wrapped in [false, true] {
                    let server = Server::start(setup());
                    let through: Chain = match first {
                        None => proxy(server.addr, auth.clone()).into(),
                        Some(first) => {
                            let behind = BEHIND[0].parse().expect("an address");
                            let first = first.at(forwarding(first, server.addr));
                            chain([first, proxy(behind, auth.clone())])
                        }
                    };
                    let connector = if is_wrapped {
                        (way.wrapped)(Through::Chain(through), Box::new(|_| Does::ShrinkAndKeep))
                    } else {
                        (way.new)(through)
                    };
                    let (_, mut stream) = connector.connect_to(with_fallback(BY_NAME)).expect("a tunnel");
                    assert_echoed(&mut *stream, 300);
                    drop(stream);
                    let plain = error(connector.connect_to(Target::url(BY_NAME).expect("a URL")));
                    assert_eq!(plain.reply(), Some(anysocks::Reply::ADDRESS_TYPE_NOT_SUPPORTED));
                    assert_eq!(plain.hop(), first.map(|_| 2));
                    let connections = server.finish().clean();
                    let requests: Vec<_> = connections.into_iter().flat_map(|own| own.requests).collect();
                    assert_eq!(requests, [by_url(), by_name(), by_url()]);
                }
            });
        }
    }
}

/// Proxies of SOCKS4a and of SOCKS5 without its METHODs, alone and as the last of a chain.
#[test]
fn of_other_proxies() {
    for kind in Speaks::ALL {
        everywhere(|way| {
            for (url, target) in [(BY_NAME, "example.com:443"), ("ws://192.0.2.7/x", "192.0.2.7:80")] {
                let server = Scripted::start(kind.connection(target), echo);
                let connector = (way.new)(kind.at(server.addr).into());
                let (_, mut stream) = connector.connect_to(with_fallback(url)).expect("a tunnel");
                assert_echoed(&mut *stream, 300);
                drop(stream);
                server.join();

                let lines = [kind.connection(BEHIND[0]), kind.connection(target)].concat();
                let server = Scripted::start(lines, echo);
                let connector = (way.new)(crate::scene::behind(server.addr, &[kind, kind]));
                let (_, mut stream) = connector.connect_to(with_fallback(url)).expect("a tunnel");
                assert_echoed(&mut *stream, 300);
                drop(stream);
                server.join();

                let reply = kind.granted(BOUND);
                let lines = [
                    kind.lines(2, target, reply.clone()),
                    kind.lines(2, target, reply).split_off(kind.greeting().len() + 1),
                ];
                let server = Scripted::start(lines.concat(), echo);
                let connector = (way.new)(kind.at(server.addr).into());
                let mut listener = connector.bind_to(with_fallback(url)).expect("a listener");
                listener.accept().expect("the peer");
                drop(listener);
                server.join();
            }
        });
    }
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        let connector = (way.new)(Speaks::Socks4.at(addr).into());
        let refused = connector.connect_to(with_fallback("ws://[2001:db8::7]/"));
        assert_eq!(invalid(refused), Invalid::Ipv6OverSocks4);
        lonely.assert_alone();
    });
}

/// A direct connection goes to the host and the port.
#[test]
fn directly() {
    everywhere(|way| {
        for host in ["127.0.0.1", "localhost"] {
            let server = Scripted::start(vec![], echo);
            let url = format!("http://{host}:{}/path", server.addr.port());
            let (_, mut stream) = (way.direct)().connect_to(with_fallback(&url)).expect("a connection");
            assert_echoed(&mut *stream, 300);
            drop(stream);
            server.join();
        }
    });
}

/// Rules see the host and the port of a URL, and nothing of a Unix name.
#[test]
fn rules() {
    let unix = || Target::unix("/run/app.sock").expect("a path");
    everywhere(|way| {
        let server = Server::start(setup());
        let addr = server.addr;
        let connector = (way.by_rule)(Box::new(move |target| {
            let seen = (target.ip(), target.domain(), target.port());
            assert!([(None, Some("example.com"), 443), (None, None, 0)].contains(&seen), "{seen:?}");
            Some(proxy(addr, token().auth()))
        }));
        for target in [with_fallback(BY_NAME), unix()] {
            let (_, mut stream) = connector.connect_to(target).expect("a tunnel");
            assert_echoed(&mut *stream, 300);
        }
        assert_eq!(server.finish().clean().len(), 3);
    });
}

/// `NO_PROXY` covers a URL by its host and port. No entry covers a Unix name, because only the
/// proxy can reach it.
#[test]
fn exceptions() {
    everywhere(|way| {
        let target = Scripted::start(vec![], echo);
        let url = format!("http://127.0.0.1:{}/path", target.addr.port());
        let server = Server::start(setup());
        let connector = (way.new)(proxy(server.addr, token().auth()).into());
        for list in ["*".to_owned(), "127.0.0.0/8".to_owned(), format!("127.0.0.1:{}", target.addr.port())] {
            let connector = connector.no_proxy(&list);
            let refused = connector.connect_to(Target::url(&url).expect("a URL"));
            assert_eq!(invalid(refused), Invalid::NeedsSocks5a, "a direct connection, by {list}");
            for name in [Target::unix("/run/app.sock"), Target::abstract_unix("app")] {
                let (_, mut stream) = connector.connect_to(name.expect("a name")).expect("a tunnel");
                assert_echoed(&mut *stream, 300);
            }
        }
        let (_, mut stream) = connector.no_proxy("*").connect_to(with_fallback(&url)).expect("a connection");
        assert_echoed(&mut *stream, 300);
        drop(stream);
        target.join();
        let other = connector.no_proxy("127.0.0.1:1, 192.0.2.0/24, example.com");
        let refused = error(other.connect_to(Target::url(&url).expect("a URL")));
        assert!(matches!(refused.kind(), ErrorKind::Refused(_)), "{refused:?}");
        assert_eq!(server.finish().clean().len(), 7);
    });
}
