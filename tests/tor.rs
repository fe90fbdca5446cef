//! Tor's own commands, RESOLVE and `RESOLVE_PTR`: on every front end.

mod fronts;
#[path = "connector/messages.rs"]
mod messages;
#[path = "connector/scene.rs"]
mod scene;
mod support;
#[path = "connector/ways.rs"]
mod ways;

use anysocks::{Error, ErrorKind, Invalid, Name, Proxy, Reply, Stage};
use messages::{PASSWORD, Speaks, subnegotiation};
use scene::{Lonely, error, invalid};
use std::io::Read;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use support::case::Case;
use support::clock::assert_on_time;
use support::script::{Line, client, proxy};
use support::server::Server;
use ways::{Way, at_once, everywhere};

/// The outcome of a lookup.
enum Outcome {
    Found(&'static str),
    Refused(Reply),
    /// The answer is of this type, which it can't be.
    Wrong(u8),
    /// The proxy closed the connection after this number of bytes.
    Short(usize),
}

impl Outcome {
    fn assert_failed(&self, error: &Error, at: &Proxy) {
        let fits = match (self, error.kind()) {
            (Self::Refused(expected), ErrorKind::Refused(reply)) => reply == expected,
            (Self::Wrong(atyp), ErrorKind::Malformed { field, byte }) => *field == "ATYP" && byte == atyp,
            (Self::Short(n), ErrorKind::EndedEarly { received }) => received == n,
            _ => false,
        };
        assert!(fits && error.stage() == Stage::Request, "{error:?}");
        assert_eq!(error.proxy(), Some(&*at.to_string()));
    }
}

fn lines(kind: Speaks, request: &[u8], reply: &[u8]) -> Vec<Line> {
    [kind.greeting(), vec![client(request), proxy(Stage::Request, reply)]].concat()
}

const REQUEST5: &[u8] = b"\x05\xF0\x00\x03\x0Bexample.com\x00\x00";
const REQUEST4: &[u8] = b"\x04\xF0\x00\x00\x00\x00\x00\x01me\x00example.com\x00";

const ANSWERS: [(Speaks, &[u8], Outcome); 15] = [
    (Speaks::Socks5, b"\x05\0\0\x01\xC0\x00\x02\x01\0\0", Outcome::Found("192.0.2.1")),
    (Speaks::Password, b"\x05\0\0\x01\xC0\x00\x02\x01\0\0", Outcome::Found("192.0.2.1")),
    (
        Speaks::Socks5,
        b"\x05\0\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\0\0",
        Outcome::Found("2001:db8::7"),
    ),
    (Speaks::Socks5, b"\x05\0\0\x01\0\0\0\0\xFF\xFF", Outcome::Found("0.0.0.0")),
    (Speaks::Socks4, b"\0\x5A\0\0\xC0\x00\x02\x01", Outcome::Found("192.0.2.1")),
    (Speaks::Socks4, b"\0\x5A\x12\x34\0\0\0\0", Outcome::Found("0.0.0.0")),
    (Speaks::Socks5, b"\x05\0\0\x03\x0Bexample.org\0\0", Outcome::Wrong(3)),
    (Speaks::Socks5, b"\x05\0\0\x02\x0Bexample.org\0\0", Outcome::Wrong(2)),
    (Speaks::Socks5, b"\x05\x04\0\x01\0\0\0\0\0\0", Outcome::Refused(Reply::HOST_UNREACHABLE)),
    // As Tor refuses: no address of any type behind it.
    (Speaks::Socks5, b"\x05\x04\0\0\0\0\0\0\0\0", Outcome::Refused(Reply::HOST_UNREACHABLE)),
    (Speaks::Password, b"\x05\xF4\0\0\0\0\0\0\0\0", Outcome::Refused(Reply::ONION_AUTH_MISSING)),
    (Speaks::Socks5, b"\x05\x07\0\x01\0\0\0\0\0\0", Outcome::Refused(Reply::COMMAND_NOT_SUPPORTED)),
    (Speaks::Socks4, b"\0\x5B\0\0\0\0\0\0", Outcome::Refused(Reply::REJECTED)),
    (Speaks::Socks5, b"\x05\0\0\x01\xC0\x00\x02\x01", Outcome::Short(8)),
    (Speaks::Socks4, b"\0\x5A\0\0\xC0", Outcome::Short(5)),
];

#[test]
fn an_address_of_a_name() {
    for (kind, reply, outcome) in &ANSWERS {
        let request = if *kind == Speaks::Socks4 { REQUEST4 } else { REQUEST5 };
        everywhere(|way| {
            let _case = Case::new(format!("{kind:?}: {reply:?}"));
            let server = Server::start(lines(*kind, request, reply), |_| ());
            let at = kind.at(server.addr);
            match ((way.resolve)(&at, "example.com"), outcome) {
                (Ok(ip), Outcome::Found(found)) => assert_eq!(ip.to_string(), *found),
                (Ok(ip), _) => panic!("{ip}"),
                (Err(error), outcome) => outcome.assert_failed(&error, &at),
            }
            server.join();
        });
    }
}

#[test]
fn names_of_all_kinds() {
    let long = "a.".repeat(127) + "b";
    for name in ["a", "localhost", "hidden.onion", "xn--bcher-kva.example", "example.com.", &long] {
        for kind in Speaks::ALL {
            everywhere(|way| {
                let _case = Case::new(format!("{kind:?}: {name}"));
                let request = kind.request(0xF0, &format!("{name}:0"));
                let server = Server::start(lines(kind, &request, &kind.granted("192.0.2.1:0")), |_| ());
                assert_eq!(
                    (way.resolve)(&kind.at(server.addr), name).expect("an address").to_string(),
                    "192.0.2.1"
                );
                server.join();
            });
        }
    }
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        for (name, mistake) in [("", Invalid::NameEmpty), (&*"a".repeat(256), Invalid::NameTooLong(256))] {
            for kind in Speaks::ALL {
                assert_eq!(invalid((way.resolve)(&kind.at(addr), name)), mistake);
            }
        }
        lonely.assert_alone();
    });
}

const PTR4: &[u8] = b"\x05\xF1\x00\x01\xC0\x00\x02\x01\x00\x00";
const PTR6: &[u8] = b"\x05\xF1\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x00\x00";

/// The address, the messages, and the name.
type Pointer = (&'static str, &'static [u8], &'static [u8], Result<&'static [u8], Outcome>);

const NAMES: [Pointer; 10] = [
    ("192.0.2.1", PTR4, b"\x05\0\0\x03\x0Bexample.org\0\0", Ok(b"example.org")),
    ("2001:db8::7", PTR6, b"\x05\0\0\x03\x0Bexample.org\0\0", Ok(b"example.org")),
    // It comes from the proxy, and may have any bytes.
    ("192.0.2.1", PTR4, b"\x05\0\0\x03\x04\x1B[\xFF\0\0\0", Ok(b"\x1B[\xFF\0")),
    ("192.0.2.1", PTR4, b"\x05\0\0\x03\x00\0\0", Ok(b"")),
    ("192.0.2.1", PTR4, b"\x05\0\0\x01\xC0\x00\x02\x01\0\0", Err(Outcome::Wrong(1))),
    (
        "2001:db8::7",
        PTR6,
        b"\x05\0\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\0\0",
        Err(Outcome::Wrong(4)),
    ),
    ("192.0.2.1", PTR4, b"\x05\x04\0\0\0\0\0\0\0\0", Err(Outcome::Refused(Reply::HOST_UNREACHABLE))),
    ("192.0.2.1", PTR4, b"\x05\x07\0\x01\0\0\0\0\0\0", Err(Outcome::Refused(Reply::COMMAND_NOT_SUPPORTED))),
    ("192.0.2.1", PTR4, b"\x05\0\0\x03\x0Bexample", Err(Outcome::Short(12))),
    ("192.0.2.1", PTR4, b"", Err(Outcome::Short(0))),
];

#[test]
fn the_name_of_an_address() {
    for kind in [Speaks::Socks5, Speaks::Password] {
        for (ip, request, reply, outcome) in &NAMES {
            everywhere(|way| {
                let _case = Case::new(format!("{kind:?}, {ip}: {reply:?}"));
                let server = Server::start(lines(kind, request, reply), |_| ());
                let at = kind.at(server.addr);
                match ((way.resolve_ptr)(&at, ip.parse().expect("an address")), outcome) {
                    (Ok(name), Ok(found)) => assert_eq!(name, Name::from(found.to_vec())),
                    (Ok(name), Err(_)) => panic!("{name}"),
                    (Err(error), Err(outcome)) => outcome.assert_failed(&error, &at),
                    (Err(error), Ok(_)) => panic!("{error:?}"),
                }
                server.join();
            });
        }
    }
}

#[test]
fn socks4_knows_no_names_of_addresses() {
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        let found = (way.resolve_ptr)(&Speaks::Socks4.at(addr), IpAddr::from([192, 0, 2, 1]));
        assert_eq!(invalid(found), Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" });
        lonely.assert_alone();
    });
}

#[test]
fn an_isolated_lookup() {
    let lines = [
        client([5, 1, 2]),
        proxy(Stage::MethodSelection, [5, 2]),
        client(subnegotiation("<torS0X>0", "alice")),
        proxy(Stage::Authentication, [1, 0]),
        client(REQUEST5),
        proxy(Stage::Request, Speaks::Socks5.granted("192.0.2.1:0")),
    ];
    everywhere(|way| {
        let server = Server::start(lines.to_vec(), |_| ());
        let alice = server.proxy().isolated("alice").expect("a token");
        assert_eq!((way.resolve)(&alice, "example.com").expect("an address").to_string(), "192.0.2.1");
        server.join();
    });
}

/// A lookup that fails on the way to its answer.
fn assert_stage(way: &Way, lines: Vec<Line>, stage: Stage) {
    let server = Server::start(lines, |_| ());
    let at = Speaks::Password.at(server.addr);
    let failed = error((way.resolve)(&at, "example.com"));
    assert_eq!(failed.stage(), stage, "{failed:?}");
    assert!(!format!("{failed} {failed:?}").contains(PASSWORD));
    server.join();
}

#[test]
fn failures_on_the_way() {
    everywhere(|way| {
        let refused = [client([5, 2, 0, 2]), proxy(Stage::MethodSelection, [5, 0xFF])];
        assert_stage(way, refused.to_vec(), Stage::MethodSelection);
        let mut wrong = Speaks::Password.greeting();
        wrong[3] = proxy(Stage::Authentication, [1, 1]);
        assert_stage(way, wrong, Stage::Authentication);
        let (addr, _socket) = scene::deserted();
        assert_eq!(error((way.resolve)(&Speaks::Socks5.at(addr), "example.com")).stage(), Stage::Dial);
        let nobody = error((way.resolve_ptr)(&Speaks::Socks5.at(addr), IpAddr::from([192, 0, 2, 1])));
        assert_eq!(nobody.stage(), Stage::Dial);
    });
}

#[test]
fn the_limit_covers_all_of_it() {
    let addr = scene::serving(|mut client| {
        if scene::play(&mut client, &Speaks::Socks5.greeting()).is_ok() {
            let _ = client.read_to_end(&mut Vec::new());
        }
    });
    let limit = Duration::from_secs(1);
    at_once(|way| {
        let proxy = Speaks::Socks5.at(addr).timeout(limit);
        let started = Instant::now();
        let late = error((way.resolve)(&proxy, "example.com"));
        assert_on_time(started, limit);
        assert!(late.is_timeout() && late.stage() == Stage::Request, "{late:?}");
        let late = error((way.resolve_ptr)(&proxy, IpAddr::from([192, 0, 2, 1])));
        assert!(late.is_timeout() && late.stage() == Stage::Request, "{late:?}");
    });
}
