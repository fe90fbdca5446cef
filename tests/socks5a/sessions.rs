//! What the server tells in EAF, on streams, their halves, listeners, accepted streams and
//! associations.

#![allow(dead_code, unused_imports, unused_macros, reason = "each set of features uses a part of it")]

use crate::parts::{EAF, PASSWORD, PEER, TARGET, TOL, password, plain_tol, proxy, token};
use crate::reference::{self, Server, Setup};
use crate::support::blocked::{Executor, OnAsyncIo, OnTokio};
use crate::support::case::Case;
use anysocks::Auth;
use anysocks::socks5a::{Capabilities, Obfuscation, Sequence, Session, Tol};
use std::time::{Duration, SystemTime};

fn server() -> Server {
    let eaf = reference::Eaf {
        capabilities: Some(0x8000_0130),
        parameters: Some(b"\x00parameters".into()),
        ..reference::Eaf::default()
    };
    Server::start(Setup { eaf, sequence: vec![EAF, TOL, PASSWORD, 0], ..Setup::default() })
}

fn auths() -> [(Auth, &'static [u8]); 3] {
    let sequence = Sequence::new().then(token().identity("alice").expect("a short identity"));
    let sequence = sequence.and_then(|all| all.then(Tol::new(Obfuscation::None)));
    let sequence = sequence.and_then(|all| all.then(password())).expect("each once");
    [
        (token().identity("alice").expect("a short identity").auth(), &[EAF]),
        (plain_tol(), &[TOL]),
        (sequence.auth().expect("METHODs"), &[EAF, TOL, PASSWORD]),
    ]
}

fn check(session: Option<&Session>, methods: &[u8]) {
    let session = session.expect("a session");
    assert_eq!(session.methods(), methods);
    if !methods.contains(&EAF) {
        assert_eq!((session.identity(), session.parameters()), (None, None));
        assert_eq!((session.server_capabilities(), session.server_time()), (None, None));
        return;
    }
    assert_eq!(session.identity(), Some("alice"));
    assert_eq!(session.parameters(), Some(&b"\x00parameters"[..]));
    let capabilities = session.server_capabilities().expect("capabilities");
    assert_eq!(capabilities.bits(), 0x8000_0130);
    assert!(capabilities.contains(Capabilities::TOKEN | Capabilities::KEY_EXCHANGE | Capabilities::TOL));
    assert!(!capabilities.contains(Capabilities::SEQUENCE));
    let time = session.server_time().expect("a time");
    let hour = Duration::from_secs(3_600);
    assert!(time > SystemTime::now() - hour && time < SystemTime::now() + hour, "{time:?}");
}

fn done<T>(done: T) -> T {
    done
}

/// The tests of `anysocks::$front`, whose futures `$run` runs.
macro_rules! sessions {
    ($front:ident, $run:path) => {
        mod $front {
            use super::*;
            use anysocks::$front::{Socks5Listener, Socks5Stream, Socks5UdpSocket};

            #[test]
            fn of_a_stream_and_its_halves() {
                for (auth, methods) in auths() {
                    let _case = Case::new(format!("{methods:02X?}"));
                    let server = server();
                    let stream =
                        $run(Socks5Stream::connect(&proxy(server.addr, auth), TARGET)).expect("a tunnel");
                    check(stream.session(), methods);
                    assert_eq!(stream.is_encapsulated(), methods.contains(&TOL));
                    let (read, write) = stream.into_split().expect("two halves");
                    check(read.session(), methods);
                    check(write.session(), methods);
                    drop((read, write));
                    server.finish().only();
                }
            }

            #[test]
            fn of_a_listener_and_its_stream() {
                for (auth, methods) in auths() {
                    let _case = Case::new(format!("{methods:02X?}"));
                    let server = server();
                    let listener = $run(Socks5Listener::bind(&proxy(server.addr, auth), PEER));
                    let mut listener = listener.expect("a port");
                    check(listener.session(), methods);
                    let (stream, _) = $run(listener.accept()).expect("a peer");
                    check(stream.session(), methods);
                    drop((stream, listener));
                    server.finish().only();
                }
            }

            #[test]
            fn of_an_association() {
                for (auth, methods) in auths() {
                    let _case = Case::new(format!("{methods:02X?}"));
                    let server = server();
                    let socket = $run(Socks5UdpSocket::associate(&proxy(server.addr, auth)));
                    let socket = socket.expect("an association");
                    check(socket.clone().session(), methods);
                    drop(socket);
                    server.finish().only();
                }
            }
        }
    };
}

sessions!(blocking, done);
#[cfg(feature = "tokio")]
sessions!(tokio, OnTokio::run);
#[cfg(feature = "smol")]
sessions!(smol, OnAsyncIo::run);
#[cfg(feature = "async-std")]
sessions!(async_std, OnAsyncIo::run);
