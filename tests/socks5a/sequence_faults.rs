//! Servers that refuse a sequence, or select out of turn.

use crate::fronts::FRONTS;
use crate::parts::{TARGET, faulty, found, password, proxy, token, tol};
use crate::reference::{Action, Dummies, Fault, Point, Server, Setup};
use crate::support::case::{Case, at_once};
use crate::support::clock::assert_on_time;
use anysocks::socks5a::{Obfuscation, Sequence, Tol};
use anysocks::{Auth, ErrorKind, Stage};
use std::time::{Duration, Instant};

/// EAF, records with its key, and then an optional password.
fn sequence() -> Sequence {
    let sequence = Sequence::new().then(token()).and_then(|all| all.then(tol(Obfuscation::None)));
    sequence.and_then(|all| all.optionally(password())).expect("each once")
}

fn auth() -> Auth {
    sequence().auth().expect("METHODs")
}

#[test]
fn violations() {
    const NONE: &[Fault] = &[];
    for (selects, faults, expected) in [
        (&[0xFF][..], NONE, "SequenceRefused"),
        (&[0x80, 0xFF], NONE, "SequenceRefused"),
        (&[0x80, 0x81, 0xFF], NONE, "SequenceRefused"),
        (&[0x77], NONE, "NotInSequence(119)"),
        (&[0x82], NONE, "NotInSequence(130)"),
        (&[0x01], NONE, "NotInSequence(1)"),
        (&[0x80, 0x80], NONE, "SelectedTwice(128)"),
        (&[0x80, 0x81, 0x81], NONE, "SelectedTwice(129)"),
        (&[0x80, 0x81, 0x02, 0x80], NONE, "SelectedTwice(128)"),
        (&[0x81], NONE, "OutOfOrder(129)"),
        (&[0x02], NONE, "OutOfOrder(2)"),
        (&[0x80, 0x02], NONE, "OutOfOrder(2)"),
        (&[0x00], NONE, "Incomplete(128)"),
        (&[0x80, 0x00], NONE, "Incomplete(129)"),
        (&[0x80, 0x81], &[Fault::ChainControl(2)], "ControlMismatch { announced: 2, selected: 129 }"),
        (&[0x80, 0x81], &[Fault::ChainControl(0)], "ControlMismatch { announced: 0, selected: 129 }"),
        (&[0x80, 0x00], &[Fault::ChainControl(0x81)], "ControlMismatch { announced: 129, selected: 0 }"),
        (&[0x80, 0x81, 0x00], &[Fault::ChainVersion(4)], "Malformed { field: \"VER\", byte: 4 }"),
    ] {
        for front in FRONTS {
            let _case = Case::new(format!("{selects:02X?}, {faults:?}, on {}", front.name));
            let sequence = selects.into();
            let server = Server::start(Setup { sequence, faults: faults.into(), ..Setup::default() });
            let connected = (front.connect5)(&proxy(server.addr, auth()), TARGET);
            let error = connected.expect_err("a violation");
            assert_eq!(format!("{:?}", found(&error)), expected);
            assert_eq!(error.stage(), Stage::Authentication);
            server.finish().only();
        }
    }
}

/// Bytes in the record of the end.
#[test]
fn bytes_behind_the_end() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = faulty([Fault::BehindTheChain(b"\x05".into())]);
        let error = (front.connect5)(&proxy(server.addr, auth()), TARGET).expect_err("a violation");
        assert_eq!(format!("{:?}", found(&error)), "Surplus");
        server.finish().only();
    }
}

/// Any order does not mean any METHOD.
#[test]
fn violations_in_any_order() {
    for (selects, expected) in [
        (&[0x02, 0x81, 0x80, 0x00][..], ""),
        (&[0x02, 0x80, 0x00], "Incomplete(129)"),
        (&[0x02, 0x02], "SelectedTwice(2)"),
        (&[0x02, 0x77], "NotInSequence(119)"),
    ] {
        for front in FRONTS {
            let _case = Case::new(format!("{selects:02X?} on {}", front.name));
            let server = Server::start(Setup { sequence: selects.into(), ..Setup::default() });
            let auth = sequence().in_any_order().auth().expect("METHODs");
            let connected = (front.connect5)(&proxy(server.addr, auth), TARGET);
            if expected.is_empty() {
                connected.expect("a tunnel");
            } else {
                assert_eq!(format!("{:?}", found(&connected.expect_err("a violation"))), expected);
            }
            server.finish().only();
        }
    }
}

/// TOL without a key of its own, before EAF: its selection is refused.
#[test]
fn no_key_yet() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let sequence = Sequence::new().then(token()).and_then(|all| all.then(Tol::new(Obfuscation::None)));
        let auth = sequence.expect("each once").in_any_order().auth().expect("METHODs");
        let server = Server::start(Setup { sequence: vec![0x81, 0x80, 0x00], ..Setup::default() });
        let error = (front.connect5)(&proxy(server.addr, auth), TARGET).expect_err("no key");
        assert_eq!(format!("{:?}", found(&error)), "OutOfOrder(129)");
        assert!(error.is_worth_another_proxy(), "{error:?}");
        server.finish().only();
    }
}

/// A METHOD's own refusals, inside of a sequence and inside of records.
#[test]
fn refusals_of_a_member() {
    for front in FRONTS {
        for order in [&[0x02, 0x81, 0x00][..], &[0x81, 0x02, 0x00]] {
            let _case = Case::new(format!("{order:02X?} on {}", front.name));
            let credentials = (b"user".to_vec(), b"another one".to_vec());
            let server = Server::start(Setup { sequence: order.into(), credentials, ..Setup::default() });
            let sequence = Sequence::new().then(password()).and_then(|all| all.then(tol(Obfuscation::None)));
            let auth = sequence.expect("each once").in_any_order().auth().expect("METHODs");
            let error = (front.connect5)(&proxy(server.addr, auth), TARGET).expect_err("a refusal");
            assert!(matches!(error.kind(), ErrorKind::PasswordRefused(1)), "{error:?}");
            server.finish().only();
        }
        for order in [&[0x80, 0x81, 0x00][..], &[0x81, 0x80, 0x00]] {
            let _case = Case::new(format!("{order:02X?} on {}", front.name));
            let mut setup = Setup { sequence: order.into(), ..Setup::default() };
            setup.eaf.status = Some(3);
            let server = Server::start(setup);
            let auth = sequence().in_any_order().auth().expect("METHODs");
            let error = (front.connect5)(&proxy(server.addr, auth), TARGET).expect_err("a refusal");
            assert!(format!("{:?}", found(&error)).starts_with("Refused { status: RateLimited"));
            server.finish().only();
        }
    }
}

#[test]
fn ends_of_the_connection() {
    for front in FRONTS {
        for point in [Point::ChainSelection, Point::Status] {
            for action in [Action::Close, Action::Reset] {
                let _case = Case::new(format!("{point:?}, {action:?}, on {}", front.name));
                let sequence = vec![0x80, 0x81, 0x02, 0x00];
                let faults = vec![Fault::At(point, action)];
                let server = Server::start(Setup { sequence, faults, ..Setup::default() });
                let error = (front.connect5)(&proxy(server.addr, auth()), TARGET).expect_err("an end");
                assert!(matches!(error.kind(), ErrorKind::ClosedDuringMethod { .. }), "{error:?}");
                server.finish().only();
            }
        }
    }
}

/// Neither silence nor dummies without end keep a client beyond its deadline.
#[test]
fn the_deadline() {
    at_once(
        FRONTS,
        |front| front.name.to_owned(),
        |front| {
            let limit = Duration::from_secs(1);
            for (point, action) in [
                (Point::ChainSelection, Action::Silence),
                (Point::Status, Action::Silence),
                (Point::Status, Action::Dummies),
                (Point::Reply, Action::Dummies),
            ] {
                let _case = Case::new(format!("{point:?}, {action:?}, on {}", front.name));
                let mut setup = Setup { sequence: vec![0x80, 0x81, 0x02, 0x00], ..Setup::default() };
                setup.faults = vec![Fault::At(point, action)];
                setup.tol.dummies = Dummies::Everywhere(1);
                let server = Server::start(setup);
                let started = Instant::now();
                let proxy = proxy(server.addr, auth()).timeout(limit);
                let error = (front.connect5)(&proxy, TARGET).expect_err("a timeout");
                assert_on_time(started, limit);
                assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
                server.finish().only();
            }
        },
    );
}
