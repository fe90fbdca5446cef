//! Servers whose records are wrong, cut, or have no content.

use crate::fronts::FRONTS;
use crate::parts::{PEER, TARGET, faulty, found, plain_tol, proxy, tol};
use crate::reference::{Action, Carrier, Fault, Point, Server, Setup, Target};
use crate::support::blocked::{receive, send};
use crate::support::case::Case;
use crate::support::clock::assert_on_time;
use crate::support::drivers::FRONT_ENDS;
use crate::support::echo::assert_echoed;
use anysocks::socks5a::{self, Jitter, Obfuscation, Psk, Tol};
use anysocks::{ErrorKind, Stage, blocking};
use std::io::{self, Read};
use std::net::Shutdown;
use std::time::{Duration, Instant};

/// In the reply.
#[test]
fn in_the_handshake() {
    for (fault, expected) in [
        (Fault::WrongSig(Carrier::Stream, 0), "Signature"),
        (Fault::RecordType(Carrier::Stream, 0, 5), "RecordType(5)"),
        (Fault::RecordType(Carrier::Stream, 0, 0xFF), "RecordType(255)"),
    ] {
        for front in FRONTS {
            let _case = Case::new(format!("{fault:?} on {}", front.name));
            let server = faulty([fault.clone()]);
            let error = (front.connect5)(&proxy(server.addr, plain_tol()), TARGET).expect_err("a violation");
            assert_eq!(format!("{:?}", found(&error)), expected);
            assert!(matches!(error.kind(), ErrorKind::Encapsulation(_)), "{error:?}");
            assert_eq!(error.stage(), Stage::Request);
            server.finish().only();
        }
    }
}

#[test]
fn in_the_second_reply() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = faulty([Fault::WrongSig(Carrier::Stream, 1)]);
        let mut listener = (front.bind5)(&proxy(server.addr, plain_tol()), PEER).expect("a listener");
        let error = listener.accept().err().expect("a violation");
        assert_eq!(format!("{:?}", found(&error)), "Signature");
        assert_eq!(error.stage(), Stage::SecondReply);
        drop(listener);
        server.finish().only();
    }
}

/// In the tunnel. What came before can be read.
#[test]
fn in_the_tunnel() {
    for (fault, expected) in [
        (Fault::WrongSig(Carrier::Stream, 2), "Signature"),
        (Fault::RecordType(Carrier::Stream, 2, 5), "RecordType(5)"),
    ] {
        for front in FRONT_ENDS {
            let _case = Case::new(format!("{fault:?} on {}", front.name));
            let server = faulty([fault.clone()]);
            let mut stream = (front.connect)(&proxy(server.addr, plain_tol()), TARGET).expect("a tunnel");
            assert_echoed(&mut *stream, 5);
            send(&mut *stream, b"hello").expect("an open stream");
            for _ in 0..2 {
                let error = stream.read(&mut [0; 5]).expect_err("a violation");
                assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
                if let Some(found) = socks5a::Error::of(&error) {
                    assert_eq!(format!("{found:?}"), expected);
                }
            }
            drop(stream);
            server.finish().only();
        }
    }
}

/// Another key: the server finds the client's signature wrong, and closes.
#[test]
fn another_key() {
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = faulty([]);
        let auth = Tol::new(Obfuscation::None).psk(Psk::new([7; 16]).expect("16 bytes")).auth();
        let error =
            (front.connect5)(&proxy(server.addr, auth.expect("a key")), TARGET).expect_err("a failure");
        assert!(
            matches!(error.kind(), ErrorKind::EndedEarly { received: 0 } | ErrorKind::Io(_)),
            "{error:?}"
        );
        let report = server.finish();
        assert!(report.violations()[0].contains("a wrong SIG"), "{report}");
    }
}

/// The end of the stream inside of a record is an error, and between two of them it is not.
#[test]
fn cut_records() {
    for front in FRONT_ENDS {
        for cut in [0, 1, 4, 5, 7, 10] {
            let _case = Case::new(format!("{cut} bytes, on {}", front.name));
            let faults = vec![Fault::CutRecord(1, cut)];
            let target = Target::Sends(b"0123456789".into());
            let server = Server::start(Setup { target, faults, ..Setup::default() });
            let mut stream = (front.connect)(&proxy(server.addr, plain_tol()), TARGET).expect("a tunnel");
            let received = receive(&mut *stream, 100);
            if cut == 0 {
                assert_eq!(received.expect("the end"), b"");
            } else {
                assert_eq!(received.expect_err("a cut").kind(), io::ErrorKind::UnexpectedEof);
            }
            drop(stream);
            server.finish().clean();
        }
    }
}

#[test]
fn ends_of_the_connection() {
    for front in FRONTS {
        for (action, is_reset) in [(Action::Close, false), (Action::Reset, true)] {
            let _case = Case::new(format!("{action:?} on {}", front.name));
            let server = faulty([Fault::At(Point::Reply, action)]);
            let error = (front.connect5)(&proxy(server.addr, plain_tol()), TARGET).expect_err("an end");
            assert!(
                matches!(error.kind(), ErrorKind::EndedEarly { received: 0 } if !is_reset)
                    || matches!(error.kind(), ErrorKind::Io(_) if is_reset),
                "{error:?}"
            );
            server.finish().only();
        }
    }
}

/// A delay that is longer than the handshake may take ends it in time.
#[test]
fn a_delay_beyond_the_deadline() {
    let limit = Duration::from_secs(1);
    let delay = Duration::from_secs(60);
    let delayed = Obfuscation::Jitter(Jitter::uniform(delay..=delay).expect("a range"));
    for front in FRONTS {
        let _case = Case::new(front.name);
        let server = faulty([]);
        let auth = tol(delayed).auth().expect("a key");
        let started = Instant::now();
        let error =
            (front.connect5)(&proxy(server.addr, auth).timeout(limit), TARGET).expect_err("a timeout");
        assert_on_time(started, limit);
        assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
        assert_eq!(error.stage(), Stage::Request);
        assert_eq!(server.finish().only().requests, []);
    }
}

/// A peer that sends dummies without end can't keep a read beyond its timeout.
#[test]
fn dummies_without_end() {
    let _case = Case::new("dummies");
    let server = faulty([Fault::At(Point::Relay, Action::Dummies)]);
    let limit = Duration::from_secs(1);
    let proxy = proxy(server.addr, tol(Obfuscation::None).auth().expect("a key"));
    let mut stream = blocking::Socks5Stream::connect(&proxy, TARGET).expect("a tunnel");
    stream.get_ref().set_read_timeout(Some(limit)).expect("a timeout");
    for _ in 0..2 {
        let started = Instant::now();
        let error = stream.read(&mut [0; 5]).expect_err("a timeout");
        assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{error:?}");
        assert_on_time(started, limit);
    }
    stream.get_ref().shutdown(Shutdown::Both).expect("an open stream");
    drop(stream);
    server.finish().only();
}

/// On an asynchronous front end, they do not keep timers of the same task from firing.
#[cfg(feature = "tokio")]
#[test]
fn dummies_without_end_on_tokio() {
    use crate::support::blocked::{Executor, OnTokio};
    use tokio::io::AsyncReadExt;
    let _case = Case::new("dummies");
    let server = faulty([Fault::At(Point::Relay, Action::Dummies)]);
    let limit = Duration::from_secs(1);
    OnTokio::run(async {
        let proxy = proxy(server.addr, plain_tol());
        let mut stream = anysocks::tokio::Socks5Stream::connect(&proxy, TARGET).await.expect("a tunnel");
        let started = Instant::now();
        tokio::time::timeout(limit, stream.read(&mut [0; 5])).await.expect_err("a timeout");
        assert_on_time(started, limit);
    });
    server.finish().only();
}

/// The same on smol.
#[cfg(feature = "smol")]
#[test]
fn dummies_without_end_on_smol() {
    use crate::support::blocked::{Executor, OnAsyncIo};
    use smol::io::AsyncReadExt;
    let _case = Case::new("dummies");
    let server = faulty([Fault::At(Point::Relay, Action::Dummies)]);
    let limit = Duration::from_secs(1);
    OnAsyncIo::run(async {
        let proxy = proxy(server.addr, plain_tol());
        let mut stream = anysocks::smol::Socks5Stream::connect(&proxy, TARGET).await.expect("a tunnel");
        let started = Instant::now();
        let late = async {
            async_io::Timer::after(limit).await;
            None
        };
        let mut buf = [0; 5];
        let read = async { Some(stream.read(&mut buf).await) };
        assert!(smol::future::or(late, read).await.is_none(), "a read of nothing");
        assert_on_time(started, limit);
    });
    server.finish().only();
}
