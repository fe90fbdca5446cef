//! Proxies of a chain that fail, and a METHOD that is prepared slowly: the error is that of the
//! proxy that made it.

use crate::hop::{Hop, chain, serve};
use crate::messages::{BOUND, Speaks};
use crate::scene::{self, BEHIND, TARGET, error, play};
use crate::support::case::Case;
use crate::support::methods::preparing::{Gate, slow};
use crate::support::methods::wire::Wire;
use crate::support::script::{client, proxy};
use crate::support::server::Server;
use crate::ways::{at_once, everywhere};
use anysocks::{ErrorKind, Proxy, Reply, Stage};
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

const FIRST: Hop = Hop::Numbered(0xC1);
const SECOND: Hop = Hop::Numbered(0xC2);
const SOCKS5: Hop = Hop::Plain(Speaks::Socks5);
const CODE: u8 = 0xC0;

#[derive(Clone, Copy, Debug)]
enum End {
    Refuses,
    Closes,
    Forges,
    /// Inside of the frames of the proxies before it.
    ForgesInside,
}

/// The time that a later proxy's METHOD takes is not the first proxy's.
#[test]
fn a_slow_preparation_of_a_later_one() {
    at_once(|way| {
        let gate = Gate::default();
        let lines = vec![
            client([5, 1, 0]),
            proxy(Stage::MethodSelection, [5, 0]),
            client(Speaks::Socks5.request(1, BEHIND[0])),
            proxy(Stage::Request, *b"\x05\x05"),
        ];
        let server = Server::start(lines, |_| ());
        let first = server.proxy().timeout(Duration::from_secs(3));
        let second = Proxy::socks5(BEHIND[0]).and_then(|proxy| proxy.auth(slow(CODE, &gate)));
        let chain = scene::chain([first, second.expect("SOCKS5").timeout(Duration::from_secs(60))]);
        let opened = thread::spawn(move || {
            gate.wait_for(1);
            thread::sleep(Duration::from_millis(3500));
            gate.open();
        });
        let failed = error((way.new)(chain).connect(TARGET));
        assert_eq!((failed.hop(), failed.reply()), (Some(1), Some(Reply::CONNECTION_REFUSED)), "{failed:?}");
        opened.join().expect("no panic");
        server.join();
    });
}

/// Bytes of the next proxy in the frame of the grant, before anything was sent to it.
#[test]
fn one_that_speaks_unasked() {
    everywhere(|way| {
        let hops = [FIRST, SOCKS5];
        let server = Server::start(Vec::new(), move |stream| {
            let mut wire = Wire::new(stream);
            hops[0].authenticate(&mut wire).expect("a client");
            play(&mut wire, &[client(Speaks::Socks5.request(1, BEHIND[0]))]).expect("a request");
            let early = [Speaks::Socks5.granted(BOUND), vec![5, 0]].concat();
            wire.write_all(&early).expect("a client that listens");
        });
        let failed = error((way.new)(chain(&hops, server.addr)).connect(TARGET));
        assert!(matches!(failed.kind(), ErrorKind::Encapsulation(_)), "{failed:?}");
        assert_eq!(failed.hop(), Some(2));
        assert!(format!("{failed:#}").ends_with("before it was asked for anything"), "{failed:#}");
        server.join();
    });
}

/// A refusal, a close and a forged frame are errors of the proxy that made them.
#[test]
fn errors_of_a_hop() {
    let hops = [FIRST, SECOND, SOCKS5];
    for (at, end) in (1..=3)
        .flat_map(|at| [(at, End::Refuses), (at, End::Closes), (at, End::Forges), (at, End::ForgesInside)])
    {
        everywhere(|way| {
            let _case = Case::new(format!("proxy {at} {end:?} on {}", way.name));
            let server = Server::start(Vec::new(), move |client| {
                let mut wire = Wire::new(client);
                serve(&hops[..at], &mut wire).expect("the proxies' part");
                assert!(wire.read(&mut [0; 64]).expect("a part of the request") > 0);
                match end {
                    End::Refuses => wire.write_all(&Speaks::Socks5.refused()).expect("a client that listens"),
                    End::Closes => {}
                    // Not a frame, of any proxy.
                    End::Forges => wire.stream.write_all(&[0; 64]).expect("a client that listens"),
                    End::ForgesInside => {
                        wire.bare();
                        wire.write_all(&[0; 64]).expect("a client that listens");
                    }
                }
            });
            let failed = error((way.new)(chain(&hops, server.addr)).connect(TARGET));
            assert_eq!((failed.hop(), failed.stage()), (Some(at), Stage::Request), "{failed}");
            match (end, failed.kind()) {
                (End::Refuses, ErrorKind::Refused(_))
                | (End::Closes, ErrorKind::EndedEarly { .. } | ErrorKind::Io(_))
                | (End::Forges | End::ForgesInside, ErrorKind::Encapsulation(_)) => {}
                _ => panic!("{failed:?}"),
            }
            server.join();
        });
    }
}
