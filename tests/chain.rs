//! Several proxies, each behind the one before it: on every front end.

#[path = "connector/chain_associations.rs"]
mod associations;
#[path = "connector/chain_datagrams.rs"]
mod datagrams;
#[path = "connector/chain_deadlines.rs"]
mod deadlines;
#[path = "connector/chain_errors.rs"]
mod errors;
mod fronts;
#[path = "connector/chain_hops.rs"]
mod hops;
#[path = "connector/chain_limits.rs"]
mod limits;
#[path = "connector/messages.rs"]
mod messages;
#[path = "connector/chain_mistakes.rs"]
mod mistakes;
#[path = "connector/chain_names.rs"]
mod names;
#[path = "connector/nest.rs"]
mod nest;
#[path = "connector/chain_relays.rs"]
mod relays;
#[path = "connector/scene.rs"]
mod scene;
#[path = "connector/chain_sealed.rs"]
mod sealed;
mod support;
#[path = "connector/chain_urls.rs"]
mod urls;
#[path = "connector/ways.rs"]
mod ways;

use anysocks::{Address, Chain};
use messages::{BOUND, Speaks, glued};
use scene::{TARGET, assert_echo, behind, chain, dialogue, mixtures, relay, serving};
use std::io::Write;
use support::case::Case;
use support::script::{Line, Manner, Script, Stall};
use support::server::{Server, echo};
use ways::everywhere;

const BANNER: &[u8] = b"banner of the target";

fn bound() -> Address {
    Address::Ip(BOUND.parse().expect("an address"))
}

#[test]
fn each_proxy_hears_its_own_handshake_alone() {
    let kinds = [Speaks::Password, Speaks::Socks4, Speaks::Socks5];
    for reversed in [false, true] {
        let mut kinds = kinds;
        if reversed {
            kinds.reverse();
        }
        everywhere(|way| {
            let target = Server::start(vec![], |mut client| {
                client.write_all(BANNER).expect("a client");
                echo(client);
            });
            let third = relay(kinds[2].connection(TARGET), target.addr);
            let second = relay(kinds[1].connection(&third.addr.to_string()), third.addr);
            let first = relay(kinds[0].connection(&second.addr.to_string()), second.addr);
            let servers = [&first, &second, &third];
            let hops = kinds.iter().zip(servers).map(|(kind, server)| kind.at(server.addr));
            let connector = (way.new)(chain(hops));
            let (addr, stream) = connector.connect(TARGET).expect("a tunnel");
            assert_eq!(addr, bound());
            assert_echo(stream, BANNER);
            for server in [first, second, third, target] {
                server.join();
            }
        });
    }
}

#[test]
fn nothing_is_read_that_is_for_the_next() {
    for kinds in mixtures() {
        let lines = dialogue(&kinds, TARGET);
        everywhere(|way| {
            for lines in [lines.clone(), glued(&lines, b"")] {
                let _case = Case::new(format!("{kinds:?}: {lines:?}"));
                let server = Server::start(lines, |mut client| {
                    client.set_nodelay(true).expect("a socket");
                    client.write_all(BANNER).expect("a client");
                    echo(client);
                });
                let (addr, stream) =
                    (way.new)(behind(server.addr, &kinds)).connect(TARGET).expect("a tunnel");
                assert_eq!(addr, bound());
                assert_echo(stream, BANNER);
                server.join();
            }
        });
    }
}

#[test]
fn however_the_stream_behaves() {
    let manners = [
        Manner { glued: true, ..Manner::default() },
        Manner { crumbs: true, ..Manner::default() },
        Manner { glued: true, crumbs: true, stall: Some(Stall::Interrupted), ..Manner::default() },
        Manner { buffered: true, ..Manner::default() },
    ];
    // The proxy is dialled, but the handshake goes to the script.
    let addr = serving(drop);
    for kinds in mixtures() {
        let lines = dialogue(&kinds, TARGET);
        let replies = |line: &Line| if let Line::Proxy(_, bytes) = line { bytes.len() } else { 0 };
        let limit = lines.iter().map(replies).sum();
        everywhere(|way| {
            for manner in manners {
                let _case = Case::new(format!("{kinds:?}, {manner:?}"));
                let script = Script::new(&lines, BANNER, manner).guarded(limit);
                (way.over)(behind(addr, &kinds), script.clone(), TARGET, b"").expect("a tunnel");
                assert_eq!(script.state().unread(), BANNER);
                assert!(script.state().beyond.is_empty());
            }
        });
    }
}

#[test]
fn one_proxy_is_a_chain() {
    everywhere(|way| {
        for kind in Speaks::ALL {
            let server = Server::start(kind.connection(TARGET), echo);
            let (_, stream) = (way.new)(behind(server.addr, &[kind])).connect(TARGET).expect("a tunnel");
            assert_echo(stream, b"");
            server.join();
        }
    });
}

#[cfg(unix)]
#[test]
fn the_first_may_be_a_unix_domain_socket() {
    use anysocks::Endpoint;
    let path = std::env::temp_dir().join(format!("anysocks-chain-{}", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&path).expect("a listener");
    let kinds = [Speaks::Password, Speaks::Socks4];
    let lines = dialogue(&kinds, TARGET);
    let server = std::thread::spawn(move || {
        for client in listener.incoming().take(ways::WAYS.len()) {
            let mut client = client.expect("a client");
            scene::play(&mut client, &lines).expect("a client that knows its part");
            client.write_all(b"word").expect("a client that listens");
        }
    });
    everywhere(|way| {
        let second = scene::BEHIND[0].parse::<std::net::SocketAddr>().expect("an address");
        let hops = [kinds[0].at(Endpoint::from(&*path)), kinds[1].at(second)];
        let (_, mut stream) = (way.new)(chain(hops)).connect(TARGET).expect("a tunnel");
        let mut word = [0; 4];
        std::io::Read::read_exact(&mut *stream, &mut word).expect("a word");
        assert_eq!(&word, b"word");
    });
    server.join().expect("a server that is content");
    std::fs::remove_file(&path).expect("the socket");
}

#[test]
fn what_a_chain_says_of_itself() {
    let addr = std::net::SocketAddr::from(([127, 0, 0, 1], 1080));
    let chain: Chain = behind(addr, &[Speaks::Password, Speaks::Socks4, Speaks::Socks5]);
    let urls = format!("socks5h://user@{addr}, socks4a://me@192.0.2.2:1080, socks5h://192.0.2.3:1080");
    assert_eq!(chain.to_string(), urls);
    let hops: Vec<_> = chain.hops().iter().map(ToString::to_string).collect();
    assert_eq!(hops.join(", "), urls);
    let shown = format!("{chain:?} {chain:#?}");
    assert!(!shown.contains(messages::PASSWORD), "{shown}");
    assert!(!shown.contains(&format!("{:?}", messages::PASSWORD.as_bytes())), "{shown}");
}
