//! Where the relays of later proxies are, and whose datagrams are theirs.

use super::messages::{Speaks, field};
use super::nest::{Nest, PATIENCE, PEER, PLAIN, Plan, address, packet, reply};
use super::scene::{Listening, chain, error};
use super::ways::{Way, everywhere};
use crate::support::case::Case;
use anysocks::udp::{Options, Relay};
use anysocks::{Address, Chain, Endpoint, ErrorKind, Proxy, Resolve, Stage};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// A second proxy: its endpoint, its options, and whether the first one resolves names.
struct Second {
    endpoint: &'static str,
    policy: fn() -> Relay,
    resolve: Resolve,
    bound: &'static str,
}

impl Second {
    fn chain(&self, first: SocketAddr) -> Chain {
        let endpoint = Endpoint::try_from(self.endpoint).expect("an endpoint");
        let options = Options::new().relay((self.policy)());
        chain([Speaks::Socks5.at(first).resolve(self.resolve), Speaks::Socks5.at(endpoint).udp(options)])
    }

    /// The messages of both connections.
    fn transcripts(&self, relay: &str, declared: &str) -> Vec<Vec<crate::support::script::Line>> {
        // A name that this machine resolves is requested as its address.
        let asked = match self.resolve {
            Resolve::Locally => self.endpoint.replace("localhost", "127.0.0.1"),
            _ => self.endpoint.to_owned(),
        };
        vec![
            Speaks::Socks5.lines(3, "0.0.0.0:0", reply(relay)),
            [Speaks::Socks5.connection(&asked), Speaks::Socks5.lines(3, declared, reply(self.bound))]
                .concat(),
        ]
    }

    fn open(&self, way: &Way, declared: &str, expected: &str) -> Nest {
        let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let bound = relay.local_addr().expect("an address").to_string();
        let server = Listening::start(self.transcripts(&bound, declared));
        let first = server.addr;
        let association = (way.new)(self.chain(first)).associate().expect("an association");
        relay.connect(association.local_addr()).expect("a way to the client");
        relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        assert_eq!(*association.bound_addr(), address(self.bound));
        let plan = Plan { relays: vec![expected.to_owned()], ..Plan::of(&[PLAIN, PLAIN]) };
        Nest { association, relay, controls: server.join(), plan, first }
    }
}

const SECOND: Second = Second {
    endpoint: "192.0.2.2:1080",
    policy: || Relay::Told,
    resolve: Resolve::ByProxy,
    bound: "192.0.2.9:5000",
};

#[test]
fn found_by_the_policy_of_its_proxy() {
    let v6 = "[2001:db8::2]:1080";
    let named = "inner.example:1080";
    let by_name = || {
        Relay::by(|_, ip| {
            assert_eq!(ip, None);
            Address::Name(b"by.example".to_vec().into(), 7)
        })
    };
    for (second, declared, expected) in [
        (SECOND, "0.0.0.0:0", "192.0.2.9:5000"),
        (Second { bound: "0.0.0.0:5000", ..SECOND }, "0.0.0.0:0", "192.0.2.2:5000"),
        (Second { bound: "[::]:5000", ..SECOND }, "0.0.0.0:0", "192.0.2.2:5000"),
        (Second { bound: "0.0.0.0:5000", endpoint: v6, ..SECOND }, "[::]:0", "[2001:db8::2]:5000"),
        (Second { bound: "0.0.0.0:5000", endpoint: named, ..SECOND }, "0.0.0.0:0", "inner.example:5000"),
        (Second { policy: || Relay::ProxyAddress, ..SECOND }, "0.0.0.0:0", "192.0.2.2:5000"),
        (
            Second { policy: || Relay::ProxyAddress, endpoint: named, ..SECOND },
            "0.0.0.0:0",
            "inner.example:5000",
        ),
        (Second { policy: || Relay::AsIs, bound: "0.0.0.0:5000", ..SECOND }, "0.0.0.0:0", "0.0.0.0:5000"),
        (Second { policy: by_name, endpoint: named, ..SECOND }, "0.0.0.0:0", "by.example:7"),
        (Second { bound: "relay.example:5000", ..SECOND }, "0.0.0.0:0", "relay.example:5000"),
        // Names that this machine resolves for the first proxy.
        (
            Second {
                bound: "localhost:5000",
                resolve: Resolve::Locally,
                endpoint: "10.0.0.2:1080",
                ..SECOND
            },
            "0.0.0.0:0",
            "127.0.0.1:5000",
        ),
        // An internal address of a public proxy means its own, also behind a name.
        (
            Second { bound: "localhost:5000", resolve: Resolve::Locally, ..SECOND },
            "0.0.0.0:0",
            "192.0.2.2:5000",
        ),
        (
            Second { bound: "0.0.0.0:5000", endpoint: "localhost:1080", resolve: Resolve::Locally, ..SECOND },
            "0.0.0.0:0",
            "127.0.0.1:5000",
        ),
    ] {
        everywhere(|way| {
            let _case = Case::new(format!("{} of {} at {expected}", second.bound, second.endpoint));
            second.open(way, declared, expected).assert_works();
        });
    }
}

/// The relay of a name is known by its port, because relays report addresses.
#[test]
fn the_source_of_a_relay_with_a_name() {
    everywhere(|way| {
        let second = Second { bound: "Relay.example:5000", ..SECOND };
        let nest = second.open(way, "0.0.0.0:0", "Relay.example:5000");
        let from = |source: &str| [packet(source, b""), packet(PEER, source.as_bytes())].concat();
        let admitted = ["192.0.2.9:5000", "[2001:db8::9]:5000", "relay.EXAMPLE:5000"];
        for source in admitted {
            nest.says(&from("192.0.2.9:5001"));
            nest.says(&from("other.example:5000"));
            nest.says(&from(source));
            assert_eq!(nest.received(64), (source.as_bytes().to_vec(), address(PEER)));
        }
        assert_eq!(nest.association.dropped(), 2 * admitted.len() as u64);
    });
}

/// Some relays report another source than the next relay. It is for the options of their proxy to
/// admit it.
#[test]
fn any_source() {
    everywhere(|way| {
        for hop in 0..2 {
            let options = |n: usize| Options::new().any_source(n == hop);
            let nest = Plan::of(&[PLAIN, PLAIN]).open(|both| {
                let proxies = both
                    .hops()
                    .iter()
                    .enumerate()
                    .map(|(n, proxy): (usize, &Proxy)| proxy.clone().udp(options(n)));
                (way.new)(chain(proxies))
            });
            nest.association.connect(PEER).expect("a peer");
            let outer = [packet("198.51.100.1:1", b""), packet(PEER, b"outer")].concat();
            let inner = nest.nested("198.51.100.1:1", b"inner");
            for datagram in [&outer, &inner, &nest.nested(PEER, b"good")] {
                nest.says(datagram);
            }
            let expected: &[u8] = if hop == 0 { b"outer" } else { b"inner" };
            assert_eq!(nest.received(64).0, expected);
            assert_eq!(nest.received(64).0, b"good");
            assert_eq!(nest.association.dropped(), 1);
        }
    });
}

#[test]
fn no_relay() {
    for bound in ["192.0.2.9:0", "224.0.0.1:5000", "255.255.255.255:5000", "relay.example:0", "a b:5000"] {
        everywhere(|way| {
            let _case = Case::new(bound);
            let second = Second { bound, ..SECOND };
            let relay = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let server = Listening::start(
                second.transcripts(&relay.local_addr().expect("one").to_string(), "0.0.0.0:0"),
            );
            let failed = error((way.new)(second.chain(server.addr)).associate());
            assert_eq!((failed.stage(), failed.hop(), failed.hops()), (Stage::Association, Some(2), Some(2)));
            assert!(matches!(failed.kind(), ErrorKind::NoRelay { .. }), "{failed:?}");
            server.join();
        });
    }
    assert_eq!(field("a b:5000")[0], 3, "a name");
}
