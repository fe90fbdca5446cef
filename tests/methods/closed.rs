//! METHODs that fail, and proxies that close during one.

use crate::scene::{TARGET, error};
use crate::support::case::Case;
use crate::support::dialogue::Dialogue;
use crate::support::drivers::DRIVERS;
use crate::support::methods::short;
use crate::support::script::{Line, Manner, Script, client, proxy};
use crate::support::server::Server;
use crate::ways::everywhere;
use anysocks::protocol::Negotiated;
use anysocks::{Error, ErrorKind, Stage};
use socket2::SockRef;
use std::io;
use std::time::Duration;

const CODE: u8 = 0xC0;

fn fails(lines: &[Line], check: impl Fn(Error)) {
    everywhere(|way| {
        let _case = Case::new(format!("{lines:?} on {}", way.name));
        let server = Server::start(lines.to_vec(), |_| ());
        let proxy = server.proxy().auth(short::auth(CODE, Negotiated::nothing)).expect("SOCKS5");
        check(error((way.new)(proxy.into()).connect(TARGET)));
        server.join();
    });
}

/// The error names the METHOD, wherever the proxy closes: at the METHOD's start, and in an answer.
#[test]
fn closed_during_a_method() {
    let lines = short::lines(CODE);
    let part = [&lines[..3], &[proxy(Stage::Authentication, [CODE])]].concat();
    for lines in [&lines[..3], &part] {
        fails(lines, |failed| {
            assert_eq!(failed.stage(), Stage::Authentication);
            match failed.kind() {
                ErrorKind::ClosedDuringMethod { code, name } => {
                    assert_eq!((*code, *name), (CODE, short::NAME));
                }
                _ => panic!("{failed:?}"),
            }
            let text = failed.to_string();
            assert!(text.contains("closed the connection during the short METHOD (X'C0')"), "{text}");
            assert_eq!(io::Error::from(failed).kind(), io::ErrorKind::UnexpectedEof);
        });
    }
}

/// A reset says the same as an end.
#[test]
fn reset_during_a_method() {
    let lines = short::lines(CODE);
    everywhere(|way| {
        let _case = Case::new(way.name);
        let server = Server::start(lines[..3].to_vec(), |client| {
            SockRef::from(client).set_linger(Some(Duration::ZERO)).expect("an open socket");
        });
        let proxy = server.proxy().auth(short::auth(CODE, Negotiated::nothing)).expect("SOCKS5");
        let failed = error((way.new)(proxy.into()).connect(TARGET));
        assert_eq!(failed.stage(), Stage::Authentication);
        let kind = failed.kind();
        assert!(
            matches!(kind, ErrorKind::ClosedDuringMethod { code: CODE, name: short::NAME }),
            "{failed:?}"
        );
        server.join();
    });
}

/// Before the METHOD and after it, a close is not the METHOD's.
#[test]
fn closed_beside_a_method() {
    let lines = short::lines(CODE);
    let request = client(crate::messages::Speaks::Socks5.request(1, TARGET));
    let after = [&lines[..], &[request]].concat();
    for (lines, stage) in [(&lines[..1], Stage::MethodSelection), (&after, Stage::Request)] {
        fails(lines, |failed| {
            assert_eq!(failed.stage(), stage);
            assert!(matches!(failed.kind(), ErrorKind::EndedEarly { received: 0 }), "{failed:?}");
        });
    }
}

#[test]
fn refused_by_a_method() {
    let answer = proxy(Stage::Authentication, [CODE, 9]);
    fails(&[&short::lines(CODE)[..3], &[answer]].concat(), |failed| {
        assert_eq!(failed.stage(), Stage::Authentication);
        assert!(format!("{failed:#}").ends_with("the proxy refuses"), "{failed:#}");
        assert_eq!(io::Error::from(failed).kind(), io::ErrorKind::Other);
    });
}

/// The proxy has closed before it has read the METHOD's message, so that the write fails.
#[test]
fn closed_before_a_write() {
    for driver in DRIVERS {
        for broken in 3..5 {
            for buffered in [false, true] {
                let manner = Manner { broken: Some(broken), buffered, ..Manner::default() };
                let _case = Case::new(format!("{manner:?} on {}", driver.name));
                let mut script = Script::new(&short::lines(CODE), b"", manner);
                let auth = short::auth(CODE, Negotiated::nothing);
                let dialogue = Dialogue::v5(auth, "a.b:80");
                let failed = error((driver.converse)(&mut script, &mut dialogue.talk()));
                assert_eq!(failed.stage(), Stage::Authentication);
                assert!(
                    matches!(failed.kind(), ErrorKind::ClosedDuringMethod { code: CODE, name: short::NAME }),
                    "{failed:?}"
                );
            }
        }
    }
}
