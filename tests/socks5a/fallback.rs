//! URLs with a fallback to their host and port: asked for at once where nothing carries a URL, and
//! on a second connection after reply 08.

use crate::fronts::{FRONTS, Front};
use crate::parts::{PASSWORD, jitter, password, plain_tol, proxy, token, tol};
use crate::reference::{Action, Address, Fault, Point, Reply, Request, Server, Setup};
use crate::scene::error;
use crate::support::case::Case;
use crate::support::echo::assert_echoed;
use anysocks::socks5a::Obfuscation;
use anysocks::{Auth, Error, ErrorKind, Proxy, Resolve, Stage, Target, TargetUrl};
use std::net::IpAddr;

pub(crate) const BY_NAME: &str = "https://example.com/path?q=123";

pub(crate) fn with_fallback(url: &str) -> Target<'static> {
    TargetUrl::new(url).expect("a URL").with_fallback().into()
}

/// URLs, with their hosts and ports.
fn rows() -> [(&'static str, Address, u16); 3] {
    let ip = |text: &str| Address::Ip(text.parse().expect("an address"));
    [
        (BY_NAME, Address::Name(b"example.com".into()), 443),
        ("http://192.0.2.7:8080/", ip("192.0.2.7"), 8_080),
        ("wss://[2001:db8::7]", ip("2001:db8::7"), 443),
    ]
}

type Ask = fn(&Front, &Proxy, Target<'_>) -> Result<(), Error>;

const COMMANDS: [(u8, Ask); 2] = [
    (1, |front, proxy, target| {
        assert_echoed(&mut *(front.connect_to)(proxy, target)?, 300);
        Ok(())
    }),
    (2, |front, proxy, target| {
        let mut listener = (front.bind_to)(proxy, target)?;
        assert_echoed(&mut *listener.accept()?.stream, 300);
        Ok(())
    }),
];

fn each(auths: &[Auth], check: impl Fn(&Front, &Auth, u8, Ask)) {
    for auth in auths {
        for front in FRONTS {
            for (command, ask) in COMMANDS {
                let _case = Case::new(format!("command {command}, {auth:?}, on {}", front.name));
                check(front, auth, command, ask);
            }
        }
    }
}

fn extended() -> [Auth; 2] {
    [token().auth(), tol(Obfuscation::Full(jitter(1, 2))).auth().expect("a key")]
}

fn refuses_urls() -> Setup {
    Setup { unsupported: vec![7], ..Setup::default() }
}

/// Without SOCKS5a, whether or not one of its METHODs is offered: one connection, and no URL.
#[test]
fn with_a_plain_method() {
    let both = |plain: Auth| token().auth().or(plain).expect("two METHODs");
    let auths = [
        Auth::none(),
        Auth::password_only(password()),
        both(Auth::none()),
        both(Auth::password_only(password())),
        plain_tol().or(Auth::none()).expect("two METHODs"),
    ];
    each(&auths, |front, auth, command, ask| {
        for (url, address, port) in rows() {
            let server = Server::start(Setup { methods: vec![PASSWORD, 0], ..Setup::default() });
            ask(front, &proxy(server.addr, auth.clone()), with_fallback(url)).expect("a tunnel");
            assert_eq!(server.finish().only().requests, [Request { command, address, port }]);
        }
    });
}

/// A proxy that takes URLs gets them.
#[test]
fn not_needed() {
    each(&extended(), |front, auth, command, ask| {
        let server = Server::start(Setup::default());
        ask(front, &proxy(server.addr, auth.clone()), with_fallback(BY_NAME)).expect("a tunnel");
        let expected = Request { command, address: Address::Url(BY_NAME.into()), port: 443 };
        assert_eq!(server.finish().only().requests, [expected]);
    });
}

#[test]
fn after_reply_08() {
    each(&extended(), |front, auth, command, ask| {
        for (url, address, port) in rows() {
            let server = Server::start(refuses_urls());
            ask(front, &proxy(server.addr, auth.clone()), with_fallback(url)).expect("a tunnel");
            let connections = server.finish().clean();
            let requests: Vec<_> = connections.iter().map(|own| &own.requests[..]).collect();
            let by_url = Request { command, address: Address::Url(url.into()), port };
            assert_eq!(requests, [&[by_url][..], &[Request { command, address, port }]]);
        }
    });
}

#[test]
fn none_was_set() {
    each(&extended(), |front, auth, _, ask| {
        let server = Server::start(refuses_urls());
        let target = Target::url(BY_NAME).expect("a URL");
        let refused = error(ask(front, &proxy(server.addr, auth.clone()), target));
        assert!(matches!(refused.kind(), ErrorKind::Refused(_)), "{refused:?}");
        assert_eq!(refused.reply(), Some(anysocks::Reply::ADDRESS_TYPE_NOT_SUPPORTED));
        assert_eq!(refused.target(), Some("https://example.com/..."));
        server.finish().only();
    });
}

/// Only 08 says that the proxy does not know URLs.
#[test]
fn other_refusals() {
    each(&extended(), |front, auth, _, ask| {
        for code in (1..=0x11).filter(|code| *code != 8) {
            let server = Server::start(Setup {
                faults: vec![Fault::Reply(0, Reply::refused(code))],
                ..Setup::default()
            });
            let refused = error(ask(front, &proxy(server.addr, auth.clone()), with_fallback(BY_NAME)));
            assert_eq!(refused.reply().map(anysocks::Reply::code), Some(code));
            server.finish().only();
        }
        for action in [Action::Close, Action::Reset] {
            let faults = vec![Fault::At(Point::Reply, action)];
            let server = Server::start(Setup { faults, ..Setup::default() });
            let ended = error(ask(front, &proxy(server.addr, auth.clone()), with_fallback(BY_NAME)));
            assert_eq!((ended.reply(), ended.stage()), (None, Stage::Request));
            server.finish().only();
        }
    });
}

/// Reply 08 to the peer of a BIND that came is not about the URL.
#[test]
fn the_second_reply() {
    for auth in extended() {
        for front in FRONTS {
            let _case = Case::new(format!("{auth:?} on {}", front.name));
            let faults = vec![Fault::Reply(1, Reply::refused(8))];
            let server = Server::start(Setup { faults, ..Setup::default() });
            let listener = (front.bind_to)(&proxy(server.addr, auth.clone()), with_fallback(BY_NAME));
            let refused = error(listener.expect("a listener").accept());
            assert_eq!(refused.reply(), Some(anysocks::Reply::ADDRESS_TYPE_NOT_SUPPORTED));
            assert_eq!(refused.stage(), Stage::SecondReply);
            server.finish().only();
        }
    }
}

#[test]
fn a_second_reply_08_is_the_error() {
    each(&extended(), |front, auth, _, ask| {
        let faults = vec![Fault::Reply(0, Reply::refused(8))];
        let server = Server::start(Setup { faults, ..Setup::default() });
        let refused = error(ask(front, &proxy(server.addr, auth.clone()), with_fallback(BY_NAME)));
        assert_eq!(refused.reply(), Some(anysocks::Reply::ADDRESS_TYPE_NOT_SUPPORTED));
        assert_eq!(server.finish().clean().len(), 2);
    });
}

/// The addresses of `localhost`, as they are asked for.
fn is_local(address: &Address) -> bool {
    matches!(address, Address::Ip(ip) if *ip == IpAddr::from([127, 0, 0, 1]) || ip.is_loopback())
}

/// This machine resolves the name of the fallback, but not that of the URL.
#[test]
fn resolved_locally() {
    const URL: &str = "http://localhost:8080/";
    each(&[Auth::none()], |front, auth, _, ask| {
        let server = Server::start(Setup::default());
        let proxy = proxy(server.addr, auth.clone()).resolve(Resolve::Locally);
        ask(front, &proxy, with_fallback(URL)).expect("a tunnel");
        let request = &server.finish().only().requests[0];
        assert!(is_local(&request.address) && request.port == 8_080, "{request:?}");
    });
    each(&extended(), |front, auth, command, ask| {
        let server = Server::start(refuses_urls());
        let proxy = proxy(server.addr, auth.clone()).resolve(Resolve::Locally);
        ask(front, &proxy, with_fallback(URL)).expect("a tunnel");
        let connections = server.finish().clean();
        let by_url = Request { command, address: Address::Url(URL.into()), port: 8_080 };
        assert_eq!(connections[0].requests, [by_url]);
        let request = &connections[1].requests[0];
        assert!(is_local(&request.address) && request.port == 8_080, "{request:?}");
        assert_eq!(connections.len(), 2);
    });
}

/// A METHOD of SOCKS5a is offered and not chosen: the name is not sent in place of the URL.
#[test]
fn resolved_locally_with_a_plain_method() {
    let auths = [Auth::none(), Auth::password_only(password())]
        .map(|plain| token().auth().or(plain).expect("two METHODs"));
    each(&auths, |front, auth, _, ask| {
        for (url, known) in [("http://localhost:8080/", None), ("http://192.0.2.7:8080/", Some("192.0.2.7"))]
        {
            let server = Server::start(Setup { methods: vec![PASSWORD, 0], ..Setup::default() });
            let proxy = proxy(server.addr, auth.clone()).resolve(Resolve::Locally);
            ask(front, &proxy, with_fallback(url)).expect("a tunnel");
            let connections = server.finish().clean();
            assert_eq!(connections.len(), if known.is_some() { 1 } else { 2 });
            let requests: Vec<_> = connections.iter().flat_map(|own| &own.requests).collect();
            let [Request { address, port: 8_080, .. }] = requests[..] else { panic!("{requests:?}") };
            match known {
                None => assert!(is_local(address), "{address:?}"),
                Some(ip) => assert_eq!(*address, Address::Ip(ip.parse().expect("an address"))),
            }
        }
    });
}
