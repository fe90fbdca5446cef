//! The resolution of names in a chain.

use super::messages::{BOUND, Speaks};
use super::scene::{BEHIND, TARGET, assert_echo, chain, error, invalid, play, serving};
use super::ways::{at_once, everywhere};
use crate::support::server::{Server, echo};
use anysocks::{Chain, Endpoint, ErrorKind, Invalid, Proxy, Reply, Resolve, Stage};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

fn named(kind: Speaks, name: &str, port: u16) -> Proxy {
    kind.at(Endpoint::try_from((name, port)).expect("a name"))
}

#[test]
fn the_proxy_before_looks_up_the_name_of_the_next() {
    for kind in Speaks::ALL {
        everywhere(|way| {
            let lines = [kind.connection("inner.example:1080"), Speaks::Socks5.connection(TARGET)].concat();
            let server = Server::start(lines, echo);
            let hops = [kind.at(server.addr), named(Speaks::Socks5, "inner.example", 1080)];
            let (_, stream) = (way.new)(chain(hops)).connect(TARGET).expect("a tunnel");
            assert_echo(stream, b"");
            server.join();
        });
    }
}

#[test]
fn this_machine_looks_it_up_where_that_is_asked_for() {
    // SOCKS4 takes IPv4 alone, whatever else the name has.
    let lines = [Speaks::Socks4.connection("127.0.0.1:1080"), Speaks::Socks5.connection(TARGET)].concat();
    everywhere(|way| {
        let server = Server::start(lines.clone(), echo);
        let first = Speaks::Socks4.at(server.addr).resolve(Resolve::Locally);
        let hops = [first, named(Speaks::Socks5, "localhost", 1080)];
        let (_, stream) = (way.new)(chain(hops)).connect(TARGET).expect("a tunnel");
        assert_echo(stream, b"");
        server.join();
    });
}

/// The first proxy tries them in turn. Those that it can't carry are left out.
#[test]
fn every_address_of_the_next_proxy_is_tried() {
    let addrs = ["[2001:db8::2]:1080", "192.0.2.2:1080", "192.0.2.3:1080"];
    let addrs = addrs.map(|addr| addr.parse::<SocketAddr>().expect("an address"));
    for kind in Speaks::ALL {
        everywhere(|way| {
            let (report, asked) = channel();
            let addr = serving(move |mut client| {
                play(&mut client, &kind.greeting()).expect("a greeting");
                let mut request = [0; 64];
                let n = client.read(&mut request).expect("a request");
                let last = kind.request(1, "192.0.2.3:1080");
                report.send(request[..n].to_vec()).expect("a test that waits");
                if request[..n] == last {
                    client.write_all(&kind.granted(BOUND)).expect("a client");
                    play(&mut client, &Speaks::Socks5.connection(TARGET)).expect("the second proxy's part");
                } else {
                    client.write_all(&kind.refused()).expect("a client");
                }
            });
            let hops = [kind.at(addr), Proxy::socks5(addrs).expect("a proxy")];
            (way.new)(chain(hops)).connect(TARGET).expect("a tunnel");
            let skipped = usize::from(kind == Speaks::Socks4);
            let expected = addrs[skipped..].iter().map(|addr| kind.request(1, &addr.to_string()));
            assert!(asked.try_iter().eq(expected), "{kind:?}");
        });
    }
}

#[test]
fn names_that_this_machine_does_not_find() {
    let addr = serving(|mut client| drop(client.read(&mut [0])));
    everywhere(|way| {
        let locally = Speaks::Socks5.at(addr).resolve(Resolve::Locally);
        let hops = [locally.clone(), named(Speaks::Socks5, "nonexistent.invalid", 1080)];
        let failed = error((way.new)(chain(hops)).connect(TARGET));
        assert_eq!((failed.stage(), failed.hop()), (Stage::Resolve, Some(1)), "{failed:?}");
        let hops = [named(Speaks::Socks5, "nonexistent.invalid", 1080), Speaks::Socks5.at(addr)];
        let failed = error((way.new)(chain(hops)).connect(TARGET));
        assert_eq!((failed.stage(), failed.hop()), (Stage::Resolve, Some(1)), "{failed:?}");
        let hops = [locally.clone(), named(Speaks::Socks5, "hidden.onion", 1080)];
        assert_eq!(invalid((way.new)(chain(hops)).connect(TARGET)), Invalid::OnionResolvedLocally);
        let hops = [Speaks::Socks5.at(addr), locally];
        assert_eq!(invalid((way.new)(chain(hops)).connect("hidden.onion:80")), Invalid::OnionResolvedLocally);
    });
}

/// It is found before this machine looks up any other name.
#[test]
fn onion_services_are_not_asked_for_on_any_hop() {
    let locally = |name| named(Speaks::Socks5, name, 1080).resolve(Resolve::Locally);
    let nowhere = "nonexistent.invalid";
    everywhere(|way| {
        for (hops, target, hop) in [
            (vec![locally("hidden.onion")], "nonexistent.invalid:80", None),
            (vec![locally(nowhere)], "hidden.onion:80", None),
            (vec![locally("Hidden.ONION."), locally(nowhere)], TARGET, Some(1)),
            (vec![locally(nowhere), locally("hidden.onion")], TARGET, Some(1)),
            (vec![locally(nowhere), locally(nowhere), locally("hidden.onion")], TARGET, Some(2)),
            (vec![locally(nowhere), locally(nowhere)], "hidden.onion:80", Some(2)),
        ] {
            let connector = (way.new)(chain(hops));
            for failed in [error(connector.connect(target)), error(connector.bind(target))] {
                assert_eq!((failed.stage(), failed.hop()), (Stage::Preparation, hop), "{failed:?}");
                assert_eq!(invalid(Err::<(), _>(failed)), Invalid::OnionResolvedLocally);
            }
        }
        let connector = (way.new)(locally("hidden.onion").into());
        assert_eq!(invalid(connector.associate()), Invalid::OnionResolvedLocally);
        assert_eq!(invalid((way.resolve)(&locally("hidden.onion"), "name")), Invalid::OnionResolvedLocally);
        // The proxy before it resolves it, and is not there.
        let asked = chain([named(Speaks::Socks5, nowhere, 1080), locally("hidden.onion")]);
        assert_eq!(error((way.new)(asked).connect(TARGET)).stage(), Stage::Resolve);
    });
}

/// The addresses that the system finds for this machine.
fn localhost() -> Vec<SocketAddr> {
    ("localhost", 80).to_socket_addrs().expect("a resolver").collect()
}

/// Two proxies that report the requests of the second one, which a function answers.
fn asked(reply: fn(usize) -> Vec<u8>) -> (SocketAddr, Receiver<Vec<u8>>) {
    let (report, requests) = channel();
    let addr = serving(move |mut client: TcpStream| {
        let before = [Speaks::Socks4.connection(BEHIND[0]), Speaks::Socks5.greeting()].concat();
        play(&mut client, &before).expect("a client that knows its part");
        let mut request = [0; 100];
        let n = client.read(&mut request).expect("a request");
        let last = localhost().last().map(|addr| Speaks::Socks5.request(1, &addr.to_string()));
        let number = usize::from(last.as_deref() == Some(&request[..n]));
        report.send(request[..n].to_vec()).expect("a test that goes on");
        client.write_all(&reply(number)).expect("a client that listens");
    });
    (addr, requests)
}

fn local(addr: SocketAddr) -> Chain {
    let last = Speaks::Socks5.at(BEHIND[0].parse::<SocketAddr>().expect("an address"));
    chain([Speaks::Socks4.at(addr), last.resolve(Resolve::Locally)])
}

#[test]
fn each_address_of_the_target_goes_through_all_of_them() {
    let expected: Vec<_> =
        localhost().iter().map(|addr| Speaks::Socks5.request(1, &addr.to_string())).collect();
    everywhere(|way| {
        let (addr, requests) = asked(|_| Speaks::Socks5.refused());
        let error = error((way.new)(local(addr)).connect("localhost:80"));
        assert_eq!((error.hop(), error.reply()), (Some(2), Some(Reply::V5(4))), "{error:?}");
        assert_eq!(requests.try_iter().collect::<Vec<_>>(), expected);
        // Only the last address is granted.
        let (addr, requests) = asked(|last| match last {
            0 => Speaks::Socks5.refused(),
            _ => Speaks::Socks5.granted(BOUND),
        });
        (way.new)(local(addr)).connect("localhost:80").expect("a tunnel");
        assert_eq!(requests.try_iter().collect::<Vec<_>>(), expected);
    });
}

#[test]
fn another_address_does_not_help_against_a_proxy_on_the_way() {
    everywhere(|way| {
        let (report, clients) = channel();
        let addr = serving(move |mut client| {
            report.send(()).expect("a test that goes on");
            play(&mut client, &Speaks::Socks4.lines(1, BEHIND[0], Speaks::Socks4.refused()))
                .expect("a client that knows its part");
        });
        let error = error((way.new)(local(addr)).connect("localhost:80"));
        assert_eq!((error.hop(), error.reply()), (Some(1), Some(Reply::V4(91))), "{error:?}");
        assert_eq!(clients.try_iter().count(), 1);
    });
}

#[test]
fn all_addresses_together_have_the_time_of_an_only_proxy() {
    let limit = Duration::from_secs(3);
    let addr = serving(|mut client| {
        if play(&mut client, &Speaks::Socks5.greeting()).is_err() {
            return;
        }
        let _ = client.read(&mut [0; 100]);
        thread::sleep(Duration::from_secs(2));
        let _ = client.write_all(&Speaks::Socks5.refused());
    });
    at_once(|way| {
        let proxy = Speaks::Socks5.at(addr).resolve(Resolve::Locally).timeout(limit);
        let error = error((way.new)(proxy.into()).connect("localhost:80"));
        let several = localhost().len() > 1;
        assert_eq!((error.is_timeout(), error.reply().is_some()), (several, !several), "{error:?}");
        assert!(several || matches!(error.kind(), ErrorKind::Refused(_)), "{error:?}");
    });
}
