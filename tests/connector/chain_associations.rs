//! The associations of a chain: their requests, their ends, and mistakes.

use super::messages::{PASSWORD, Speaks};
use super::nest::{Kind, Nest, PATIENCE, PEER, PLAIN, Plan, SEALED, carried, inner, open, reply, through};
use super::scene::{BEHIND, Listening, Lonely, behind, chain, error, falling_silent, soon};
use super::ways::hooks::{Does, masked};
use super::ways::{at_once, everywhere};
use crate::fronts::association::Association;
use crate::support::case::Case;
use crate::support::script::{client, proxy};
use crate::support::toy::Level;
use anysocks::protocol::Command;
use anysocks::udp::AssociationEnd;
use anysocks::{ErrorKind, Invalid, Reply, Stage};
use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

const THREE: [Kind; 3] = [PLAIN, Kind::Speaks(Speaks::Password), PLAIN];
const CHAINS: &[&[Kind]] = &[&[PLAIN, PLAIN], &THREE, &[SEALED, SEALED, PLAIN]];

fn assert_ended(nest: &Nest, hop: usize, error: &io::Error, expected: AssociationEnd) {
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted, "{error:?}");
    let error = inner(error);
    assert_eq!((error.hop(), error.hops()), (Some(hop + 1), Some(nest.plan.kinds.len())), "{error}");
    assert_eq!(error.proxy(), Some(&*nest.urls()[hop]));
    assert_eq!(error.stage(), Stage::Association);
    assert!(!error.to_string().contains(PASSWORD), "{error}");
    let ErrorKind::AssociationEnded(end) = error.kind() else { panic!("{error:?}") };
    assert_eq!(*end, expected);
}

/// Calls that wait for the end, and return it.
type Wait = fn(&dyn Association) -> io::Error;

const WAITS: [Wait; 3] = [
    |association| association.recv_from(&mut [0; 64]).expect_err("the end"),
    |association| association.recv_batch(&mut anysocks::udp::RecvBatch::new(1)).expect_err("the end"),
    |association| association.closed(),
];

/// All that wait are woken, whichever association ends.
#[test]
fn each_end_is_noticed_by_all_that_wait() {
    everywhere(|way| {
        for kinds in CHAINS {
            for hop in 0..kinds.len() {
                let _case = Case::new(format!("the end at {hop} of {kinds:?}"));
                let nest = open(way, kinds);
                let waiting = WAITS.map(|wait| {
                    let another = nest.association.another();
                    soon(move || wait(&*another))
                });
                // No event shows that a thread is waiting now.
                thread::sleep(Duration::from_millis(10));
                nest.controls[hop].shutdown(Shutdown::Both).expect("an open connection");
                for ended in waiting {
                    assert_ended(&nest, hop, &ended(), AssociationEnd::Closed);
                }
                let late = nest.association.send_to(b"late", PEER).expect_err("the end");
                assert_ended(&nest, hop, &late, AssociationEnd::Closed);
            }
        }
    });
}

/// Datagrams before the end are received, and the first end is the one that counts.
#[test]
fn the_end_is_noticed_by_the_next_call() {
    everywhere(|way| {
        for hop in 0..THREE.len() {
            let nest = open(way, &THREE);
            nest.relays(PEER, b"before");
            (&nest.controls[hop]).write_all(b"\xFF").expect("an open connection");
            assert_eq!(nest.received(64).0, b"before");
            for _ in 0..2 {
                let ended = nest.association.recv_from(&mut [0; 64]).expect_err("the end");
                assert_ended(&nest, hop, &ended, AssociationEnd::UnexpectedData);
                // It may be closed already.
                let _ = nest.controls[(hop + 1) % 3].shutdown(Shutdown::Both);
            }
        }
    });
}

/// The proxies learn of the client's end by those of the connections.
#[test]
fn the_end_by_the_client() {
    through(CHAINS, Nest::assert_works);
    everywhere(|way| {
        let Nest { association, controls, .. } = open(way, &THREE);
        drop(association);
        for mut control in controls {
            assert_eq!(io::Read::read(&mut control, &mut [0]).expect("an end"), 0);
        }
    });
}

/// The TCP connections are wrapped, and the datagrams are not.
#[test]
fn over_wrapped_connections() {
    everywhere(|way| {
        let relay = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let bound = relay.local_addr().expect("an address").to_string();
        let [first, second] = [
            Speaks::Socks5.lines(3, "0.0.0.0:0", reply(&bound)),
            [
                Speaks::Socks5.connection(BEHIND[0]),
                Speaks::Socks5.lines(3, "0.0.0.0:0", reply("192.0.2.102:5002")),
            ]
            .concat(),
        ];
        let server = Listening::start(vec![masked(&first), masked(&second)]);
        let two = behind(server.addr, &[Speaks::Socks5; 2]);
        let connector = (way.wrapped)(two.into(), Box::new(|_| Does::Mask));
        let association = connector.associate().expect("an association");
        let controls = server.join();
        relay.connect(association.local_addr()).expect("a way to the client");
        relay.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let plan = Plan::of(&[PLAIN, PLAIN]);
        let first = controls[0].local_addr().expect("an address");
        let nest = Nest { association, relay, controls, plan, first };
        nest.assert_works();
        let another = nest.association.another();
        let ended = soon(move || another.recv_from(&mut [0; 64]).expect_err("the end"));
        nest.controls[0].shutdown(Shutdown::Both).expect("an open connection");
        assert_ended(&nest, 0, &ended(), AssociationEnd::Closed);
    });
}

/// Further requests are for the last proxy, over its own TCP connection.
#[test]
fn further_requests_are_the_last_proxys() {
    everywhere(|way| {
        for kinds in [[PLAIN, Kind::Toy(Level::Bare)], [SEALED, SEALED]] {
            let mut nest = open(way, &kinds);
            let mut last = nest.controls.pop().expect("a connection");
            let request = b"\x05\xF0\x00\x03\x01a\x00\x00";
            let lines = vec![client(request), proxy(Stage::Request, reply("192.0.2.9:0"))];
            let lines = kinds.iter().rev().fold(lines, |lines, kind| {
                if kind.is_sealed() { carried(Level::Framed, &lines) } else { lines }
            });
            let server = thread::spawn(move || {
                super::scene::play(&mut last, &lines).expect("the request");
                last
            });
            let answer = nest.association.request(Command::Resolve, "a:0").expect("an answer");
            assert_eq!(answer.to_string(), "192.0.2.9:0");
            let _last = server.join().expect("a server that is content");
            nest.assert_works();
        }
        let nest = open(way, &[Kind::Toy(Level::Bare), PLAIN]);
        let refused = error(nest.association.request(Command::Resolve, "a:0"));
        assert!(matches!(refused.kind(), ErrorKind::Invalid(Invalid::OneRequest)), "{refused:?}");
    });
}

#[test]
fn a_refusal_names_the_proxy() {
    let refusal = || vec![5, 7, 0, 1, 0, 0, 0, 0, 0, 0];
    for hop in 0..3 {
        everywhere(|way| {
            let _case = Case::new(format!("the refusal of {hop}"));
            let mut transcripts = Vec::new();
            for n in 0..=hop {
                let answer = if n == hop { refusal() } else { reply("127.0.0.1:9") };
                let connections = BEHIND[..n].iter().flat_map(|next| Speaks::Socks5.connection(next));
                transcripts.push(connections.chain(Speaks::Socks5.lines(3, "0.0.0.0:0", answer)).collect());
            }
            let server = Listening::start(transcripts);
            let three = behind(server.addr, &[Speaks::Socks5; 3]);
            let refused = error((way.new)(three.clone()).associate());
            assert_eq!(refused.reply(), Some(Reply::COMMAND_NOT_SUPPORTED), "{refused:?}");
            assert_eq!((refused.hop(), refused.hops()), (Some(hop + 1), Some(3)));
            assert_eq!(refused.proxy(), Some(&*three.hops()[hop].to_string()));
            assert_eq!(refused.target(), None);
            server.join();
        });
    }
}

/// SOCKS4 has no datagrams. Nothing is sent before that is found.
#[test]
fn socks4_and_other_mistakes() {
    use Speaks::{Socks4, Socks5};
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        for (kinds, hop, expected) in [
            (&[Socks4, Socks5][..], 1, Invalid::DatagramsThroughSocks4),
            (&[Socks5, Socks4, Socks5], 2, Invalid::DatagramsThroughSocks4),
            (&[Socks4, Socks4], 1, Invalid::DatagramsThroughSocks4),
            (&[Socks5, Socks4], 2, Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" }),
        ] {
            let failed = error((way.new)(behind(addr, kinds)).associate());
            assert!(
                matches!(failed.kind(), ErrorKind::Invalid(invalid) if *invalid == expected),
                "{failed:?}"
            );
            assert_eq!(failed.hop(), Some(hop), "{failed:?}");
        }
        let tls = chain([
            Socks5.at(addr).behind_tls(true),
            Socks5.at(BEHIND[0].parse::<SocketAddr>().expect("one")),
        ]);
        let failed = error((way.new)(tls).associate());
        assert!(matches!(failed.kind(), ErrorKind::Invalid(Invalid::TlsNotWrapped)), "{failed:?}");
        assert_eq!(failed.hop(), Some(1));
        let onion = anysocks::Endpoint::try_from("hidden.onion:1080").expect("an endpoint");
        let first = Socks5.at(addr).resolve(anysocks::Resolve::Locally);
        let failed = error((way.new)(chain([first, Socks5.at(onion)])).associate());
        assert!(matches!(failed.kind(), ErrorKind::Invalid(Invalid::OnionResolvedLocally)), "{failed:?}");
        lonely.assert_alone();
    });
}

/// One deadline is over all requests. It passes while the second proxy is silent.
#[test]
fn what_takes_too_long() {
    const LIMIT: Duration = Duration::from_secs(2);
    let silent = || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let addr = listener.local_addr().expect("an address");
        let lines = [
            Speaks::Socks5.lines(3, "0.0.0.0:0", reply("127.0.0.1:9")),
            Speaks::Socks5.connection(BEHIND[0]),
        ];
        thread::spawn(move || {
            let clients = lines.map(|lines| {
                let (mut client, _) = listener.accept().expect("a client");
                super::scene::play(&mut client, &lines).expect("a client that knows its part");
                client
            });
            thread::sleep(PATIENCE);
            drop(clients);
        });
        addr
    };
    at_once(|way| {
        let own = behind(silent(), &[Speaks::Socks5; 2]).timeout(LIMIT);
        let started = Instant::now();
        let late = soon({
            let connector = (way.new)(own);
            move || error(connector.associate())
        })();
        assert!(late.is_timeout() && started.elapsed() >= LIMIT, "{late:?}");
        assert_eq!((late.stage(), late.hop()), (Stage::MethodSelection, Some(2)));
        let second = Speaks::Socks5.at(BEHIND[0].parse::<SocketAddr>().expect("an address")).timeout(LIMIT);
        let late = error((way.new)(chain([Speaks::Socks5.at(silent()), second])).associate());
        assert_eq!((late.is_timeout(), late.hop()), (true, Some(2)), "{late:?}");
        let late =
            error((way.new)(behind(falling_silent(vec![]), &[Speaks::Socks5; 2]).timeout(LIMIT)).associate());
        assert_eq!((late.is_timeout(), late.hop()), (true, Some(1)), "{late:?}");
    });
}
