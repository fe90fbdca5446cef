//! `KEEP_ALIVE` of an association that fails: the association ends with it.

use crate::fronts::association::Association;
use crate::fronts::{FRONTS, Front};
use crate::parts::{plain_tol, proxy, token};
use crate::reference::{Action, Fault, Reply, Server, Setup};
use crate::scene::invalid;
use crate::support::case::{Case, at_once};
use crate::support::clock::assert_on_time;
use anysocks::protocol::Command;
use anysocks::udp::AssociationEnd;
use anysocks::{Auth, Error, ErrorKind, Invalid, Stage};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(3);

fn auths() -> [Auth; 2] {
    [token().auth(), plain_tol()]
}

fn each(check: impl Fn(&Front, &Auth)) {
    for auth in auths() {
        for front in FRONTS {
            let _case = Case::new(format!("{auth:?} on {}", front.name));
            check(front, &auth);
        }
    }
}

/// All at once, because they wait for the end of a limit.
fn each_at_once(check: impl Fn(&Front, &Auth) + Sync) {
    let cases: Vec<_> = FRONTS.iter().flat_map(|front| auths().map(|auth| (front, auth))).collect();
    at_once(
        &cases,
        |(front, auth)| format!("{auth:?} on {}", front.name),
        |(front, auth)| check(front, auth),
    );
}

fn faulty(faults: &[Fault]) -> Server {
    Server::start(Setup { faults: faults.to_vec(), ..Setup::default() })
}

fn end(error: &io::Error) -> AssociationEnd {
    let inner: Option<&Error> = error.get_ref().and_then(|error| error.downcast_ref());
    match inner.map(Error::kind) {
        Some(ErrorKind::AssociationEnded(end)) => *end,
        _ => panic!("{error:?}"),
    }
}

/// Each later call shows the end.
#[track_caller]
fn assert_ended(socket: &dyn Association, expected: AssociationEnd) {
    assert_eq!(end(&socket.recv_from(&mut [0; 64]).expect_err("the end")), expected);
    assert_eq!(end(&socket.send_to(b"hello", "192.0.2.7:53").expect_err("the end")), expected);
    assert_eq!(end(&socket.closed()), expected);
    let error = socket.keep_alive().expect_err("the end");
    assert!(matches!(error.kind(), ErrorKind::AssociationEnded(end) if *end == expected), "{error:?}");
}

#[test]
fn refused() {
    each(|front, auth| {
        for code in [0x01, 0x07, 0x0A, 0x0B, 0x0C, 0x10, 0x11] {
            let server = faulty(&[Fault::Reply(1, Reply::with_details(code, 7, "why"))]);
            let socket = (front.associate)(&proxy(server.addr, auth.clone())).expect("an association");
            let error = socket.keep_alive().expect_err("a refusal");
            assert_eq!(error.reply().map(anysocks::Reply::code), Some(code));
            let details = match error.kind() {
                ErrorKind::RefusedExtended { details, .. } => details.as_ref().map(|own| &*own.message),
                _ => None,
            };
            assert_eq!(details, (0x09..=0x10).contains(&code).then_some("why"));
            assert_eq!((error.stage(), error.target()), (Stage::Request, None));
            assert!(error.proxy().is_some());
            assert_ended(&*socket, AssociationEnd::UnfinishedRequest);
            drop(socket);
            server.finish().only();
        }
    });
}

/// Another command than `KEEP_ALIVE`.
#[test]
fn another_command() {
    each(|front, auth| {
        let server = faulty(&[]);
        let socket = (front.associate)(&proxy(server.addr, auth.clone())).expect("an association");
        let error = socket.request(Command::DnsResolve, "db.example:0").expect_err("a refusal");
        assert_eq!(error.reply(), Some(anysocks::Reply::COMMAND_NOT_SUPPORTED));
        assert_ended(&*socket, AssociationEnd::UnfinishedRequest);
        drop(socket);
        assert_eq!(server.finish().violations(), ["a request with CMD 05"]);
    });
}

/// No reply, or dummies without end, until the proxy's timeout.
#[test]
fn silence() {
    each_at_once(|front, auth| {
        let silent = [Fault::ReplyBytes(1, Vec::new())];
        let dummies = [Fault::Reply(1, Reply::refused(1)), Fault::Cut(0, Action::Dummies)];
        for faults in [&silent[..], &dummies] {
            if faults.len() == 2 && format!("{auth:?}").contains("80") {
                // Without records there are no dummies.
                continue;
            }
            let server = faulty(faults);
            let proxy = proxy(server.addr, auth.clone()).timeout(LIMIT);
            let socket = (front.associate)(&proxy).expect("an association");
            let started = Instant::now();
            let error = socket.keep_alive().expect_err("a timeout");
            assert_on_time(started, LIMIT);
            assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
            assert_eq!((error.stage(), error.target()), (Stage::Request, None));
            assert_ended(&*socket, AssociationEnd::UnfinishedRequest);
            drop(socket);
            server.finish().only();
        }
    });
}

/// A call that is cancelled, or ends with the caller's own limit.
#[test]
fn cancelled() {
    let limit = Duration::from_millis(300);
    each_at_once(|front, auth| {
        let server = faulty(&[Fault::ReplyBytes(1, Vec::new())]);
        let proxy = proxy(server.addr, auth.clone()).timeout(LIMIT);
        let socket = (front.associate)(&proxy).expect("an association");
        let outcome = socket.request_within(limit, Command::KeepAlive, "0.0.0.0:0");
        // A call that blocks has the proxy's timeout alone.
        assert_eq!(outcome.is_some(), front.name == "blocking");
        assert!(outcome.is_none_or(|outcome| outcome.is_err_and(|error| error.is_timeout())));
        assert_ended(&*socket, AssociationEnd::UnfinishedRequest);
        drop(socket);
        server.finish().only();
    });
}

/// Receivers that wait meanwhile see the end too.
#[test]
fn receivers_of_a_silent_proxy() {
    each_at_once(|front, auth| {
        let server = faulty(&[Fault::ReplyBytes(1, Vec::new())]);
        let proxy = proxy(server.addr, auth.clone()).timeout(LIMIT);
        let socket = (front.associate)(&proxy).expect("an association");
        thread::scope(|scope| {
            let receivers = [(); 2].map(|()| {
                let receiver = socket.another();
                scope.spawn(move || receiver.recv_from(&mut [0; 64]).map(drop))
            });
            socket.keep_alive().expect_err("a timeout");
            for receiver in receivers {
                let error = receiver.join().expect("no panic").expect_err("the end");
                assert_eq!(end(&error), AssociationEnd::UnfinishedRequest);
            }
        });
        drop(socket);
        server.finish().only();
    });
}

#[test]
fn closed_and_reset() {
    each(|front, auth| {
        for (action, expected) in [
            (Action::Close, AssociationEnd::Closed),
            (Action::Reset, AssociationEnd::Failed(io::ErrorKind::ConnectionReset)),
        ] {
            let server = faulty(&[Fault::Reply(1, Reply::refused(1)), Fault::Cut(0, action)]);
            let socket = (front.associate)(&proxy(server.addr, auth.clone())).expect("an association");
            let error = socket.keep_alive().expect_err("an end");
            match error.kind() {
                ErrorKind::EndedEarly { received: 0 } => assert_eq!(action, Action::Close),
                ErrorKind::Io(_) => assert_eq!(action, Action::Reset),
                _ => panic!("{error:?}"),
            }
            assert_ended(&*socket, expected);
            drop(socket);
            server.finish().only();
        }
    });
}

/// One request at a time: a second one fails, and the first one goes on.
#[test]
fn two_at_once() {
    each_at_once(|front, auth| {
        let server = faulty(&[Fault::ReplyBytes(1, Vec::new())]);
        let proxy = proxy(server.addr, auth.clone()).timeout(2 * LIMIT);
        let socket = (front.associate)(&proxy).expect("an association");
        let busy = thread::scope(|scope| {
            let first = scope.spawn(|| socket.keep_alive());
            let mut busy = false;
            while !first.is_finished() {
                if server.so_far().connections[0].requests.len() == 2 && !busy {
                    assert_eq!(invalid(socket.another().keep_alive()), Invalid::AnotherRequest);
                    busy = true;
                }
                thread::yield_now();
            }
            let error = first.join().expect("no panic").expect_err("a timeout");
            assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
            busy
        });
        assert!(busy, "the first one has ended too early");
        drop(socket);
        server.finish().only();
    });
}

/// Two calls at once where the proxy answers: one of them at least succeeds, and the association
/// stays.
#[test]
fn two_that_are_answered() {
    each(|front, auth| {
        let server = faulty(&[]);
        let socket = (front.associate)(&proxy(server.addr, auth.clone())).expect("an association");
        thread::scope(|scope| {
            for _ in 0..2 {
                let socket = &socket;
                scope.spawn(move || {
                    for _ in 0..20 {
                        if let Err(error) = socket.keep_alive() {
                            assert_eq!(invalid(Err::<(), _>(error)), Invalid::AnotherRequest);
                        }
                    }
                });
            }
        });
        socket.keep_alive().expect("a reply");
        drop(socket);
        server.finish().only();
    });
}
