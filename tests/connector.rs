//! One way to whatever has to be reached, on every front end.

#[path = "connector/any_of.rs"]
mod any_of;
#[path = "connector/any_of_direct.rs"]
mod any_of_direct;
#[path = "connector/chain_rules.rs"]
mod chain_rules;
#[path = "connector/check.rs"]
mod check;
#[cfg(target_os = "linux")]
#[path = "connector/closed.rs"]
mod closed;
#[path = "connector/commands.rs"]
mod commands;
#[path = "connector/direct.rs"]
mod direct;
#[path = "connector/environment.rs"]
mod environment;
mod fronts;
#[path = "connector/messages.rs"]
mod messages;
#[path = "connector/pointers.rs"]
mod pointers;
#[path = "connector/scene.rs"]
mod scene;
#[path = "connector/settings.rs"]
mod settings;
#[path = "connector/spawned.rs"]
mod spawned;
mod support;
#[cfg(target_os = "linux")]
#[path = "connector/swallowed.rs"]
mod swallowed;
#[path = "connector/ways.rs"]
mod ways;
#[path = "connector/wrapped.rs"]
mod wrapped;
#[path = "connector/wrapped_buffers.rs"]
mod wrapped_buffers;
#[path = "connector/wrapped_datagrams.rs"]
mod wrapped_datagrams;
#[path = "connector/wrapped_fails.rs"]
mod wrapped_fails;
#[path = "connector/wrapped_hook.rs"]
mod wrapped_hook;
#[path = "connector/wrapped_late.rs"]
mod wrapped_late;
#[path = "connector/wrapped_tls.rs"]
mod wrapped_tls;

use anysocks::{Address, Connector, NoProxy, Proxy};
use messages::{BOUND, PASSWORD, Speaks};
use scene::{TARGET, assert_echo, behind, saying};
use std::io::Write;
use std::net::SocketAddr;
use support::case::Case;
use support::server::{Server, echo};
use ways::everywhere;

/// What the stream begins with.
fn word(mut stream: Box<dyn support::blocked::Tunnel>) -> String {
    let mut word = String::new();
    std::io::Read::read_to_string(&mut *stream, &mut word).expect("a word and the end");
    word
}

#[test]
fn through_a_proxy_of_any_version() {
    for kind in Speaks::ALL {
        for target in [TARGET, "192.0.2.1:443", "[2001:db8::7]:80"] {
            if kind == Speaks::Socks4 && target.starts_with('[') {
                continue;
            }
            everywhere(|way| {
                let _case = Case::new(format!("{kind:?} to {target}"));
                let server = Server::start(kind.connection(target), |mut client| {
                    client.write_all(b"banner").expect("a client that listens");
                    echo(client);
                });
                let connector = (way.new)(kind.at(server.addr).into());
                let (addr, stream) = connector.connect(target).expect("a tunnel");
                assert_eq!(addr, Address::Ip(BOUND.parse().expect("an address")));
                assert_echo(stream, b"banner");
                server.join();
            });
        }
    }
}

#[test]
fn a_rule_chooses_for_each_target() {
    let (one, two) = (Speaks::Password, Speaks::Socks4);
    let first = saying(one.connection("one.example:80"), "one");
    let second = saying(two.connection("192.0.2.9:25"), "two");
    let none = saying(vec![], "none");
    everywhere(|way| {
        let connector = (way.by_rule)(Box::new(move |target| match (target.domain(), target.port()) {
            (Some("one.example"), _) => Some(one.at(first)),
            (None, 25) => Some(two.at(second)),
            _ => None,
        }));
        for connector in [connector.another(), connector.no_proxy("x.example, 192.0.2.8")] {
            for (target, said) in [("one.example:80", "one"), ("192.0.2.9:25", "two")] {
                assert_eq!(word(connector.connect(target).expect("a tunnel").1), said);
            }
            assert_eq!(word(connector.connect(&none.to_string()).expect("a connection").1), "none");
        }
        // The rule is not called for exceptions.
        let always = (way.by_rule)(Box::new(move |_| Some(one.at(first)))).no_proxy("127.0.0.1");
        assert_eq!(word(always.connect(&none.to_string()).expect("a connection").1), "none");
    });
}

#[test]
fn a_list_of_exceptions() {
    let target = saying(vec![], "target");
    let behind_localhost = format!("localhost:{}", target.port());
    let (by_ip, by_name) = (target.to_string(), behind_localhost);
    let proxy_for = |target: &str| saying(Speaks::Socks5.connection(target), "proxy");
    let (ips, names) = (proxy_for(&by_ip), proxy_for(&by_name));
    everywhere(|way| {
        for (list, ip, name) in [
            ("", "proxy", "proxy"),
            ("127.0.0.0/8", "target", "proxy"),
            ("LOCALHOST", "proxy", "target"),
            ("*", "target", "target"),
            (&*format!("localhost:{}", target.port()), "proxy", "target"),
            ("localhost:1, 127.0.0.1:1", "proxy", "proxy"),
        ] {
            let _case = Case::new(list);
            for (proxy, target, said) in [(ips, &by_ip, ip), (names, &by_name, name)] {
                let connector = (way.new)(Speaks::Socks5.at(proxy).into()).no_proxy(list);
                assert_eq!(word(connector.connect(target).expect("a connection").1), said);
                // A later call replaces the exceptions.
                let connector = connector.no_proxy("x.example");
                assert_eq!(word(connector.connect(target).expect("a connection").1), "proxy");
            }
        }
    });
}

#[test]
fn clones_go_the_same_way() {
    let addr = saying(Speaks::Password.connection(TARGET), "proxy");
    everywhere(|way| {
        let connector = (way.new)(Speaks::Password.at(addr).into());
        let clone = connector.another();
        drop(connector);
        let threads = [clone.another(), clone].map(|connector| {
            std::thread::spawn(move || word(connector.connect(TARGET).expect("a tunnel").1))
        });
        for thread in threads {
            assert_eq!(thread.join().expect("no panic"), "proxy");
        }
    });
}

#[test]
fn a_connector_is_small_and_goes_everywhere() {
    fn check<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {
        assert_eq!(size_of::<T>(), size_of::<usize>());
    }
    check::<Connector<anysocks::blocking::Blocking>>();
    #[cfg(feature = "tokio")]
    check::<anysocks::tokio::Connector>();
    #[cfg(feature = "smol")]
    check::<anysocks::smol::Connector>();
    #[cfg(feature = "async-std")]
    check::<anysocks::async_std::Connector>();
}

#[test]
fn no_secret_is_shown() {
    let addr = SocketAddr::from(([127, 0, 0, 1], 1080));
    everywhere(|way| {
        let chain = behind(addr, &[Speaks::Password, Speaks::Password]);
        let secret: Proxy = Speaks::Password.at(addr);
        let connectors = [
            (way.new)(chain.clone()),
            (way.new)(chain).no_proxy("localhost"),
            (way.by_rule)(Box::new(move |_| Some(secret.clone()))),
            (way.direct)(),
        ];
        for connector in connectors {
            let shown = format!("{connector:?} {connector:#?}");
            assert!(shown.contains("Connector"), "{shown}");
            for telling in [PASSWORD, &format!("{:?}", PASSWORD.as_bytes())[1..20]] {
                assert!(!shown.contains(telling), "{shown}");
            }
        }
    });
}

#[test]
fn exceptions_are_a_value() {
    assert_eq!(NoProxy::new("a.example"), NoProxy::new(" .a.example , "));
}
