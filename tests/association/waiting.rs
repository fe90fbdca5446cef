//! Calls that do not wait, calls that wait for a limited time, and many that wait at once.

#[cfg(feature = "tokio")]
use crate::fronts::FRONTS;
use crate::fronts::association::{Association, Polled};
use crate::scene::{PATIENCE, Scene, Setting, datagram, everywhere, on_all};
use crate::support::clock::assert_on_time;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

const SOURCE: &str = "192.0.2.7:53";

/// Repeats a call until it succeeds: a runtime may need a moment to see that a socket is ready.
pub(crate) fn at_last<T>(mut call: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match call() {
            Some(done) => return done,
            None if Instant::now() < end => thread::yield_now(),
            None => panic!("nothing comes of it"),
        }
    }
}

/// Returns the result of a non-blocking call, if it has one.
pub(crate) fn unless_blocked<T>(done: io::Result<T>) -> Option<T> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        done => Some(done.expect("no other error")),
    }
}

#[test]
fn without_waiting() {
    on_all(|scene| {
        let nothing = scene.socket.try_recv_from(&mut [0; 64]).expect_err("nothing is there");
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(at_last(|| unless_blocked(scene.socket.try_send_to(b"hello", SOURCE))), 5);
        assert_eq!(scene.heard(), datagram(SOURCE, b"hello"));
        scene.says(b"junk");
        scene.relays(SOURCE, b"payload");
        let mut buf = [0; 64];
        let (n, source) = at_last(|| unless_blocked(scene.socket.try_recv_from(&mut buf)));
        assert_eq!((&buf[..n], source.to_string().as_str()), (&b"payload"[..], SOURCE));
        assert_eq!(scene.socket.dropped(), 1);
        let nothing = scene.socket.try_recv_from(&mut buf).expect_err("nothing more is there");
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    });
}

/// Counts its wakes.
struct Task {
    woken: AtomicU32,
    tell: Sender<()>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Relaxed);
        // The test may be over.
        let _ = self.tell.send(());
    }
}

fn polled(scene: &Scene, check: impl Fn(&dyn Polled)) {
    if let Some(polled) = scene.socket.polled() {
        check(polled);
    }
}

#[test]
fn by_poll_functions() {
    on_all(|scene| {
        polled(scene, |socket| {
            let (tell, told) = channel();
            let task = Arc::new(Task { woken: AtomicU32::new(0), tell });
            let waker = Waker::from(Arc::clone(&task));
            let mut cx = Context::from_waker(&waker);
            let mut buf = [0; 64];
            for number in 0..3 {
                assert!(socket.poll_recv_from(&mut cx, &mut buf).is_pending());
                scene.relays(SOURCE, &[number]);
                // It is woken by the event, and never without one. A runtime may wake it once more
                // than necessary.
                let received = loop {
                    told.recv_timeout(PATIENCE).expect("a task that is woken");
                    match socket.poll_recv_from(&mut cx, &mut buf) {
                        Poll::Ready(received) => break received.expect("a datagram"),
                        Poll::Pending => {}
                    }
                };
                assert_eq!((received.0, received.1.to_string().as_str(), buf[0]), (1, SOURCE, number));
                let sent = loop {
                    match socket.poll_send_to(&mut cx, &[number], SOURCE) {
                        Poll::Ready(sent) => break sent.expect("a socket that can be sent to"),
                        Poll::Pending => told.recv_timeout(PATIENCE).expect("a task that is woken"),
                    }
                };
                assert_eq!(sent, 1);
                assert_eq!(scene.heard(), datagram(SOURCE, &[number]));
                while told.try_recv().is_ok() {}
            }
            assert!(task.woken.load(Relaxed) < 100);
        });
    });
}

/// The task of the last call is the one that is woken.
#[test]
fn by_poll_functions_of_another_task() {
    on_all(|scene| {
        polled(scene, |socket| {
            let [(first, first_told), (last, last_told)] = [(); 2].map(|()| {
                let (tell, told) = channel();
                (Waker::from(Arc::new(Task { woken: AtomicU32::new(0), tell })), told)
            });
            let mut buf = [0; 64];
            for waker in [&first, &last] {
                assert!(socket.poll_recv_from(&mut Context::from_waker(waker), &mut buf).is_pending());
            }
            scene.relays(SOURCE, b"payload");
            last_told.recv_timeout(PATIENCE).expect("the last task is woken");
            assert!(first_told.try_recv().is_err(), "the first one has been replaced");
            scene.control().shutdown(std::net::Shutdown::Both).expect("an open connection");
            let mut cx = Context::from_waker(&last);
            let mut results = Vec::new();
            while results.len() < 2 {
                match socket.poll_recv_from(&mut cx, &mut buf) {
                    Poll::Ready(result) => results.push(result.is_ok()),
                    Poll::Pending => last_told.recv_timeout(PATIENCE).expect("it is woken by the end"),
                }
            }
            assert_eq!(results, [true, false], "the datagram, and then the end");
        });
    });
}

/// Each datagram goes to one of them, and none is left behind.
#[test]
fn many_receive_at_once() {
    on_all(|scene| {
        let (got, received) = channel();
        thread::scope(|scope| {
            for _ in 0..4 {
                let (socket, got) = (scene.socket.another(), got.clone());
                scope.spawn(move || {
                    let mut buf = [0; 64];
                    // Until the end of the association.
                    while let Ok((n, _)) = socket.recv_from(&mut buf) {
                        got.send(buf[..n].to_vec()).expect("a test that waits");
                    }
                });
            }
            let mut all: Vec<_> = (0_u8..100)
                .flat_map(|round| {
                    scene.relays(SOURCE, &[round, 0]);
                    scene.relays(SOURCE, &[round, 1]);
                    [(); 2].map(|()| received.recv_timeout(PATIENCE).expect("a datagram"))
                })
                .collect();
            scene.control().shutdown(std::net::Shutdown::Both).expect("an open connection");
            all.sort();
            assert_eq!(all, (0..100).flat_map(|round| [vec![round, 0], vec![round, 1]]).collect::<Vec<_>>());
        });
    });
}

/// Sending and receiving at once, by as many threads as like.
#[test]
fn both_ways_at_once() {
    on_all(|scene| {
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..400 {
                    let heard = scene.heard();
                    scene.says(&heard);
                }
            });
            for thread in 0_u8..4 {
                let socket = scene.socket.another();
                scope.spawn(move || {
                    for number in 0_u8..100 {
                        assert_eq!(socket.send_to(&[thread, number], SOURCE).expect("sent"), 2);
                        socket.recv_from_within(PATIENCE, &mut [0; 64]).expect("an echo, of whatever thread");
                    }
                });
            }
        });
    });
}

/// A task that never has to wait lets other tasks run now and then: otherwise a flood would occupy
/// a thread.
#[test]
fn a_loop_lets_others_run() {
    const CALLS: u8 = 200;
    on_all(|scene| {
        polled(scene, |socket| {
            let rests = |poll: &mut dyn FnMut(&mut Context<'_>) -> bool| {
                let (mut calls, mut rests) = (0, 0);
                socket.as_a_task(&mut |cx| {
                    while calls < CALLS {
                        if !poll(cx) {
                            rests += 1;
                            return Poll::Pending;
                        }
                        calls += 1;
                    }
                    Poll::Ready(())
                });
                rests
            };
            // What the runtime has to find out about a new socket is no rest.
            scene.socket.send_to(b"payload", SOURCE).expect("sent");
            let sends = rests(&mut |cx| socket.poll_send_to(cx, b"payload", SOURCE).is_ready());
            assert!((1..20).contains(&sends), "{sends} of {CALLS}");
            for _ in 0..=CALLS {
                scene.relays(SOURCE, b"payload");
            }
            scene.received(64);
            let receives = rests(&mut |cx| socket.poll_recv_from(cx, &mut [0; 64]).is_ready());
            assert!((1..20).contains(&receives), "{receives} of {CALLS}");
        });
    });
}

/// On tokio a task has a budget, and each begins with all of it: so what is there is received by
/// the first poll.
#[cfg(feature = "tokio")]
#[test]
fn another_tasks_calls_do_not_count() {
    use crate::support::blocked::{Executor, OnTokio};
    let tokio = FRONTS.iter().find(|front| front.name == "tokio").expect("the front end");
    let scene = Setting::default().open(tokio);
    for _ in 0..200 {
        scene.relays(SOURCE, b"payload");
    }
    scene.received(64);
    let socket = scene.socket.polled().expect("poll functions");
    for number in 1..200 {
        let mut polled = Poll::Pending;
        OnTokio::run(std::future::poll_fn(|cx| {
            polled = socket.poll_recv_from(cx, &mut [0; 64]).map(|received| received.is_ok());
            Poll::Ready(())
        }));
        assert_eq!(polled, Poll::Ready(true), "datagram {number}");
    }
}

/// Nor does one that selects between two calls, of which one is always ready.
#[cfg(feature = "tokio")]
#[test]
fn a_loop_over_both_directions_lets_others_run() {
    let (socket, _relay, _control) = Setting::default().associate(|proxy| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let associated = runtime.block_on(anysocks::tokio::Socks5UdpSocket::associate(proxy));
        (associated.expect("an association"), runtime)
    });
    let (over, is_over) = channel();
    thread::spawn(move || {
        let (socket, runtime) = socket;
        let mut buf = [0; 64];
        let looping = async {
            loop {
                tokio::select! {
                    _ = socket.recv_from(&mut buf) => {}
                    _ = socket.send_to(b"payload", SOURCE) => {}
                }
            }
        };
        let limit = Duration::from_millis(50);
        let late: Result<(), _> = runtime.block_on(async { tokio::time::timeout(limit, looping).await });
        over.send(late.is_err()).expect("a test that waits");
    });
    assert!(is_over.recv_timeout(PATIENCE).expect("a timer that is looked at"));
}

/// A future that is dropped while it waits leaves nothing behind, and loses nothing.
#[test]
fn given_up() {
    on_all(|scene| {
        for _ in 0..20 {
            let limit = Duration::from_millis(1);
            let late = scene.socket.recv_from_within(limit, &mut [0; 64]).expect_err("nothing is there");
            assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        }
        scene.relays(SOURCE, b"payload");
        assert_eq!(scene.received(64).0, b"payload");
    });
}

/// What only blocking sockets have.
#[test]
fn timeouts() {
    let (socket, _relay, _control) = Setting::default()
        .associate(|proxy| anysocks::blocking::Socks5UdpSocket::associate(proxy).expect("an association"));
    assert_eq!((socket.read_timeout(), socket.write_timeout()), (None, None));
    let another = socket.try_clone().expect("a handle");
    let limit = Duration::from_millis(50);
    another.set_read_timeout(Some(limit)).expect("a timeout");
    another.set_write_timeout(Some(limit * 2)).expect("a timeout");
    assert_eq!((socket.read_timeout(), socket.write_timeout()), (Some(limit), Some(limit * 2)));
    let mut batch = anysocks::udp::RecvBatch::new(1);
    let mut buf = [0; 64];
    let calls: [&mut dyn FnMut() -> io::Error; 4] = [
        &mut || socket.recv_from(&mut [0; 64]).expect_err("nothing"),
        &mut || socket.recv(&mut [0; 64]).expect_err("nothing"),
        &mut || socket.recv_in_place(&mut buf).map(drop).expect_err("nothing"),
        &mut || socket.recv_batch(&mut batch).expect_err("nothing"),
    ];
    for call in calls {
        let started = Instant::now();
        assert_eq!(call().kind(), io::ErrorKind::TimedOut);
        assert_on_time(started, limit);
    }
    let sets: [&dyn Fn(Option<Duration>) -> io::Result<()>; 2] =
        [&|timeout| socket.set_read_timeout(timeout), &|timeout| socket.set_write_timeout(timeout)];
    for set in sets {
        let error = set(Some(Duration::ZERO)).expect_err("no time");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        set(Some(Duration::MAX)).expect("a timeout");
        set(None).expect("no timeout");
    }
    assert_eq!((another.read_timeout(), another.write_timeout()), (None, None));
}

/// Handles are the same socket: what is counted, and where they are.
#[test]
fn handles() {
    everywhere(|front| {
        let scene = Setting::default().open(front);
        let another: Box<dyn Association> = scene.socket.another();
        assert_eq!(another.local_addr(), scene.socket.local_addr());
        scene.says(b"junk");
        scene.relays(SOURCE, b"payload");
        assert_eq!(another.recv_from(&mut [0; 64]).expect("a datagram").0, 7);
        assert_eq!(scene.socket.dropped(), 1);
    });
}
