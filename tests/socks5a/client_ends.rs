//! Ends of a client: silence, cancelled calls, and a proxy that closes.

use crate::client::setup;
use crate::client_replies::{CALLS, assert_over};
use crate::fronts::FRONTS;
use crate::parts::{plain_tol, proxy, token};
use crate::reference::{Action, Fault, Point, Reply, Server, Setup};
use crate::scene::error;
use crate::support::case::{Case, at_once};
use crate::support::clock::assert_on_time;
use anysocks::{Auth, ErrorKind, Stage};
use std::time::{Duration, Instant};

fn auths() -> [Auth; 2] {
    [token().auth(), plain_tol()]
}

/// No reply to the second request: the timeout begins with each.
#[test]
fn silence() {
    let limit = Duration::from_secs(3);
    for front in FRONTS {
        let cases: Vec<_> =
            auths().into_iter().flat_map(|auth| CALLS.map(|call| (auth.clone(), call))).collect();
        at_once(
            &cases,
            |(auth, (name, _))| format!("{name}, {auth:?}, on {}", front.name),
            |(auth, (_, call))| {
                let faults = vec![Fault::Reply(1, Reply::refused(1)), Fault::Cut(0, Action::Silence)];
                let server = Server::start(Setup { faults, ..setup() });
                let proxy = proxy(server.addr, auth.clone()).timeout(limit);
                let mut client = (front.client)(&proxy).expect("a connection");
                client.keep_alive().expect("a reply");
                std::thread::sleep(limit / 2);
                let started = Instant::now();
                let (client, outcome) = call(client);
                let error = outcome.expect_err("a timeout");
                assert_on_time(started, limit);
                assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
                assert_eq!(error.stage(), Stage::Request);
                assert_over(client);
                assert_eq!(server.finish().only().requests.len(), 2);
            },
        );
    }
}

/// Records without content, without end.
#[test]
fn dummies_without_end() {
    let limit = Duration::from_secs(3);
    at_once(
        FRONTS,
        |front| front.name.to_owned(),
        |front| {
            let faults = vec![Fault::Reply(0, Reply::refused(1)), Fault::Cut(0, Action::Dummies)];
            let server = Server::start(Setup { faults, ..setup() });
            let proxy = proxy(server.addr, plain_tol()).timeout(limit);
            let mut client = (front.client)(&proxy).expect("a connection");
            let started = Instant::now();
            let error = client.keep_alive().expect_err("a timeout");
            assert_on_time(started, limit);
            assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
            assert_over(client);
            server.finish().only();
        },
    );
}

/// While the connection is opened.
#[test]
fn silence_before_the_method() {
    let limit = Duration::from_secs(3);
    let points = [
        (Point::Selection, Stage::MethodSelection),
        (Point::EafVersion, Stage::Authentication),
        (Point::EafMessage, Stage::Authentication),
    ];
    let cases: Vec<_> = FRONTS.iter().flat_map(|front| points.map(|point| (front, point))).collect();
    at_once(
        &cases,
        |(front, (point, _))| format!("{point:?} on {}", front.name),
        |(front, (point, stage))| {
            let faults = vec![Fault::At(*point, Action::Silence)];
            let server = Server::start(Setup { faults, ..setup() });
            let started = Instant::now();
            let error = error((front.client)(&proxy(server.addr, token().auth()).timeout(limit)));
            assert_on_time(started, limit);
            assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
            assert_eq!((error.stage(), error.target()), (*stage, None));
            server.finish().only();
        },
    );
}

#[test]
fn closed_and_reset() {
    for auth in auths() {
        for front in FRONTS {
            for (action, is_reset) in [(Action::Close, false), (Action::Reset, true)] {
                let _case = Case::new(format!("{action:?}, {auth:?}, on {}", front.name));
                for (_, call) in CALLS {
                    let faults = vec![Fault::Reply(1, Reply::refused(1)), Fault::Cut(0, action)];
                    let server = Server::start(Setup { faults, ..setup() });
                    let mut client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
                    client.keep_alive().expect("a reply");
                    let (client, outcome) = call(client);
                    let error = outcome.expect_err("an end");
                    assert!(
                        matches!(error.kind(), ErrorKind::EndedEarly { received: 0 } if !is_reset)
                            || matches!(error.kind(), ErrorKind::Io(_) if is_reset),
                        "{error:?}"
                    );
                    assert_over(client);
                    server.finish().only();
                }
            }
        }
    }
}

/// Its late reply would be taken for that of the next request.
#[test]
fn cancelled() {
    for auth in auths() {
        for front in FRONTS {
            let _case = Case::new(format!("{auth:?} on {}", front.name));
            let server = Server::start(Setup { faults: vec![Fault::ReplyBytes(1, Vec::new())], ..setup() });
            let mut client = (front.client)(&proxy(server.addr, auth.clone())).expect("a connection");
            client.keep_alive().expect("a reply");
            let is_cancelled = client.cancelled_keep_alive();
            // A call that blocks can't be cancelled.
            assert_eq!(is_cancelled, front.name != "blocking");
            if is_cancelled {
                assert_over(client);
            } else {
                drop(client);
            }
            assert!(server.finish().only().requests.len() <= 2);
        }
    }
}
