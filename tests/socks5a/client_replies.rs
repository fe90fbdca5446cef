//! Replies that end a client: refusals, malformed ones, and those of a proxy out of turn.

use crate::client::{setup, target};
use crate::fronts::FRONTS;
use crate::fronts::client::Client;
use crate::parts::{plain_tol, proxy, token};
use crate::reference::{Fault, Reply, Server, Setup};
use crate::scene::error;
use crate::support::case::Case;
use anysocks::{Auth, Error, ErrorKind, PoolId, Stage};

pub(crate) type Ask = fn(Client) -> (Option<Client>, Result<(), Error>);

/// Each call. Those that end the client return none.
pub(crate) const CALLS: [(&str, Ask); 5] = [
    ("KEEP_ALIVE", |mut client| {
        let outcome = client.keep_alive();
        (Some(client), outcome)
    }),
    ("DNS_RESOLVE", |mut client| {
        let outcome = client.resolve("db.example").map(drop);
        (Some(client), outcome)
    }),
    ("POOL_NEW", |mut client| {
        let outcome = client.pool_new(target()).map(drop);
        (Some(client), outcome)
    }),
    ("POOL_GET", |client| {
        let id = PoolId::new("id").expect("an identifier");
        (None, client.pool_get(&id).map(drop))
    }),
    ("CONNECT", |client| (None, client.connect(target()).map(drop))),
];

/// No request follows the failure, if the call has not taken the client.
#[track_caller]
pub(crate) fn assert_over(client: impl Into<Option<Client>>) {
    let Some(mut client) = client.into() else { return };
    let over = |error: Error| {
        assert!(matches!(error.kind(), ErrorKind::Over), "{error:?}");
        assert_eq!(error.stage(), Stage::Request);
        assert!(error.proxy().is_some());
    };
    over(client.keep_alive().expect_err("it is over"));
    over(client.resolve("db.example").expect_err("it is over"));
    over(client.pool_new(target()).expect_err("it is over"));
    over(error(client.connect(target())));
}

fn each(check: impl Fn(&dyn Fn(&Server) -> Client, &str, Ask)) {
    for auth in [token().auth(), plain_tol()] {
        for front in FRONTS {
            for (name, call) in CALLS {
                let _case = Case::new(format!("{name}, {auth:?}, on {}", front.name));
                let open = |server: &Server| {
                    (front.client)(&proxy(server.addr, Auth::clone(&auth))).expect("a connection")
                };
                check(&open, name, call);
            }
        }
    }
}

/// A refusal of the second request, with its details.
#[test]
fn refused() {
    each(|open, name, call| {
        for code in (1..=0x11).chain([0xFF]) {
            let own = Fault::Reply(1, Reply::with_details(code, 7, "why"));
            let server = Server::start(Setup { faults: vec![own], ..setup() });
            let mut client = open(&server);
            client.keep_alive().expect("a reply");
            let (client, outcome) = call(client);
            let refused = outcome.expect_err("a refusal");
            assert_eq!(refused.reply().map(anysocks::Reply::code), Some(code));
            let details = match refused.kind() {
                ErrorKind::RefusedExtended { details, .. } => {
                    details.as_ref().map(|own| (own.code, &*own.message))
                }
                ErrorKind::Refused(_) => None,
                _ => panic!("{refused:?}"),
            };
            assert_eq!(details, (0x09..=0x10).contains(&code).then_some((7, "why")));
            let later = [0x01, 0x0A, 0x0C, 0x10].contains(&code);
            assert_eq!(refused.is_retryable(), later || is_retryable(code), "{code:02X}");
            assert_eq!(refused.stage(), Stage::Request);
            let subject = match name {
                "KEEP_ALIVE" => None,
                "DNS_RESOLVE" => Some("db.example"),
                "POOL_GET" => Some("pool identifier of 2 bytes"),
                _ => Some("example.com:80"),
            };
            assert_eq!(refused.target(), subject);
            assert!(refused.proxy().is_some());
            assert_over(client);
            // The server flags any byte behind a refusal.
            assert_eq!(server.finish().only().requests.len(), 2);
        }
    });
}

/// What the codes of RFC 1928 mean for CONNECT without SOCKS5a.
fn is_retryable(code: u8) -> bool {
    matches!(code, 0x01 | 0x03 | 0x04 | 0x05 | 0x06)
}

/// Each name that the proxy does not know.
#[test]
fn unknown_names() {
    for auth in [token().auth(), plain_tol()] {
        for front in FRONTS {
            let _case = Case::new(format!("{auth:?} on {}", front.name));
            let server = Server::start(setup());
            let mut client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
            let refused = client.resolve("unknown.example").expect_err("a refusal");
            assert_eq!(refused.reply(), Some(anysocks::Reply::HOST_UNREACHABLE));
            assert_over(client);
            server.finish().only();
        }
    }
}

const SHORT: &[u8] = b"\x05\0\0\0\0\0";
const IPV4: &[u8] = b"\x05\0\0\x01\xC0\0\x02\x07\0\x50";
const IPV6: &[u8] = b"\x05\0\0\x04\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\0\x50";
const NAME: &[u8] = b"\x05\0\0\x03\x01a\0\x50";
const NO_NAME: &[u8] = b"\x05\0\0\x03\0\0\x50";
const UNIX: &[u8] = b"\x05\0\0\x05\x01a\0\0";

/// The malformed field of each granted reply, and its byte, or `None` if it is sound.
fn malformed(name: &str, reply: &[u8]) -> Option<(&'static str, u8)> {
    match (name, reply) {
        (_, UNIX) => Some(("ATYP", 5)),
        ("KEEP_ALIVE", _) => None,
        (_, SHORT) => Some(("ATYP", 0)),
        ("DNS_RESOLVE", NAME | NO_NAME) => Some(("ATYP", 3)),
        ("POOL_NEW", IPV4) => Some(("ATYP", 1)),
        ("POOL_NEW", IPV6) => Some(("ATYP", 4)),
        ("POOL_NEW", NO_NAME) => Some(("LEN", 0)),
        _ => None,
    }
}

#[test]
fn of_each_address() {
    each(|open, name, call| {
        for reply in [SHORT, IPV4, IPV6, NAME, NO_NAME, UNIX] {
            let faults = vec![Fault::ReplyBytes(0, reply.into())];
            let server = Server::start(Setup { faults, ..pooled() });
            let (client, outcome) = call(open(&server));
            match malformed(name, reply) {
                None => {
                    outcome.unwrap_or_else(|error| panic!("{reply:02X?}: {error:?}"));
                    if let Some(mut client) = client {
                        client.keep_alive().expect("a reply");
                    }
                }
                Some((field, byte)) => {
                    let error = outcome.expect_err("a malformed reply");
                    let found = match error.kind() {
                        ErrorKind::Malformed { field, byte } => (*field, *byte),
                        _ => panic!("{reply:02X?}: {error:?}"),
                    };
                    assert_eq!(found, (field, byte), "{reply:02X?}");
                    assert!(error.proxy().is_some() && error.stage() == Stage::Request);
                    assert_over(client);
                }
            }
            server.finish().clean();
        }
    });
}

/// A server whose replies are all scripted.
fn pooled() -> Setup {
    Setup { faults: Vec::new(), ..setup() }
}

/// A reply with another version, and bytes behind a reply that no tunnel follows.
#[test]
fn out_of_turn() {
    each(|open, name, call| {
        let faults = vec![Fault::ReplyBytes(0, b"\x04\0\0\x01\0\0\0\0\0\0".into())];
        let server = Server::start(Setup { faults, ..setup() });
        let (client, outcome) = call(open(&server));
        let error = outcome.expect_err("another version");
        assert!(matches!(error.kind(), ErrorKind::Malformed { field: "VER", byte: 4 }), "{error:?}");
        assert_over(client);
        server.finish().clean();

        let mut setup = Setup { faults: vec![Fault::BehindReply(0, b"banner".into())], ..setup() };
        setup.tol.split = 65_535;
        let server = Server::start(setup);
        let mut client = open(&server);
        client.keep_alive().expect("a reply");
        let (client, outcome) = call(client);
        let error = outcome.expect_err("bytes before the request");
        let plain = matches!(error.kind(), ErrorKind::Malformed { field: "VER", byte: b'b' });
        assert!(plain || matches!(error.kind(), ErrorKind::Encapsulation(_)), "{name}: {error:?}");
        assert_over(client);
        server.finish().clean();
    });
}
