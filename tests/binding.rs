//! BIND through a proxy that was dialled, on every front end.

mod fronts;
mod support;

use anysocks::{Address, ErrorKind, Proxy, Resolve, Stage};
use fronts::listening::Listening;
use fronts::{FRONTS, Front};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};
use support::blocked::send;
use support::case::{self, Case};
use support::clock::assert_on_time;
use support::script::{Line, client, proxy};
use support::server::Server;

const PEER: &str = "192.0.2.1:80";

/// One of the two versions: its BIND call and its messages.
struct Protocol {
    name: &'static str,
    at: fn(std::net::SocketAddr) -> Proxy,
    bind: fn(&Front, &Proxy, &str) -> Box<dyn Listening>,
    greeting: &'static [(&'static [u8], &'static [u8])],
    request: &'static [u8],
    /// A reply with this IPv4 address.
    reply: fn([u8; 4], u16) -> Vec<u8>,
}

const PROTOCOLS: [Protocol; 2] = [
    Protocol {
        name: "SOCKS5",
        at: |addr| Proxy::socks5(addr).expect("a proxy"),
        bind: |front, proxy, peer| (front.bind5)(proxy, peer).expect("a listener"),
        greeting: &[(&[5, 1, 0], &[5, 0])],
        request: b"\x05\x02\x00\x01\xC0\x00\x02\x01\x00\x50",
        reply: |ip, port| [&[5, 0, 0, 1], &ip[..], &port.to_be_bytes()].concat(),
    },
    Protocol {
        name: "SOCKS4",
        at: |addr| Proxy::socks4(addr).expect("a proxy"),
        bind: |front, proxy, peer| (front.bind4)(proxy, peer).expect("a listener"),
        greeting: &[],
        request: b"\x04\x02\x00\x50\xC0\x00\x02\x01\0",
        reply: |ip, port| [&[0, 90], &port.to_be_bytes()[..], &ip].concat(),
    },
];

impl Protocol {
    fn lines(&self, first: Vec<u8>) -> Vec<Line> {
        let greeting = self.greeting.iter();
        let mut lines: Vec<_> = greeting
            .flat_map(|(said, answer)| [client(*said), proxy(Stage::MethodSelection, *answer)])
            .collect();
        lines.extend([client(self.request), proxy(Stage::Request, first)]);
        lines
    }
}

fn everywhere(check: impl Fn(&Front, &Protocol)) {
    for front in FRONTS {
        for protocol in &PROTOCOLS {
            let _case = Case::new(format!("{} on {}", protocol.name, front.name));
            check(front, protocol);
        }
    }
}

/// The same on all of them at once, which then wait for the end of a limit together.
fn at_once(check: impl Fn(&Front, &Protocol) + Sync) {
    let all: Vec<_> = FRONTS.iter().flat_map(|front| PROTOCOLS.map(|protocol| (front, protocol))).collect();
    let name = |(front, protocol): &(&Front, Protocol)| format!("{} on {}", protocol.name, front.name);
    case::at_once(&all, name, |(front, protocol)| check(front, protocol));
}

/// A proxy that sends the given pieces, one after the other, and then echoes.
fn told(lines: Vec<Line>) -> (Server<()>, Sender<Vec<u8>>) {
    let (tell, told) = channel::<Vec<u8>>();
    let server = Server::start(lines, move |mut client| {
        for piece in told {
            client.write_all(&piece).expect("a client that listens");
        }
        support::server::echo(client);
    });
    (server, tell)
}

fn ip(addr: &str) -> Address {
    Address::Ip(addr.parse().expect("an address"))
}

#[test]
fn a_peer_is_accepted() {
    everywhere(|front, protocol| {
        let first = (protocol.reply)([192, 0, 2, 7], 12345);
        let (server, tell) = told(protocol.lines(first));
        let mut listener = (protocol.bind)(front, &(protocol.at)(server.addr), PEER);
        assert_eq!(
            (listener.bound(), listener.raw_bound()),
            (&ip("192.0.2.7:12345"), &ip("192.0.2.7:12345"))
        );
        tell.send([(protocol.reply)([192, 0, 2, 1], 40000), b"banner".to_vec()].concat()).expect("a proxy");
        drop(tell);
        let mut accept = listener.accept().expect("the peer");
        assert_eq!((accept.peer, accept.bound), (ip("192.0.2.1:40000"), ip("192.0.2.7:12345")));
        send(&mut *accept.stream, b"hello").expect("an open stream");
        let mut heard = [0; 11];
        accept.stream.read_exact(&mut heard).expect("the banner and an echo");
        assert_eq!(&heard, b"bannerhello");
        let over = listener.accept_within(Duration::from_secs(1)).err().expect("a second peer");
        assert!(matches!(over.kind(), ErrorKind::Over) && over.stage() == Stage::SecondReply, "{over:?}");
        drop(accept.stream);
        server.join();
    });
}

/// The address for the peer must be one that it can connect to.
#[test]
fn an_unspecified_address_is_the_proxys() {
    everywhere(|front, protocol| {
        let (server, tell) = told(protocol.lines((protocol.reply)([0; 4], 12345)));
        let mut listener = (protocol.bind)(front, &(protocol.at)(server.addr), PEER);
        assert_eq!((listener.bound(), listener.raw_bound()), (&ip("127.0.0.1:12345"), &ip("0.0.0.0:12345")));
        tell.send((protocol.reply)([0; 4], 0)).expect("a proxy");
        drop(tell);
        let accept = listener.accept().expect("the peer");
        // A host that the proxy does not name is not the proxy.
        assert_eq!((&accept.peer, &accept.bound), (&ip("0.0.0.0:0"), &ip("127.0.0.1:12345")));
        drop(accept);
        server.join();
    });
}

#[test]
fn an_unspecified_address_of_ipv6_is_the_proxys() {
    for front in FRONTS {
        for (at, told, bound) in [
            (IpAddr::from(Ipv6Addr::LOCALHOST), Ipv6Addr::UNSPECIFIED, "[::1]:12345"),
            (Ipv6Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.to_ipv6_mapped(), "[::1]:12345"),
            (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED, "127.0.0.1:12345"),
            (Ipv4Addr::LOCALHOST.into(), "2001:db8::7".parse().expect("an address"), "[2001:db8::7]:12345"),
        ] {
            let _case = Case::new(format!("{told} by {at} on {}", front.name));
            let first = [&[5, 0, 0, 4], &told.octets()[..], &12345_u16.to_be_bytes()].concat();
            let server = Server::start_at(at, PROTOCOLS[0].lines(first), |_| ());
            let listener = (front.bind5)(&server.proxy(), PEER).expect("a listener");
            assert_eq!(listener.bound(), &ip(bound));
            assert_eq!(listener.raw_bound(), &Address::Ip((told, 12345).into()));
            server.join();
        }
    }
}

/// It is not looked up, not even one that every machine knows.
#[test]
fn a_name_stays_a_name() {
    for (front, resolve) in
        FRONTS.iter().flat_map(|front| [(front, Resolve::ByProxy), (front, Resolve::Locally)])
    {
        let _case = Case::new(format!("{}, {resolve:?}", front.name));
        let first = *b"\x05\x00\x00\x03\x09localhost\x30\x39";
        let server = Server::start(PROTOCOLS[0].lines(first.to_vec()), |_| ());
        let listener = (front.bind5)(&server.proxy().resolve(resolve), PEER).expect("a listener");
        assert_eq!(listener.bound(), &Address::Name(b"localhost".to_vec().into(), 12345));
        assert_eq!(listener.bound(), listener.raw_bound());
        server.join();
    }
}

/// The bytes of a second reply that arrived before the timeout are kept.
#[test]
fn a_wait_that_is_limited_can_be_begun_again() {
    let limit = Duration::from_millis(60);
    everywhere(|front, protocol| {
        let (server, tell) = told(protocol.lines((protocol.reply)([192, 0, 2, 7], 12345)));
        let mut listener = (protocol.bind)(front, &(protocol.at)(server.addr), PEER);
        let second = (protocol.reply)([192, 0, 2, 1], 40000);
        for piece in [&[][..], &second[..1], &second[1..4]] {
            tell.send(piece.to_vec()).expect("a proxy");
            let started = Instant::now();
            let late = listener.accept_within(limit).err().expect("nobody has come yet");
            assert_on_time(started, limit);
            assert!(matches!(late.kind(), ErrorKind::TimedOut) && late.is_timeout(), "{late:?}");
            assert_eq!(late.stage(), Stage::SecondReply);
        }
        tell.send([&second[4..], b"banner"].concat()).expect("a proxy");
        drop(tell);
        let mut accept = listener.accept_within(Duration::MAX).expect("the peer");
        assert_eq!(accept.peer, ip("192.0.2.1:40000"));
        // Nothing of the limit is left behind: a read waits for as long as it takes.
        send(&mut *accept.stream, b"hello").expect("an open stream");
        let mut heard = [0; 11];
        accept.stream.read_exact(&mut heard).expect("the banner and an echo");
        assert_eq!(&heard, b"bannerhello");
        drop(accept.stream);
        server.join();
    });
}

/// A proxy that sends single bytes without end times out all the same.
#[test]
fn a_second_reply_that_drips() {
    let limit = Duration::from_millis(100);
    for front in FRONTS {
        let _case = Case::new(front.name);
        let first = (PROTOCOLS[0].reply)([192, 0, 2, 7], 12345);
        let server = Server::start(PROTOCOLS[0].lines(first), |mut client| {
            let second = [&b"\x05\x00\x00\x03\xFF"[..], &[b'a'; 255]].concat();
            for byte in second {
                if client.write_all(&[byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let mut listener = (front.bind5)(&server.proxy(), PEER).expect("a listener");
        let started = Instant::now();
        let late = listener.accept_within(limit).err().expect("no peer");
        assert_on_time(started, limit);
        assert!(late.is_timeout(), "{late:?}");
        drop(listener);
        server.join();
    }
}

#[test]
fn a_proxy_that_hangs_up() {
    everywhere(|front, protocol| {
        let second = (protocol.reply)([192, 0, 2, 1], 40000);
        for came in 0..second.len() {
            let lines = protocol.lines((protocol.reply)([192, 0, 2, 7], 12345));
            let part = second[..came].to_vec();
            let server = Server::start(lines, move |mut client| client.write_all(&part).expect("a client"));
            let mut listener = (protocol.bind)(front, &(protocol.at)(server.addr), PEER);
            let error = listener.accept().err().expect("no peer");
            assert_eq!(error.stage(), Stage::SecondReply);
            let ErrorKind::EndedEarly { received } = *error.kind() else { panic!("{error:?}") };
            assert_eq!(received, came);
            server.join();
        }
    });
}

/// The name of the expected peer is looked up here, and does not leave this machine.
#[test]
fn the_peers_name_is_resolved_locally_where_that_is_asked_for() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = Server::start(Vec::new(), |mut client| {
            let mut greeting = [0; 3];
            client.read_exact(&mut greeting).expect("a greeting");
            client.write_all(&[5, 0]).expect("a client");
            let mut request = vec![0; 64];
            let n = client.read(&mut request).expect("a request");
            client.write_all(&(PROTOCOLS[0].reply)([192, 0, 2, 7], 12345)).expect("a client");
            request[..n].to_vec()
        });
        (front.bind5)(&server.proxy().resolve(Resolve::Locally), "localhost:80").expect("a listener");
        let request = server.join();
        let v4 = *b"\x05\x02\x00\x01\x7F\x00\x00\x01\x00\x50";
        let v6 = *b"\x05\x02\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50";
        assert!(request == v4 || request == v6, "{}", request.escape_ascii());

        let request = client(*b"\x04\x02\x00\x50\x7F\x00\x00\x01\0");
        let server = Server::start(vec![request, proxy(Stage::Request, [0, 90, 0, 1, 1, 2, 3, 4])], |_| ());
        let at = Proxy::socks4(server.addr).expect("a proxy").resolve(Resolve::Locally);
        (front.bind4)(&at, "localhost:80").expect("a listener");
        server.join();
    }
}

/// The proxy's time limit is for the first reply, and a peer may take its time after that.
#[test]
fn the_proxys_limit_does_not_cover_the_peer() {
    let limit = Duration::from_secs(1);
    at_once(|front, protocol| {
        let lines = protocol.lines((protocol.reply)([192, 0, 2, 7], 12345));
        let second = (protocol.reply)([192, 0, 2, 1], 40000);
        let server = Server::start(lines, move |mut client| {
            std::thread::sleep(limit + limit / 2);
            client.write_all(&second).expect("a client");
        });
        let proxy = (protocol.at)(server.addr).timeout(limit);
        let mut listener = (protocol.bind)(front, &proxy, PEER);
        listener.accept().expect("the peer");
        server.join();
    });
}
