//! Streams that share no circuit of Tor with others: the credentials of each front end.

mod fronts;
#[path = "connector/messages.rs"]
mod messages;
#[path = "connector/scene.rs"]
mod scene;
mod support;
#[path = "connector/ways.rs"]
mod ways;

use anysocks::{Auth, Invalid, Proxy, Reply, Stage};
use messages::{Speaks, subnegotiation};
use scene::{TARGET, error, invalid, serving};
use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use support::script::{client, proxy};
use support::server::Server;
use ways::everywhere;

const USER: &str = "<torS0X>0";

/// METHODs and the sub-negotiation of a client.
type Said = (Vec<u8>, Vec<u8>);

/// A proxy that reports the bytes of each client, and grants every request.
fn reporting() -> (SocketAddr, Receiver<Said>) {
    let (report, reports) = channel();
    let addr = serving(move |mut client| {
        let head = read(&mut client, 2);
        let methods = read(&mut client, head[1].into());
        client.write_all(&[5, 2]).expect("a client that listens");
        let mut negotiation = read(&mut client, 2);
        negotiation.extend(read(&mut client, usize::from(negotiation[1]) + 1));
        negotiation.extend(read(&mut client, negotiation[negotiation.len() - 1].into()));
        client.write_all(&[1, 0]).expect("a client that listens");
        scene::play(&mut client, &Speaks::Socks5.connection(TARGET)[2..])
            .expect("a client that knows its part");
        report.send((methods, negotiation)).expect("a test that goes on");
    });
    (addr, reports)
}

fn read(client: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    client.read_exact(&mut bytes).expect("a client that goes on");
    bytes
}

#[test]
fn a_token_is_the_password() {
    let (addr, reports) = reporting();
    for token in ["alice", "", " ", "t\u{f6}k\u{e9}n\0", &"t".repeat(255)] {
        everywhere(|way| {
            let proxy = Proxy::socks5(addr).expect("a proxy").isolated(token).expect("a token");
            (way.connect5_with)(&proxy, TARGET, b"").expect("a tunnel");
            (way.new)(proxy.into()).connect(TARGET).expect("a tunnel");
            for _ in 0..2 {
                assert_eq!(reports.recv().expect("a client"), (vec![2], subnegotiation(USER, token)));
            }
        });
    }
}

/// The token of a client.
fn token(proxy: &Proxy, reports: &Receiver<Said>) -> Vec<u8> {
    anysocks::blocking::Socks5Stream::connect(proxy, TARGET).expect("a tunnel");
    let (methods, negotiation) = reports.recv().expect("a client");
    assert_eq!(methods, [2]);
    let (before, token) = negotiation.split_at(3 + USER.len());
    assert_eq!(before[..before.len() - 1], [&[1, 9], USER.as_bytes()].concat());
    assert_eq!(usize::from(before[before.len() - 1]), token.len());
    token.to_vec()
}

#[test]
fn without_one_it_is_random() {
    let (addr, reports) = reporting();
    let tor = Proxy::socks5(addr).expect("a proxy");
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let proxy = tor.clone().isolated_randomly().expect("random bytes");
        let own = token(&proxy, &reports);
        // 128 bits as text.
        assert!(own.len() == 32 && own.iter().all(u8::is_ascii_hexdigit), "{}", own.escape_ascii());
        // Every connection of it, and of its clones.
        assert_eq!(token(&proxy, &reports), own);
        assert_eq!(token(&proxy.clone(), &reports), own);
        let secret = String::from_utf8(own.clone()).expect("a text");
        let shown = format!("{proxy} {proxy:?} {proxy:#?}");
        assert!(!shown.contains(&secret) && !shown.contains(&format!("{own:?}")), "{shown}");
        assert!(seen.insert(own), "the same token again");
    }
}

#[test]
fn the_last_word_counts() {
    let (addr, reports) = reporting();
    let proxy = Proxy::socks5(addr).expect("a proxy").password("user", "secret").expect("credentials");
    let proxy = proxy.isolated("alice").expect("a token").isolated("bob").expect("a token");
    assert_eq!(token(&proxy, &reports), b"bob");
}

/// All messages in one write, if pipelining was set before.
#[test]
fn in_one_write() {
    let [request, refused] = [Speaks::Socks5.request(1, TARGET), Speaks::Socks5.refused()];
    let message = [&[5, 1, 2], &*subnegotiation(USER, "alice"), &request].concat();
    let answer = [&[5, 2, 1, 0], &*refused].concat();
    let lines = [client(message), proxy(Stage::Request, answer)];
    everywhere(|way| {
        let server = Server::start(lines.to_vec(), |_| ());
        let auth = Auth::none().pipelined(true);
        let tor = server.proxy().auth(auth).and_then(|tor| tor.isolated("alice")).expect("a proxy");
        assert_eq!(error((way.new)(tor.into()).connect(TARGET)).reply(), Some(Reply::HOST_UNREACHABLE));
        server.join();
    });
}

#[test]
fn tokens_that_cannot_be() {
    let tor = || Proxy::socks5("127.0.0.1:9050").expect("a proxy");
    assert_eq!(invalid(tor().isolated("t".repeat(256))), Invalid::PasswordTooLong(256));
    tor().isolated("t".repeat(255)).expect("a token");
    let v4 = || Proxy::socks4("127.0.0.1:9050").expect("a proxy");
    assert_eq!(invalid(v4().isolated("alice")), Invalid::PasswordOverSocks4);
    assert_eq!(invalid(v4().isolated_randomly()), Invalid::PasswordOverSocks4);
}
