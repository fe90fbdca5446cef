//! The hook's arguments: the first proxy, or `None` for a direct connection; and the time of the
//! call.

use super::messages::{PASSWORD, Speaks};
use super::scene::{TARGET, behind, deserted, error, invalid, serving};
use super::ways::hooks::{Does, Hook};
use super::ways::{Connecting, Through, everywhere};
use crate::support::case::Case;
use anysocks::{Chain, Error, Invalid, Resolve};
use std::io;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, channel};

/// A hook that reports what it is given, and what it has reported.
fn reporting(does: impl Fn() -> Does + Send + Sync + 'static) -> (Hook, Receiver<Option<String>>) {
    let (report, given) = channel();
    let hook = move |proxy: Option<&anysocks::Proxy>| {
        report.send(proxy.map(ToString::to_string)).expect("a test that goes on");
        does()
    };
    (Box::new(hook), given)
}

fn refuse() -> Does {
    Does::Fail(io::Error::other("no certificate"))
}

/// All requests to a proxy: each fails.
fn ask_for_all(connector: &dyn Connecting, target: &str) -> Vec<Error> {
    let name = target.split(':').next().expect("a host");
    vec![
        error(connector.connect(target)),
        error(connector.connect_with_early_data(target, b"GET")),
        error(connector.bind(target)),
        error(connector.resolve(name)),
        error(connector.resolve_ptr(Ipv4Addr::new(192, 0, 2, 1).into())),
    ]
}

#[test]
fn the_first_proxy() {
    let addr = serving(drop);
    let chains = [
        vec![Speaks::Socks5],
        vec![Speaks::Password],
        vec![Speaks::Password, Speaks::Socks5],
        vec![Speaks::Socks4, Speaks::Password, Speaks::Socks5],
    ];
    for kinds in chains {
        let chain = behind(addr, &kinds);
        let first = chain.hops()[0].to_string();
        assert!(!first.contains(PASSWORD));
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}"));
            let by_rule = chain.clone();
            for through in
                [Through::Chain(chain.clone()), Through::Rule(Box::new(move |_| Some(by_rule.clone())))]
            {
                let (hook, given) = reporting(refuse);
                let asked = ask_for_all(&*(way.wrapped)(through, hook), TARGET).len();
                assert_eq!(given.try_iter().collect::<Vec<_>>(), vec![Some(first.clone()); asked]);
            }
        });
    }
}

#[test]
fn one_behind_tls_says_so() {
    let addr = serving(drop);
    everywhere(|way| {
        let (report, behind_tls) = channel();
        let hook: Hook = Box::new(move |proxy| {
            report.send(proxy.map(anysocks::Proxy::is_behind_tls)).expect("a test that goes on");
            refuse()
        });
        let connector = (way.wrapped)(Speaks::Password.at(addr).behind_tls(true).into(), hook);
        let asked = ask_for_all(&*connector, TARGET).len();
        assert_eq!(behind_tls.try_iter().collect::<Vec<_>>(), vec![Some(true); asked]);
    });
}

#[test]
fn nothing_where_no_proxy_is_asked() {
    let target = serving(drop).to_string();
    everywhere(|way| {
        let proxy = Speaks::Socks5.at(serving(drop));
        let always = proxy.clone();
        for (through, list) in [
            (Through::Nobody, ""),
            (Through::Rule(Box::new(|_| None)), ""),
            (proxy.into(), "127.0.0.1"),
            (Through::Rule(Box::new(move |_| Some(Chain::from(&always)))), "127.0.0.0/8"),
        ] {
            let (hook, given) = reporting(refuse);
            let connector = (way.wrapped)(through, hook).no_proxy(list);
            error(connector.connect(&target));
            error(connector.connect_with_early_data(&target, b"GET"));
            assert_eq!(given.try_iter().collect::<Vec<_>>(), [None, None], "{list:?}");
            // There is no proxy, and no connection.
            let (ip, peer) = (IpAddr::V4(Ipv4Addr::LOCALHOST), "127.0.0.1:1");
            assert_eq!(invalid(connector.bind(peer)), Invalid::NoProxyToAsk);
            assert_eq!(invalid(connector.resolve_ptr(ip)), Invalid::NoProxyToAsk);
            assert_eq!(given.try_iter().count(), 0);
        }
    });
}

#[test]
fn it_is_called_for_what_is_connected_to() {
    let (addr, _socket) = deserted();
    everywhere(|way| {
        for through in [Through::Nobody, Speaks::Socks5.at(addr).into()] {
            let (hook, given) = reporting(refuse);
            error((way.wrapped)(through, hook).connect(&addr.to_string()));
            assert_eq!(given.try_iter().count(), 0);
        }
        let (hook, given) = reporting(refuse);
        let chain = behind(addr, &[Speaks::Socks5, Speaks::Socks4]);
        let connector = (way.wrapped)(chain.into(), hook);
        assert_eq!(invalid(connector.connect("[2001:db8::7]:80")), Invalid::Ipv6OverSocks4);
        assert_eq!(given.try_iter().count(), 0);
    });
}

/// Each address of the target takes a connection of its own, unless it is the hook that fails.
#[test]
fn it_is_called_for_each_connection() {
    let addresses = ("localhost", 80).to_socket_addrs().expect("a resolver").count();
    let addr = serving(|mut client| {
        let lines: Vec<_> = super::ways::hooks::masked(&Speaks::Socks5.greeting());
        if super::scene::play(&mut client, &lines).is_ok() {
            // It reads the request, and closes the connection.
            let _ = io::Read::read(&mut client, &mut [0; 100]);
        }
    });
    let proxy = || Speaks::Socks5.at(addr).resolve(Resolve::Locally);
    everywhere(|way| {
        for (does, times) in [((|| Does::Mask) as fn() -> Does, addresses), (refuse, 1)] {
            let (hook, given) = reporting(does);
            error((way.wrapped)(proxy().into(), hook).connect("localhost:80"));
            assert_eq!(given.try_iter().count(), times);
        }
    });
}
