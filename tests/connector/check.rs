//! `check`: the handshakes up to the request to the last proxy, and then the end of the connection.

use super::messages::{PASSWORD, Speaks, USER, subnegotiation};
use super::scene::{BEHIND, Lonely, behind, chain, deserted, error, invalid, mixtures};
use super::ways::everywhere;
use super::ways::hooks::{Does, masked};
use crate::support::case::Case;
use crate::support::script::{Line, client, proxy};
use crate::support::server::Server;
use crate::support::toy::{self, Level};
use anysocks::{Auth, Credentials, ErrorKind, Invalid, Proxy, Reply, Stage};
use std::io::{Read, Write};
use std::net::TcpStream;

/// One proxy of each kind, and chains of them.
fn chains() -> Vec<Vec<Speaks>> {
    [Speaks::ALL.map(|kind| vec![kind]).to_vec(), mixtures()].concat()
}

/// The messages to these proxies, without a request to the last one.
fn dialogue(kinds: &[Speaks]) -> Vec<Line> {
    let (last, earlier) = kinds.split_last().expect("a proxy");
    let mut lines: Vec<_> = earlier.iter().zip(BEHIND).flat_map(|(kind, at)| kind.connection(at)).collect();
    lines.extend(last.greeting());
    lines
}

/// Reads what the client sends after its part of the transcript.
fn rest(mut client: &TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).expect("the end of the connection");
    rest
}

#[test]
fn ends_without_a_request() {
    for kinds in chains() {
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}"));
            let server = Server::start(dialogue(&kinds), rest);
            // Exceptions are for targets.
            let connector = (way.new)(behind(server.addr, &kinds)).no_proxy("*");
            connector.check().expect("a proxy that accepts the client");
            assert_eq!(server.join(), b"");

            let server = Server::start(masked(&dialogue(&kinds)), rest);
            let wrapped = (way.wrapped)(behind(server.addr, &kinds).into(), Box::new(|_| Does::Mask));
            wrapped.check().expect("a proxy that accepts the client");
            assert_eq!(server.join(), b"");
        });
    }
}

#[test]
fn of_one_proxy() {
    for kind in Speaks::ALL {
        everywhere(|way| {
            let _case = Case::new(format!("{kind:?}"));
            let server = Server::start(dialogue(&[kind]), rest);
            (way.check)(&kind.at(server.addr)).expect("a proxy that accepts the client");
            assert_eq!(server.join(), b"");
        });
    }
}

/// The last proxy gets one message after the other. The earlier ones get a request, so theirs are
/// pipelined.
#[test]
fn of_pipelined_proxies() {
    let pipelined = |proxy: Proxy| {
        let auth = Auth::password_only(Credentials::new(USER, PASSWORD).expect("credentials"));
        proxy.auth(auth.pipelined(true)).expect("a SOCKS5 proxy")
    };
    let login = |selection: &[u8]| {
        vec![
            client([5, 1, 2]),
            proxy(Stage::MethodSelection, selection),
            client(subnegotiation(USER, PASSWORD)),
            proxy(Stage::Authentication, [1, 0]),
        ]
    };
    let kind = Speaks::Password;
    let at_once = [&[5, 1, 2][..], &subnegotiation(USER, PASSWORD), &kind.request(1, BEHIND[0])].concat();
    let granted = [&[5, 2, 1, 0][..], &kind.granted(BEHIND[0])].concat();
    let through = [vec![client(at_once), proxy(Stage::Request, granted)], login(&[5, 2])].concat();
    everywhere(|way| {
        let server = Server::start(login(&[5, 2]), rest);
        (way.check)(&pipelined(kind.at(server.addr))).expect("a proxy that accepts the client");
        assert_eq!(server.join(), b"");

        let server = Server::start(through.clone(), rest);
        let hops =
            behind(server.addr, &[kind, kind]).hops().iter().cloned().map(pipelined).collect::<Vec<_>>();
        let connector = (way.new)(chain(hops));
        connector.check().expect("proxies that accept the client");
        assert_eq!(server.join(), b"");
    });
}

/// A custom METHOD is completed, at the only proxy and at both of a chain. The handshake with the
/// second one is in the frames of the first.
#[test]
fn custom_methods() {
    let last = toy::lines(Level::Framed);
    let first = toy::connection(
        Level::Framed,
        &Speaks::Socks5.request(1, BEHIND[0]),
        &Speaks::Socks5.granted(BEHIND[0]),
    );
    let through = [first, toy::carried(Level::Framed, &last)].concat();
    let with_toy = |proxy: &Proxy| proxy.clone().auth(toy::auth()).expect("a SOCKS5 proxy");
    for (kinds, lines) in [(&[Speaks::Socks5][..], last), (&[Speaks::Socks5; 2], through)] {
        everywhere(|way| {
            let _case = Case::new(format!("{} proxies", kinds.len()));
            let server = Server::start(lines.clone(), rest);
            let hops: Vec<_> = behind(server.addr, kinds).hops().iter().map(with_toy).collect();
            (way.new)(chain(hops)).check().expect("proxies that accept the client");
            assert_eq!(server.join(), b"");
        });
    }
}

#[test]
fn refusals() {
    type Row = (&'static [Speaks], Vec<u8>, Stage, Option<usize>, fn(&ErrorKind) -> bool);
    let password = |kind: &ErrorKind| matches!(kind, ErrorKind::PasswordRefused(9));
    let refused = |kind: &ErrorKind| matches!(kind, ErrorKind::Refused(Reply::HOST_UNREACHABLE));
    let rows: [Row; 6] = [
        (&[Speaks::Socks5], vec![5, 0xFF], Stage::MethodSelection, None, |kind| {
            matches!(kind, ErrorKind::MethodsRefused)
        }),
        (&[Speaks::Socks5], b"HTTP/1.1".to_vec(), Stage::MethodSelection, None, |kind| {
            matches!(kind, ErrorKind::NotSocks { first: b'H' })
        }),
        (&[Speaks::Socks5], vec![], Stage::MethodSelection, None, |kind| {
            matches!(kind, ErrorKind::EndedEarly { received: 0 })
        }),
        (&[Speaks::Password], vec![1, 9], Stage::Authentication, None, password),
        (&[Speaks::Socks4, Speaks::Password], vec![1, 9], Stage::Authentication, Some(2), password),
        (&[Speaks::Socks5, Speaks::Socks4], Speaks::Socks5.refused(), Stage::Request, Some(1), refused),
    ];
    for (kinds, answer, stage, hop, is_expected) in rows {
        // Its last answer is another one.
        let mut lines = dialogue(kinds);
        let Some(Line::Proxy(..)) = lines.pop() else { panic!("the proxy speaks last") };
        everywhere(|way| {
            let _case = Case::new(format!("{kinds:?}: {answer:?}"));
            let answer = answer.clone();
            let server = Server::start(lines.clone(), move |mut client| {
                client.write_all(&answer).expect("a client that listens");
            });
            let chain = behind(server.addr, kinds);
            let url = chain.hops()[hop.unwrap_or(1) - 1].to_string();
            let failed = error((way.new)(chain).check());
            server.join();
            assert!(is_expected(failed.kind()), "{failed:?}");
            assert_eq!((failed.stage(), failed.hop(), failed.proxy()), (stage, hop, Some(&*url)));
            assert_eq!(failed.target(), None);
        });
    }
}

#[test]
fn a_proxy_that_is_not_there() {
    everywhere(|way| {
        for kind in Speaks::ALL {
            let (dead, _bound) = deserted();
            let proxy = kind.at(dead);
            for failed in [(way.check)(&proxy), (way.new)(proxy.clone().into()).check()].map(error) {
                assert!(matches!(failed.kind(), ErrorKind::Unreachable(_)), "{failed:?}");
                assert_eq!((failed.stage(), failed.proxy()), (Stage::Dial, Some(&*proxy.to_string())));
            }
        }
    });
}

#[test]
fn mistakes_send_nothing() {
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        for kind in Speaks::ALL {
            let proxy = kind.at(addr);
            let by_rule = (way.by_rule)(Box::new(move |_| Some(kind.at(addr))));
            assert_eq!(invalid(by_rule.check()), Invalid::NoProxyToAsk);
            let behind_tls = proxy.to_string().replacen("://", "+tls://", 1).parse::<Proxy>();
            let behind_tls = behind_tls.expect("a URL");
            assert_eq!(invalid((way.check)(&behind_tls)), Invalid::TlsNotWrapped);
            assert_eq!(invalid((way.new)(behind_tls.into()).check()), Invalid::TlsNotWrapped);
        }
        assert_eq!(invalid((way.direct)().check()), Invalid::NoProxyToAsk);
        lonely.assert_alone();
    });
}
