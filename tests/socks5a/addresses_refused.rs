//! Targets and commands of SOCKS5a, where no METHOD carries them: refused before anything is
//! dialled, or before a password is sent.

use crate::fronts::{FRONTS, Front};
use crate::messages::Speaks;
use crate::parts::{PASSWORD, password, plain_tol, proxy, token};
use crate::reference::{Server, Setup};
use crate::scene::{Lonely, chain, invalid};
use crate::support::case::Case;
use crate::ways::everywhere;
use anysocks::protocol::{Socks4, Socks5};
use anysocks::udp::{Header, Options, SendBatch};
use anysocks::{Auth, Error, ErrorKind, Invalid, PoolId, Proxy, Stage, Target, TargetUrl, UserId};
use std::io;
use std::task::Poll;

fn targets() -> [Target<'static>; 3] {
    [
        Target::unix("/run/app.sock").expect("a path"),
        Target::abstract_unix("app").expect("a name"),
        Target::url("https://192.0.2.7/path").expect("a URL"),
    ]
}

fn pool() -> Target<'static> {
    PoolId::new("id").expect("an identifier").into()
}

fn plain() -> [Auth; 3] {
    [Auth::none(), Auth::password(password()), Auth::password_only(password())]
}

fn inner(error: &io::Error) -> &Error {
    error.get_ref().and_then(|error| error.downcast_ref()).unwrap_or_else(|| panic!("{error:?}"))
}

/// Each request of a front end that only SOCKS5a carries.
fn asked(front: &Front, proxy: &Proxy) -> Vec<(String, Error)> {
    let mut outcomes = Vec::new();
    for target in targets() {
        let shown = target.to_string();
        let connected = (front.connect_to)(proxy, target.clone()).map(drop);
        outcomes.push((format!("CONNECT {shown}"), connected));
        outcomes.push((format!("BIND {shown}"), (front.bind_to)(proxy, target).map(drop)));
    }
    let extended = proxy.clone().udp(Options::new().extended(true));
    outcomes.push(("UDP_ASSOCIATE_EXT".into(), (front.associate)(&extended).map(drop)));
    outcomes.push(("a client".into(), (front.client)(proxy).map(drop)));
    let failed = |(what, outcome): (String, Result<(), Error>)| match outcome {
        Ok(()) => panic!("{what} succeeds"),
        Err(error) => (what, error),
    };
    outcomes.into_iter().map(failed).collect()
}

#[test]
fn without_a_method() {
    for auth in plain() {
        for front in FRONTS {
            let (lonely, addr) = Lonely::new();
            let proxy = proxy(addr, auth.clone());
            for (what, error) in asked(front, &proxy) {
                let _case = Case::new(format!("{what}, {auth:?}, on {}", front.name));
                assert_eq!(invalid(Err::<(), _>(error)), Invalid::NeedsSocks5a);
            }
            lonely.assert_alone();
        }
    }
}

/// Also with a connector, at the end of a chain, and directly.
#[test]
fn by_connectors() {
    everywhere(|way| {
        let (lonely, addr) = Lonely::new();
        for target in targets() {
            for kind in Speaks::ALL {
                let first = proxy(addr, plain_tol());
                for chain in [kind.at(addr).into(), chain([first, kind.at(addr)])] {
                    let connector = (way.new)(chain);
                    let connected = connector.connect_to(target.clone());
                    assert_eq!(invalid(connected), Invalid::NeedsSocks5a, "{target} by {kind:?}");
                    assert_eq!(invalid(connector.bind_to(target.clone())), Invalid::NeedsSocks5a);
                }
            }
            let connected = (way.direct)().connect_to(target.clone());
            assert_eq!(invalid(connected), Invalid::NeedsSocks5a, "{target}");
            assert_eq!(invalid((way.direct)().bind_to(target.clone())), Invalid::NoProxyToAsk);
        }
        for kind in [Speaks::Socks5, Speaks::Password] {
            assert_eq!(invalid((way.new)(kind.at(addr).into()).client()), Invalid::NeedsSocks5a);
        }
        let wrong = Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" };
        assert_eq!(invalid((way.new)(Speaks::Socks4.at(addr).into()).client()), wrong);
        let by_rule = (way.by_rule)(Box::new(move |_| Some(Speaks::Socks5.at(addr))));
        assert_eq!(invalid(by_rule.client()), Invalid::NoProxyToAsk);
        assert_eq!(invalid((way.direct)().client()), Invalid::NoProxyToAsk);
        lonely.assert_alone();
    });
}

/// There is no request to send with the greeting.
#[test]
fn a_pipelined_client() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let (lonely, addr) = Lonely::new();
        let proxy = proxy(addr, token().auth().pipelined(true));
        assert_eq!(invalid((front.client)(&proxy)), Invalid::NotPipelinable);
        lonely.assert_alone();
    }
}

/// Only `POOL_GET` has a pool identifier as its target, with a METHOD of SOCKS5a too.
#[test]
fn pool_identifiers() {
    for auth in [Auth::none(), token().auth(), plain_tol()] {
        for front in FRONTS {
            let _case = Case::new(format!("{auth:?} on {}", front.name));
            let (lonely, addr) = Lonely::new();
            let proxy = proxy(addr, auth.clone());
            let connected = (front.connect_to)(&proxy, pool());
            assert_eq!(invalid(connected), Invalid::TargetOfCommand("CONNECT"));
            assert_eq!(invalid((front.bind_to)(&proxy, pool())), Invalid::TargetOfCommand("BIND"));
            lonely.assert_alone();
        }
    }
    everywhere(|way| {
        let connected = (way.direct)().connect_to(pool());
        assert_eq!(invalid(connected), Invalid::NeedsSocks5a);
    });
}

/// Datagrams have the addresses of RFC 1928 alone, whatever was negotiated. A URL with a fallback
/// is its host and port.
#[test]
fn datagrams() {
    for auth in [Auth::none(), token().auth(), plain_tol()] {
        for front in FRONTS {
            let _case = Case::new(format!("{auth:?} on {}", front.name));
            let server = Server::start(Setup::default());
            let socket = (front.associate)(&proxy(server.addr, auth.clone())).expect("an association");
            for target in targets().into_iter().chain([pool()]) {
                for (call, outcome) in socket.each_send(b"hello", &target) {
                    let error = outcome.expect_err(call);
                    assert!(
                        matches!(inner(&error).kind(), ErrorKind::Invalid(Invalid::TargetOfDatagram)),
                        "{call}: {error:?}"
                    );
                }
                if let Some(polled) = socket.polled() {
                    polled.as_a_task(&mut |cx| {
                        let outcome = polled.poll_send_any(cx, &target);
                        let Poll::Ready(Err(error)) = outcome else { panic!("{outcome:?}") };
                        assert!(
                            matches!(inner(&error).kind(), ErrorKind::Invalid(Invalid::TargetOfDatagram)),
                            "poll_send_to: {error:?}"
                        );
                        Poll::Ready(())
                    });
                }
                let pushed = SendBatch::new().push(b"hello", &target);
                assert_eq!(invalid(pushed), Invalid::TargetOfDatagram);
                assert_eq!(invalid(Header::new(&target)), Invalid::TargetOfDatagram);
            }
            let url = TargetUrl::new("https://192.0.2.7/path").expect("a URL").with_fallback();
            for (call, outcome) in socket.each_send(b"hello", &url.clone().into()) {
                outcome.unwrap_or_else(|error| panic!("{call}: {error:?}"));
            }
            assert_eq!(socket.peer().expect("connected").to_string(), "192.0.2.7:443");
            let mut batch = SendBatch::new();
            batch.push(b"hello", Target::from(url)).expect("room");
            assert_eq!(socket.send_batch(&mut batch).expect("sent"), 1);
            for _ in 0..5 {
                let (n, source) = socket.recv_from(&mut [0; 64]).expect("an echo");
                assert_eq!((n, &*source.to_string()), (5, "192.0.2.7:443"));
            }
            drop(socket);
            // The relay does not take the fragment.
            let connections = server.finish().connections;
            assert_eq!(connections[0].payloads.len(), 5);
        }
    }
}

/// The proxy chooses a plain METHOD that is offered too. No password is sent for a request that
/// can't be made.
#[test]
fn by_a_plain_method() {
    let auths = [(Auth::password_only(password()), PASSWORD), (Auth::none(), 0)];
    for (other, method) in auths {
        for own in [token().auth(), plain_tol()] {
            for front in FRONTS {
                let auth = own.clone().or(other.clone()).expect("two METHODs");
                let server = Server::start(Setup { methods: vec![method], ..Setup::default() });
                for (what, error) in asked(front, &proxy(server.addr, auth.clone())) {
                    let _case = Case::new(format!("{what}, {auth:?}, on {}", front.name));
                    assert!(
                        matches!(error.kind(), ErrorKind::NeedsSocks5a { method: own } if *own == method),
                        "{error:?}"
                    );
                    assert_eq!(error.stage(), Stage::Request);
                    assert!(!error.is_retryable() && error.is_worth_another_proxy());
                    assert!(error.proxy().is_some());
                }
                let connections = server.finish().clean();
                assert_eq!(connections.len(), 8);
                for connection in connections {
                    assert_eq!(connection.end.as_deref(), Some("Closed"), "bytes behind the selection");
                    assert!(connection.requests.is_empty());
                }
            }
        }
    }
}

/// The custom drivers too.
#[test]
fn in_memory() {
    let (auth, user) = (Auth::none(), UserId::new("me").expect("a user id"));
    for target in targets() {
        let own = || target.clone();
        assert_eq!(invalid(Socks5::connect(&auth, own())), Invalid::NeedsSocks5a);
        assert_eq!(invalid(Socks5::bind(&auth, own())), Invalid::NeedsSocks5a);
        assert_eq!(invalid(Socks4::connect(&user, own())), Invalid::NeedsSocks5a);
        assert_eq!(invalid(Socks4::bind(&user, own())), Invalid::NeedsSocks5a);
        let resolved = Socks5::resolve(&auth, target.host().borrowed());
        assert_eq!(invalid(resolved), Invalid::TargetOfCommand("RESOLVE"));
        assert_eq!(invalid(Socks4::resolve(&user, target.host().borrowed())), Invalid::NeedsSocks5a);
    }
}
