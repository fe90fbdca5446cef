//! The end of an association, which is that of its TCP connection (RFC 1928 §7).

use crate::fronts::association::Association;
use crate::scene::{PATIENCE, Scene, Setting, datagram, everywhere, inner, on_all};
use crate::support::case::Case;
use crate::support::clock::TOLERANCE;
use crate::waiting::at_last;
use anysocks::udp::{AssociationEnd, RecvBatch, SendBatch};
use anysocks::{ErrorKind, Stage};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

const SOURCE: &str = "192.0.2.7:53";

/// How the proxy ends it.
#[derive(Clone, Copy, Debug)]
enum End {
    Closed,
    HalfClosed,
    Speaks,
    Reset,
}

impl End {
    const ALL: [Self; 4] = [Self::Closed, Self::HalfClosed, Self::Speaks, Self::Reset];

    /// Ends it: what is left of the proxy's end of the connection.
    fn come(self, mut control: TcpStream) -> Option<TcpStream> {
        match self {
            Self::Closed => return None,
            Self::HalfClosed => control.shutdown(Shutdown::Write).expect("an open connection"),
            Self::Speaks => control.write_all(b"\0").expect("an open connection"),
            Self::Reset => {
                // What is closed with no time to linger is reset.
                SockRef::from(&control).set_linger(Some(Duration::ZERO)).expect("an option");
                return None;
            }
        }
        Some(control)
    }

    const fn told(self) -> AssociationEnd {
        match self {
            Self::Closed | Self::HalfClosed => AssociationEnd::Closed,
            Self::Speaks => AssociationEnd::UnexpectedData,
            Self::Reset => AssociationEnd::Failed(io::ErrorKind::ConnectionReset),
        }
    }
}

impl Scene {
    /// The same, when the proxy has ended it.
    fn ended(self, end: End) -> Self {
        Self { control: self.control.and_then(|control| end.come(control)), ..self }
    }
}

fn assert_ended(error: &io::Error, end: AssociationEnd) {
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    let error = inner(error);
    assert_eq!(error.stage(), Stage::Association);
    assert!(matches!(error.kind(), ErrorKind::AssociationEnded(found) if *found == end), "{error:?}");
    assert!(error.proxy().is_some_and(|proxy| proxy.starts_with("socks5h://127.0.0.1:")), "{error}");
}

/// All waiting calls fail with the end, and so do later calls.
#[test]
fn before_a_call() {
    everywhere(|front| {
        for end in End::ALL {
            let told = end.told();
            let _case = Case::new(format!("{end:?}"));
            let scene = Setting::default().open(front).ended(end);
            let started = Instant::now();
            let error = scene.socket.recv_from(&mut [0; 64]).expect_err("the end");
            assert!(started.elapsed() < TOLERANCE, "{:?}", started.elapsed());
            assert_ended(&error, told);
            for _ in 0..2 {
                assert_ended(&scene.socket.recv(&mut [0; 64]).expect_err("the end"), told);
                assert_ended(&scene.socket.recv_in_place(&mut [0; 64]).expect_err("the end"), told);
                assert_ended(&scene.socket.recv_batch(&mut RecvBatch::new(1)).expect_err("the end"), told);
                assert_ended(&scene.socket.closed(), told);
                // The relay would drop it.
                assert_ended(&scene.socket.send_to(b"late", SOURCE).expect_err("the end"), told);
                assert_ended(&scene.socket.try_send_to(b"late", SOURCE).expect_err("the end"), told);
                assert_ended(&scene.socket.send_in_place(&mut [0; 300], SOURCE).expect_err("the end"), told);
                let mut batch = SendBatch::new();
                batch.push(b"late", SOURCE).expect("room");
                assert_ended(&scene.socket.send_batch(&mut batch).expect_err("the end"), told);
                assert_eq!(batch.len(), 1);
            }
        }
    });
}

/// A call that waits for the end, and reports it.
type Wait = fn(&dyn Association) -> io::Error;

#[test]
fn during_a_call() {
    let waits: [(&str, Wait); 5] = [
        ("recv_from", |socket| socket.recv_from(&mut [0; 64]).expect_err("the end")),
        ("recv", |socket| socket.recv(&mut [0; 5000]).expect_err("the end")),
        ("recv_in_place", |socket| socket.recv_in_place(&mut [0; 64]).expect_err("the end")),
        ("recv_batch", |socket| socket.recv_batch(&mut RecvBatch::new(1)).expect_err("the end")),
        ("closed", |socket| socket.closed()),
    ];
    everywhere(|front| {
        for end in End::ALL {
            let told = end.told();
            for (call, wait) in waits {
                let _case = Case::new(format!("{end:?} during {call}"));
                let scene = Setting::default().open(front);
                let socket = scene.socket.another();
                let (begun, begins) = channel();
                let waiter = thread::spawn(move || {
                    begun.send(()).expect("a test that waits");
                    (wait(&*socket), Instant::now())
                });
                begins.recv().expect("a waiter");
                // No event shows that a thread is waiting now.
                thread::sleep(Duration::from_millis(10));
                let started = Instant::now();
                let _scene = scene.ended(end);
                let (error, noticed) = waiter.join().expect("a waiter that is content");
                assert_ended(&error, told);
                assert!(noticed - started < TOLERANCE, "{:?}", noticed - started);
            }
        }
    });
}

/// All waiting calls are woken: the system wakes only one of them.
#[test]
fn to_all_that_wait() {
    on_all(|scene| {
        let (begun, begins) = channel();
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..6)
                .map(|number| {
                    let (socket, begun) = (scene.socket.another(), begun.clone());
                    scope.spawn(move || {
                        begun.send(()).expect("a test that waits");
                        if number % 3 == 0 {
                            return (socket.closed(), Instant::now());
                        }
                        (socket.recv_from(&mut [0; 64]).expect_err("the end"), Instant::now())
                    })
                })
                .collect();
            for _ in &waiters {
                begins.recv().expect("a waiter");
            }
            thread::sleep(Duration::from_millis(10));
            let started = Instant::now();
            scene.control().shutdown(Shutdown::Both).expect("an open connection");
            for waiter in waiters {
                let (error, noticed) = waiter.join().expect("a waiter that is content");
                assert_ended(&error, AssociationEnd::Closed);
                assert!(noticed - started < TOLERANCE, "{:?}", noticed - started);
            }
        });
    });
}

/// Datagrams that arrived before the end are received.
#[test]
fn what_was_there_before() {
    everywhere(|front| {
        for end in End::ALL {
            let told = end.told();
            let _case = Case::new(format!("{end:?}"));
            let scene = Setting::default().open(front);
            for number in 0..3 {
                scene.relays(SOURCE, &[number]);
            }
            let scene = scene.ended(end);
            for number in 0..3 {
                assert_eq!(scene.received(64).0, [number]);
            }
            assert_ended(&scene.socket.recv_from(&mut [0; 64]).expect_err("the end"), told);
            // Datagrams that the relay sent before are received too, once the runtime has seen
            // them.
            scene.relays(SOURCE, b"late");
            let mut buf = [0; 64];
            let (n, _) = at_last(|| scene.socket.recv_from(&mut buf).ok());
            assert_eq!(&buf[..n], b"late");
            assert_ended(&scene.socket.recv_from(&mut [0; 64]).expect_err("the end"), told);
        }
    });
}

/// A sender that never receives does not check for the end, and continues until another call has.
#[test]
fn unknown_to_a_sender() {
    on_all(|scene| {
        scene.control().shutdown(Shutdown::Both).expect("an open connection");
        scene.socket.send_to(b"late", SOURCE).expect("sent");
        assert_eq!(scene.heard(), datagram(SOURCE, b"late"));
        assert_ended(&scene.socket.closed(), AssociationEnd::Closed);
        assert_ended(&scene.socket.send_to(b"late", SOURCE).expect_err("the end"), AssociationEnd::Closed);
    });
}

/// The proxy detects the client's end by the end of the connection, which closes with the last
/// handle.
#[test]
fn by_the_client() {
    everywhere(|front| {
        let Scene { socket, relay: _relay, control } = Setting::default().open(front);
        let mut control = control.expect("an open connection");
        let another = socket.another();
        drop(socket);
        control.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        control.read(&mut [0]).expect_err("an open connection: there is another handle");
        control.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        drop(another);
        assert_eq!(control.read(&mut [0]).expect("an end"), 0);
    });
}
