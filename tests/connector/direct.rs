//! No proxy at all.

use super::scene::{assert_echo, deserted, error, invalid, serving};
use super::ways::everywhere;
use super::word;
use crate::support::server::{Server, echo};
use anysocks::{Address, ErrorKind, Invalid, Stage};
use std::io::{Read, Write};

#[test]
fn connects_to_the_target() {
    everywhere(|way| {
        let server = Server::start(vec![], |client| {
            echo(client);
            client.peer_addr().expect("an address")
        });
        let (bound, stream) = (way.direct)().connect(&server.addr.to_string()).expect("a connection");
        assert_echo(stream, b"");
        assert_eq!(bound, Address::Ip(server.join()));
    });
}

#[test]
fn looks_names_up() {
    let addr = super::saying(vec![], "word");
    everywhere(|way| {
        let target = format!("localhost:{}", addr.port());
        assert_eq!(word((way.direct)().connect(&target).expect("a connection").1), "word");
        let failed = error((way.direct)().connect("nonexistent.invalid:80"));
        assert_eq!((failed.stage(), failed.proxy(), failed.hop()), (Stage::Resolve, None, None));
        assert!(matches!(failed.kind(), ErrorKind::Unresolved { name, .. } if name == "nonexistent.invalid"));
    });
}

#[test]
fn onion_services_are_not_asked_for() {
    everywhere(|way| {
        for target in ["hidden.onion:80", "HIDDEN.Onion:80", "a.hidden.onion.:80"] {
            assert_eq!(invalid((way.direct)().connect(target)), Invalid::OnionResolvedLocally);
            assert_eq!(
                invalid((way.by_rule)(Box::new(|_| None)).connect(target)),
                Invalid::OnionResolvedLocally
            );
            let name = target.trim_end_matches(":80");
            assert_eq!(invalid((way.direct)().resolve(name)), Invalid::OnionResolvedLocally);
        }
    });
}

#[test]
fn nobody_listens() {
    let (addr, _socket) = deserted();
    everywhere(|way| {
        let failed = error((way.direct)().connect(&addr.to_string()));
        assert_eq!((failed.stage(), failed.proxy(), failed.hop()), (Stage::Direct, None, None));
        let ErrorKind::Unreachable(attempts) = failed.kind() else { panic!("{failed:?}") };
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].address, addr.to_string());
        assert_eq!(attempts[0].error.kind(), std::io::ErrorKind::ConnectionRefused);
        assert!(
            failed.to_string().starts_with(&format!("target {addr}: direct connection failed: 127.0.0.1:")),
            "{failed}"
        );
    });
}

#[test]
fn early_data_are_sent_at_once() {
    let addr = serving(|mut client| {
        // It sends nothing before it has received these bytes.
        let mut heard = vec![0; 70_000];
        client.read_exact(&mut heard).expect("the first bytes");
        client.write_all(&heard[69_998..]).expect("a client that listens");
    });
    let first: Vec<u8> = (0..70_000_u32).map(|at| at.to_le_bytes()[0]).collect();
    everywhere(|way| {
        let (_, mut stream) =
            (way.direct)().connect_with_early_data(&addr.to_string(), &first).expect("a connection");
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(answer, first[69_998..]);
    });
}

#[test]
fn there_is_nobody_to_ask() {
    everywhere(|way| {
        let direct = (way.direct)();
        assert_eq!(invalid(direct.bind("192.0.2.1:80")), Invalid::NoProxyToAsk);
        assert_eq!(invalid(direct.associate()), Invalid::NoProxyToAsk);
        let rule = (way.by_rule)(Box::new(|_| None));
        assert_eq!(invalid(rule.bind("192.0.2.1:80")), Invalid::NoProxyToAsk);
        assert_eq!(invalid(rule.associate()), Invalid::NoProxyToAsk);
    });
}
