//! Which proxy of a chain failed, and how far it had come.

use super::messages::{PASSWORD, Speaks, USER};
use super::scene::{BEHIND, Lonely, TARGET, assert_echo, behind, chain, deserted, dialogue, error, invalid};
use super::ways::{Way, everywhere};
use crate::support::case::Case;
use crate::support::script::{Line, client, proxy};
use crate::support::server::{Server, echo};
use crate::support::toy::{self, Level};
use anysocks::{Chain, Error, ErrorKind, Invalid, Proxy, Reply, Stage};
use std::net::SocketAddr;

/// The messages up to the proxy that fails, and the resulting error.
struct Failure {
    kind: Speaks,
    /// The bytes that it sends instead of its part.
    lines: fn(&str) -> Vec<Line>,
    stage: Stage,
    fits: fn(&ErrorKind) -> bool,
}

fn refused(kind: &ErrorKind, reply: Reply) -> bool {
    matches!(kind, ErrorKind::Refused(said) if *said == reply)
}

const FAILURES: [Failure; 9] = [
    Failure {
        kind: Speaks::Socks5,
        lines: |_| vec![client([5, 1, 0]), proxy(Stage::MethodSelection, [5, 0xFF])],
        stage: Stage::MethodSelection,
        fits: |kind| matches!(kind, ErrorKind::MethodsRefused),
    },
    Failure {
        kind: Speaks::Socks5,
        lines: |_| vec![client([5, 1, 0])],
        stage: Stage::MethodSelection,
        fits: |kind| matches!(kind, ErrorKind::EndedEarly { received: 0 }),
    },
    Failure {
        kind: Speaks::Socks5,
        lines: |_| vec![client([5, 1, 0]), proxy(Stage::MethodSelection, *b"HTTP/1.1 400 Bad Request\r\n")],
        stage: Stage::MethodSelection,
        fits: |kind| matches!(kind, ErrorKind::NotSocks { first: b'H' }),
    },
    Failure {
        kind: Speaks::Password,
        lines: |_| {
            let mut lines = Speaks::Password.greeting();
            lines[3] = proxy(Stage::Authentication, [1, 9]);
            lines
        },
        stage: Stage::Authentication,
        fits: |kind| matches!(kind, ErrorKind::PasswordRefused(9)),
    },
    Failure {
        kind: Speaks::Socks5,
        lines: |target| Speaks::Socks5.lines(1, target, Speaks::Socks5.refused()),
        stage: Stage::Request,
        fits: |kind| refused(kind, Reply::HOST_UNREACHABLE),
    },
    Failure {
        kind: Speaks::Password,
        lines: |target| Speaks::Password.lines(1, target, vec![5, 0xF2, 0, 1, 0, 0, 0, 0, 0, 0]),
        stage: Stage::Request,
        fits: |kind| refused(kind, Reply::ONION_INTRODUCTION_FAILED),
    },
    Failure {
        kind: Speaks::Socks4,
        lines: |target| Speaks::Socks4.lines(1, target, Speaks::Socks4.refused()),
        stage: Stage::Request,
        fits: |kind| refused(kind, Reply::REJECTED),
    },
    Failure {
        kind: Speaks::Socks4,
        lines: |target| Speaks::Socks4.lines(1, target, vec![0, 90, 0]),
        stage: Stage::Request,
        fits: |kind| matches!(kind, ErrorKind::EndedEarly { received: 3 }),
    },
    Failure {
        kind: Speaks::Socks4,
        lines: |target| Speaks::Socks4.lines(1, target, vec![5, 1, 0, 0, 0, 0, 0, 0]),
        stage: Stage::Request,
        fits: |kind| matches!(kind, ErrorKind::NotSocks { first: 5 }),
    },
];

/// The error names this proxy and the number of proxies.
fn assert_of(error: &Error, proxies: &[Proxy], number: usize) {
    let of = proxies.len();
    let url = proxies[number - 1].to_string();
    assert_eq!((error.hop(), error.proxy()), (Some(number), Some(&*url)), "{error:?}");
    assert_eq!(error.target(), Some(TARGET), "{error:?}");
    let said = error.to_string();
    assert!(
        said.starts_with(&format!("proxy {url} ({number} of {of}), target {TARGET}: {} ", error.stage())),
        "{said}"
    );
    let shown = format!("{said} {error:?} {error:#?}");
    assert!(!shown.contains(PASSWORD), "{shown}");
}

#[test]
fn a_failure_at_each_of_them() {
    for (failure, number) in FAILURES.iter().flat_map(|failure| [1, 2, 3].map(|number| (failure, number))) {
        let mut kinds = [Speaks::Password, Speaks::Socks4, Speaks::Socks5];
        kinds[number - 1] = failure.kind;
        everywhere(|way| {
            let _case = Case::new(format!("{:?} at {number} of {kinds:?}", failure.stage));
            let before = dialogue(&kinds[..number], TARGET);
            let own = failure.kind.connection(TARGET).len();
            let target = BEHIND.get(number - 1).unwrap_or(&TARGET);
            let lines = [&before[..before.len() - own], &(failure.lines)(target)].concat();
            let server = Server::start(lines, |_| ());
            let chain = behind(server.addr, &kinds);
            let hops = chain.hops().to_vec();
            let error = error((way.new)(chain).connect(TARGET));
            assert_eq!(error.stage(), failure.stage, "{error:?}");
            assert!((failure.fits)(error.kind()), "{error:?}");
            assert_of(&error, &hops, number);
            server.join();
        });
    }
}

#[test]
fn nobody_listens_at_the_first() {
    let (addr, _socket) = deserted();
    everywhere(|way| {
        let chain = behind(addr, &[Speaks::Password, Speaks::Socks5]);
        let hops = chain.hops().to_vec();
        let error = error((way.new)(chain).connect(TARGET));
        assert_eq!(error.stage(), Stage::Dial);
        assert!(matches!(error.kind(), ErrorKind::Unreachable(attempts) if attempts.len() == 1), "{error:?}");
        assert_of(&error, &hops, 1);
    });
}

#[test]
fn one_proxy_has_no_number() {
    everywhere(|way| {
        let server = Server::start(Speaks::Password.lines(1, TARGET, Speaks::Password.refused()), |_| ());
        let error = error((way.new)(behind(server.addr, &[Speaks::Password])).connect(TARGET));
        assert_eq!((error.hop(), error.reply()), (None, Some(Reply::V5(4))));
        let start = format!("proxy socks5h://{USER}@{}, target {TARGET}: request refused", server.addr);
        assert!(error.to_string().starts_with(&start), "{error}");
        server.join();
    });
}

/// A mistake that is found before anybody is connected to.
fn assert_invalid(mistake: &Invalid, others: &[Proxy], first: impl Fn(SocketAddr) -> Proxy, target: &str) {
    everywhere(|way: &Way| {
        let (listener, addr) = Lonely::new();
        let hops = [&[first(addr)], others].concat();
        let result = (way.new)(chain(hops)).connect(target);
        assert_eq!(invalid(result), *mistake);
        listener.assert_alone();
    });
}

#[test]
fn what_cannot_be_asked_for_is_found_before_anything_is_sent() {
    let behind = |text: &str| Speaks::Socks5.at(text.parse::<SocketAddr>().expect("an address"));
    let v4 = Speaks::Socks4.at(BEHIND[0].parse::<SocketAddr>().expect("an address"));
    let socks5 = |addr| Speaks::Socks5.at(addr);
    let socks4 = |addr| Speaks::Socks4.at(addr);
    // The last for the target, the first for the second.
    assert_invalid(&Invalid::Ipv6OverSocks4, std::slice::from_ref(&v4), socks5, "[2001:db8::7]:80");
    assert_invalid(&Invalid::MarkOfSocks4a, &[v4], socks5, "0.0.0.7:80");
    assert_invalid(&Invalid::Ipv6OverSocks4, &[behind("[2001:db8::2]:1080")], socks4, TARGET);
    assert_invalid(
        &Invalid::TlsNotWrapped,
        &[behind(BEHIND[1])],
        |addr| socks5(addr).behind_tls(true),
        TARGET,
    );
}

#[test]
fn proxies_that_cannot_stand_behind_another() {
    let first = || Chain::from(Speaks::Socks5.at(SocketAddr::from(([127, 0, 0, 1], 1080))));
    let proxy = |url: &str| url.parse::<Proxy>().expect("a proxy");
    assert_eq!(invalid(first().then(proxy("socks5h+unix:///run/tor"))), Invalid::UnixBehindAProxy);
    // Inside of a tunnel nothing is wrapped: its credentials would go in clear.
    let tls = || proxy("socks5h+tls://user:secret@inner.example");
    assert_eq!(invalid(first().then(tls())), Invalid::TlsBehindAProxy);
    let third = first().then(proxy("socks5h://two.example")).and_then(|chain| chain.then(tls()));
    assert_eq!(invalid(third), Invalid::TlsBehindAProxy);
    // At the front it may be.
    Chain::from(tls()).then(proxy("socks5h://two.example")).expect("a chain");
}

#[test]
fn an_encapsulation_before_the_last() {
    let toy = |addr: SocketAddr| Speaks::Socks5.at(addr).auth(toy::auth()).expect("a SOCKS5 proxy");
    let second = Speaks::Socks4;
    let hops = |addr| [toy(addr), second.at(BEHIND[0].parse::<SocketAddr>().expect("an address"))];
    let first = |level| {
        let request = Speaks::Socks5.request(1, BEHIND[0]);
        toy::connection(level, &request, &Speaks::Socks5.granted(super::BOUND))
    };
    everywhere(|way| {
        for level in [Level::Bare, Level::Framed, Level::Streams] {
            let rest = toy::carried(level, &second.connection(TARGET));
            let server = Server::start([first(level), rest].concat(), echo);
            let (_, stream) = (way.new)(chain(hops(server.addr))).connect(TARGET).expect("a tunnel");
            // Both directions have the same key.
            assert_echo(stream, b"");
            server.join();
        }
    });
}

#[test]
fn an_encapsulation_at_the_last() {
    let request = Speaks::Socks5.request(1, TARGET);
    let last = toy::connection(Level::Framed, &request, &Speaks::Socks5.granted(super::BOUND));
    let lines = [Speaks::Socks4.connection(BEHIND[0]), last].concat();
    everywhere(|way| {
        let server = Server::start(lines.clone(), echo);
        let second = Speaks::Socks5.at(BEHIND[0].parse::<SocketAddr>().expect("an address"));
        let hops = [Speaks::Socks4.at(server.addr), second.auth(toy::auth()).expect("a SOCKS5 proxy")];
        let (_, stream) = (way.new)(chain(hops)).connect(TARGET).expect("a tunnel");
        // Both directions have the same key.
        assert_echo(stream, b"");
        server.join();
    });
}
