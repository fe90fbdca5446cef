//! A proxy of SOCKS5a behind others, and before them.

use crate::messages::Speaks;
use crate::parts::{EAF, PASSWORD, TARGET, TOL, jitter, password, proxy, token, tol};
use crate::reference::{Fault, Reply, Server, Setup};
use crate::scene::{BEHIND, chain, relay};
use crate::support::case::Case;
use crate::support::echo::assert_echoed;
use crate::ways::{Way, everywhere};
use anysocks::socks5a::{Obfuscation, Sequence};
use anysocks::{Auth, Chain, ErrorKind};

pub(crate) fn auths() -> [(&'static str, Auth, &'static [u8]); 3] {
    let sequence = Sequence::new().then(token().key_exchange(true));
    let sequence = sequence.and_then(|all| all.then(tol(Obfuscation::Full(jitter(1, 2)))));
    let sequence = sequence.and_then(|all| all.then(password())).expect("each once");
    [
        ("EAF", token().auth(), &[EAF]),
        ("TOL", tol(Obfuscation::Masking).auth().expect("a key"), &[TOL]),
        ("a sequence", sequence.auth().expect("METHODs"), &[EAF, TOL, PASSWORD]),
    ]
}

/// A chain whose second proxy is the server, at an address that the first one maps to it.
pub(crate) fn second(first: Speaks, server: &Server, auth: Auth, check: impl FnOnce(Chain)) {
    let first_server = relay(first.connection(BEHIND[0]), server.addr);
    let behind = BEHIND[0].parse().expect("an address");
    check(chain([first.at(first_server.addr), proxy(behind, auth)]));
    first_server.join();
}

fn each(check: impl Fn(&Way, Speaks, Auth, &[u8])) {
    for first in Speaks::ALL {
        for (name, auth, methods) in auths() {
            everywhere(|way| {
                let _case = Case::new(format!("{name} behind {first:?}, on {}", way.name));
                check(way, first, auth.clone(), methods);
            });
        }
    }
}

/// The sequence of the third one.
pub(crate) fn setup() -> Setup {
    Setup { sequence: vec![EAF, TOL, PASSWORD, 0], ..Setup::default() }
}

#[test]
fn behind_another_proxy() {
    each(|way, first, auth, methods| {
        let server = Server::start(setup());
        second(first, &server, auth, |chain| {
            let (_, mut stream) = (way.new)(chain).connect(TARGET).expect("a tunnel");
            assert_echoed(&mut *stream, 20_000);
        });
        assert_eq!(server.finish().only().methods, methods);
    });
}

#[test]
fn bind_behind_another_proxy() {
    each(|way, first, auth, _| {
        let server = Server::start(setup());
        second(first, &server, auth, |chain| {
            let mut listener = (way.new)(chain).bind(crate::parts::PEER).expect("a listener");
            let mut accepted = listener.accept().expect("the peer");
            assert_echoed(&mut *accepted.stream, 300);
        });
        server.finish().only();
    });
}

/// A refusal with details, which names the proxy.
#[test]
fn refusals_behind_another_proxy() {
    each(|way, first, auth, _| {
        let faults = vec![Fault::Reply(0, Reply::with_details(0x0A, 1, "slower"))];
        let server = Server::start(Setup { faults, ..setup() });
        second(first, &server, auth, |chain| {
            let error = (way.new)(chain).connect(TARGET).err().expect("a refusal");
            let ErrorKind::RefusedExtended { details: Some(details), .. } = error.kind() else {
                panic!("{error:?}");
            };
            assert_eq!(details.message, "slower");
            assert_eq!(error.hop(), Some(2));
        });
        server.finish().only();
    });
}
