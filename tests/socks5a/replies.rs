//! Replies after a METHOD of SOCKS5a: the codes X'09' to X'10', and their details.

use crate::fronts::{FRONTS, Front};
use crate::parts::{PEER, TARGET, faulty, password, plain_tol, proxy, token};
use crate::reference::{Action, Details, Dummies, Fault, Reply, Server, Setup};
use crate::support::case::{Case, at_once};
use crate::support::clock::assert_on_time;
use anysocks::{Auth, Error, ErrorKind, Proxy, Stage};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// Code, and the details with their code.
type Expected<'a> = (u8, Option<(u16, &'a str)>);

fn text(code: u8) -> Reply {
    Reply::with_details(code, 258, "Rate limit: 100/h")
}

fn refusal(error: &Error) -> Expected<'_> {
    let ErrorKind::RefusedExtended { reply, details } = error.kind() else { panic!("{error:?}") };
    (reply.code(), details.as_ref().map(|details| (details.code, &*details.message)))
}

/// Both ways of a reply: in plain bytes, and in records.
fn ways() -> [(&'static str, Auth); 2] {
    [("plain", token().auth()), ("in records", plain_tol())]
}

type Ask = fn(&Front, &Proxy) -> Result<(), Error>;

/// Each request, the number of the reply that refuses it, and the stage.
const REQUESTS: [(&str, Ask, usize, Stage); 4] = [
    ("CONNECT", |front, proxy| (front.connect5)(proxy, TARGET), 0, Stage::Request),
    ("BIND", |front, proxy| (front.bind5)(proxy, PEER).map(drop), 0, Stage::Request),
    (
        "the second reply",
        |front, proxy| (front.bind5)(proxy, PEER)?.accept().map(drop),
        1,
        Stage::SecondReply,
    ),
    ("UDP ASSOCIATE", |front, proxy| (front.associate)(proxy).map(drop), 0, Stage::Request),
];

fn each(check: impl Fn(&Front, &Auth, Ask, usize, Stage)) {
    for front in FRONTS {
        for (way, auth) in ways() {
            for (request, ask, number, stage) in REQUESTS {
                let _case = Case::new(format!("{request}, {way}, on {}", front.name));
                check(front, &auth, ask, number, stage);
            }
        }
    }
}

#[test]
fn codes() {
    each(|front, auth, ask, number, stage| {
        for code in 0x09..=0x10 {
            let server = faulty([Fault::Reply(number, text(code))]);
            let error = ask(front, &proxy(server.addr, auth.clone())).expect_err("a refusal");
            assert_eq!(refusal(&error), (code, Some((258, "Rate limit: 100/h"))));
            assert_eq!(error.stage(), stage);
            assert_eq!(error.is_retryable(), matches!(code, 0x0A | 0x0C | 0x10), "{code:02X}");
            server.finish().only();
        }
    });
}

/// The other codes have no details, and mean what they mean without SOCKS5a.
#[test]
fn other_codes() {
    each(|front, auth, ask, number, _| {
        for code in [0x01, 0x08, 0x11, 0xFF] {
            let server = faulty([Fault::Reply(number, text(code))]);
            let error = ask(front, &proxy(server.addr, auth.clone())).expect_err("a refusal");
            assert!(matches!(error.kind(), ErrorKind::Refused(_)), "{error:?}");
            assert_eq!(error.reply().map(anysocks::Reply::code), Some(code));
            server.finish().only();
        }
    });
}

#[test]
fn details() {
    let long = "é".repeat(512);
    let raw = |bytes: &[u8]| Details::Raw(bytes.into());
    let sized = |len: u16, bytes: &[u8]| Details::Raw([&[1][..], &len.to_be_bytes(), bytes].concat());
    each(|front, auth, ask, number, _| {
        let table: Vec<(Details, Option<(u16, &str)>)> = vec![
            (Details::None, None),
            (Details::Text(7, String::new()), Some((7, ""))),
            (Details::Text(0, long.clone()), Some((0, &long))),
            (Details::Text(1, "a\r\n\u{1b}[31mb".into()), Some((1, r"a\r\n\u{1b}[31mb"))),
            (sized(5, b"\x00\x01a\xFFb"), Some((1, "a\u{FFFD}b"))),
            (Details::Plain(Ipv4Addr::LOCALHOST, 1080), None),
            (sized(0, &[0; 4]), None),
            (sized(1, &[0; 4]), None),
            (sized(1_027, &[b'a'; 1_027]), None),
            (sized(0xFFFF, &[b'a'; 100]), None),
            (raw(b"\x00\x00\x00"), None),
            (raw(b"\x03\x01a\x00\x50"), None),
            (raw(&[&[4][..], &[0; 18]].concat()), None),
        ];
        for (details, expected) in table {
            let shown = format!("{details:02X?}");
            let _case = Case::new(&shown[..shown.len().min(80)]);
            let server = faulty([Fault::Reply(number, Reply::Refused(0x0A, details))]);
            let error = ask(front, &proxy(server.addr, auth.clone())).expect_err("a refusal");
            assert_eq!(refusal(&error), (0x0A, expected));
            assert!(!error.to_string().chars().any(char::is_control), "{error}");
            // A reply that is longer than it says may reset the connection.
            server.finish().clean();
        }
    });
}

/// The code is known from its byte on, whatever happens while details are awaited.
#[test]
fn cut_details() {
    let len = text(0x0A).encode().len();
    each(|front, auth, ask, number, _| {
        for cut in [2, 3, 4, 5, 6, 7, 8, len - 1] {
            for action in [Action::Close, Action::Reset] {
                let _case = Case::new(format!("{cut} bytes, {action:?}"));
                let server = faulty([Fault::Reply(number, text(0x0A)), Fault::Cut(cut, action)]);
                let error = ask(front, &proxy(server.addr, auth.clone())).expect_err("a refusal");
                assert_eq!(refusal(&error), (0x0A, None));
                server.finish().only();
            }
        }
        for cut in [0, 1] {
            let _case = Case::new(format!("{cut} bytes"));
            let server = faulty([Fault::Reply(number, text(0x0A)), Fault::Cut(cut, Action::Close)]);
            let error = ask(front, &proxy(server.addr, auth.clone())).expect_err("an end");
            assert!(matches!(error.kind(), ErrorKind::EndedEarly { .. }), "{error:?}");
            server.finish().only();
        }
    });
}

/// Silence, and dummies without end.
#[test]
fn details_that_never_come() {
    let cases: Vec<_> = FRONTS.iter().flat_map(|front| ways().map(|way| (front, way))).collect();
    let limit = Duration::from_secs(1);
    at_once(
        &cases,
        |(front, (way, _))| format!("{way}, on {}", front.name),
        |(front, (way, auth))| {
            for action in [Action::Silence, Action::Dummies] {
                if action == Action::Dummies && *way == "plain" {
                    continue;
                }
                for (cut, is_known) in [(1, false), (2, true), (9, true)] {
                    let server = faulty([Fault::Reply(0, text(0x0C)), Fault::Cut(cut, action)]);
                    let proxy = proxy(server.addr, auth.clone()).timeout(limit);
                    let started = Instant::now();
                    let error = (front.connect5)(&proxy, TARGET).expect_err("a refusal");
                    assert_on_time(started, limit);
                    if is_known {
                        assert_eq!(refusal(&error), (0x0C, None));
                    } else {
                        assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
                    }
                    server.finish().only();
                }
            }
        },
    );
}

/// Each byte by itself, and dummies around each record.
#[test]
fn details_in_pieces() {
    each(|front, auth, ask, number, _| {
        let mut setup = Setup { faults: vec![Fault::Reply(number, text(0x0A))], ..Setup::default() };
        setup.tol.dummies = Dummies::Everywhere(3);
        setup.tol.split = 1;
        let crumbs = Setup { faults: [&setup.faults[..], &[Fault::Crumbs]].concat(), ..setup.clone() };
        for setup in [setup, crumbs] {
            let server = Server::start(setup);
            let error = ask(front, &proxy(server.addr, auth.clone())).expect_err("a refusal");
            assert_eq!(refusal(&error), (0x0A, Some((258, "Rate limit: 100/h"))));
            server.finish().only();
        }
    });
}

/// Without a METHOD of SOCKS5a, the codes are unassigned.
#[test]
fn without_a_method_of_socks5a() {
    let credentials = Auth::password(password());
    for auth in [Auth::none(), credentials] {
        for front in FRONTS {
            for code in 0x09..=0x10 {
                let _case = Case::new(format!("{auth:?}, {code:02X}, on {}", front.name));
                let server = faulty([Fault::Reply(0, text(code))]);
                let error = (front.connect5)(&proxy(server.addr, auth.clone()), TARGET);
                let error = error.expect_err("a refusal");
                assert!(matches!(error.kind(), ErrorKind::Refused(_)), "{error:?}");
                assert_eq!(error.reply().map(anysocks::Reply::code), Some(code));
                assert!(!error.is_retryable());
                server.finish().only();
            }
        }
    }
}
