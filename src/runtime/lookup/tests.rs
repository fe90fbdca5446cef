//! Shared lookups, and lookups whose last caller is dropped.

use super::*;
use crate::blocking::{Blocking, block_on};
use crate::runtime::deadline;
use std::sync::Condvar;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any of these tests takes.
const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(20);

fn lookups(threads: usize, resolver: fn(&str, u16) -> io::Result<Vec<SocketAddr>>) -> &'static Lookups {
    let pool = Box::leak(Box::new(Pool::new(threads, PATIENCE)));
    Box::leak(Box::new(Lookups::new(pool, resolver)))
}

fn call(lookups: &'static Lookups, name: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    block_on(lookups.addresses::<Blocking>(name, port, deadline::<Blocking>(limit)))
}

/// Blocks a resolver until it is opened.
struct Gate {
    calls: AtomicUsize,
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    const fn new() -> Self {
        Self { calls: AtomicUsize::new(0), open: Mutex::new(false), opened: Condvar::new() }
    }

    fn pass(&self) {
        self.calls.fetch_add(1, Relaxed);
        drop(self.opened.wait_while(self.open.lock().unwrap(), |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < PATIENCE);
        thread::yield_now();
    }
}

fn address(port: u16) -> SocketAddr {
    ([192, 0, 2, 7], port).into()
}

#[test]
fn calls_for_one_name_and_port_share_a_lookup() {
    static GATE: Gate = Gate::new();
    let lookups = lookups(32, |name, port| {
        GATE.pass();
        if name == "named.test" { Ok(vec![address(port)]) } else { Err(io::Error::from_raw_os_error(107)) }
    });
    let callers = |name: &str, port| {
        let in_flight = lookups.in_flight();
        search(&in_flight, &key(name, port)).map_or(0, |index| in_flight[index].callers)
    };
    thread::scope(|scope| {
        let calls: Vec<_> = [("named.test", 80), ("named.test", 81), ("nameless.test", 80)]
            .into_iter()
            .flat_map(|(name, port)| [(name, port); 50])
            .map(|(name, port)| scope.spawn(move || (name, port, call(lookups, name, port, PATIENCE))))
            .collect();
        until(|| {
            [("named.test", 80), ("named.test", 81), ("nameless.test", 80)]
                .iter()
                .all(|(name, port)| callers(name, *port) == 50)
        });
        GATE.open();
        for made in calls {
            match made.join().unwrap() {
                ("named.test", port, answer) => assert_eq!(answer.unwrap(), [address(port)]),
                (_, _, answer) => assert_eq!(answer.unwrap_err().raw_os_error(), Some(107)),
            }
        }
    });
    assert_eq!(GATE.calls.load(Relaxed), 3);
    // Answers are not cached, and the list has freed its memory.
    assert_eq!(lookups.in_flight().capacity(), 0);
    call(lookups, "named.test", 80, PATIENCE).unwrap();
    assert_eq!(GATE.calls.load(Relaxed), 4);
}

/// Each call finds its own lookup, in whatever order the names arrive.
#[test]
fn lookups_of_many_names_are_kept_apart() {
    static GATE: Gate = Gate::new();
    fn answer_for(name: &str, port: u16) -> SocketAddr {
        address(u16::try_from(name.len()).unwrap() * 100 + port)
    }
    let lookups = lookups(32, |name, port| {
        GATE.pass();
        Ok(vec![answer_for(name, port)])
    });
    let targets: Vec<_> = (0..20).map(|n: u16| ("x".repeat(usize::from(n * 7 % 20 + 1)), n % 3)).collect();
    thread::scope(|scope| {
        let calls: Vec<_> = targets
            .iter()
            .chain(&targets)
            .map(|(name, port)| scope.spawn(move || (name, port, call(lookups, name, *port, PATIENCE))))
            .collect();
        until(|| {
            let in_flight = lookups.in_flight();
            in_flight.len() == 20 && in_flight.iter().all(|shared| shared.callers == 2)
        });
        assert!(lookups.in_flight().is_sorted_by(|a, b| a.key < b.key));
        GATE.open();
        for made in calls {
            let (name, port, answer) = made.join().unwrap();
            assert_eq!(answer.unwrap(), [answer_for(name, *port)]);
        }
    });
    assert_eq!(GATE.calls.load(Relaxed), 20);
}

#[test]
fn a_later_call_takes_over_a_lookup_without_callers() {
    static GATE: Gate = Gate::new();
    let lookups = lookups(32, |_, port| {
        GATE.pass();
        Ok(vec![address(port)])
    });
    // Until a thread has started the lookup, dropping the only caller withdraws it.
    until(|| call(lookups, "slow.test", 80, SOON).is_err() && GATE.calls.load(Relaxed) == 1);
    for _ in 0..3 {
        let error = call(lookups, "slow.test", 80, SOON).unwrap_err();
        assert_eq!(error.to_string(), io::Error::from(io::ErrorKind::TimedOut).to_string());
    }
    assert_eq!(GATE.calls.load(Relaxed), 1);
    assert_eq!(lookups.pool.load().1, 0);
    let late = thread::spawn(|| call(lookups, "slow.test", 80, PATIENCE));
    until(|| lookups.in_flight().iter().all(|shared| shared.callers == 1));
    GATE.open();
    assert_eq!(late.join().unwrap().unwrap(), [address(80)]);
    assert_eq!(GATE.calls.load(Relaxed), 1);
}

#[test]
fn dropping_the_last_caller_withdraws_a_queued_lookup() {
    static GATE: Gate = Gate::new();
    let lookups = lookups(1, |_, _| {
        GATE.pass();
        Ok(Vec::new())
    });
    until(|| call(lookups, "slow.test", 80, SOON).is_err() && GATE.calls.load(Relaxed) == 1);
    let patient = thread::spawn(|| call(lookups, "queued.test", 80, PATIENCE));
    until(|| lookups.in_flight().len() == 2);
    for name in ["queued.test", "other.test"] {
        let error = call(lookups, name, 80, SOON).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "timed out waiting for a thread: 1 lookups are in flight");
    }
    // The lookup with a caller is still queued.
    assert_eq!((lookups.in_flight().len(), lookups.pool.load()), (2, (1, 1)));
    GATE.open();
    patient.join().unwrap().unwrap();
    assert_eq!(GATE.calls.load(Relaxed), 2);
}

#[test]
fn a_forked_process_starts_its_own_lookups() {
    static GATE: Gate = Gate::new();
    let lookups = lookups(32, |_, port| {
        GATE.pass();
        Ok(vec![address(port)])
    });
    until(|| call(lookups, "slow.test", 80, SOON).is_err() && GATE.calls.load(Relaxed) == 1);
    // As in a child process, where the parent started the lookup.
    let mut in_flight = lookups.in_flight();
    assert_eq!(in_flight.len(), 1);
    in_flight[0].key.process = 0;
    drop(in_flight);
    let own = thread::spawn(|| call(lookups, "slow.test", 80, PATIENCE));
    until(|| GATE.calls.load(Relaxed) == 2);
    GATE.open();
    assert_eq!(own.join().unwrap().unwrap(), [address(80)]);
}

#[test]
fn a_panic_of_the_resolver_is_an_error() {
    let lookups = lookups(1, |name, _| panic!("on purpose: {name}"));
    for _ in 0..2 {
        let error = call(lookups, "name.test", 80, PATIENCE).unwrap_err();
        assert_eq!(error.to_string(), "the thread that worked on it panicked");
        assert!(lookups.in_flight().is_empty());
    }
}

#[test]
fn no_lookup_starts_after_the_deadline() {
    let lookups = lookups(1, |_, _| Ok(Vec::new()));
    let error = call(lookups, "name.test", 80, Duration::ZERO).unwrap_err();
    assert_eq!((error.kind(), lookups.pool.load()), (io::ErrorKind::TimedOut, (0, 0)));
}

#[test]
fn the_system_resolves_localhost() {
    let addrs = block_on(LOOKUPS.addresses::<Blocking>("localhost", 80, None)).unwrap();
    assert!(addrs.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 80));
    assert!(!addrs.is_empty());
}

/// Every caller gets the kind, the code and the text of the resolver's error.
#[test]
fn errors_are_copied_whole() {
    let resolver_error = ("nonexistent.invalid", 80).to_socket_addrs().err().unwrap();
    for error in [resolver_error, io::Error::from_raw_os_error(1), io::Error::other("text")] {
        let copied = copy(&error);
        assert_eq!((copied.kind(), copied.to_string()), (error.kind(), error.to_string()));
        assert_eq!(copied.raw_os_error(), error.raw_os_error());
    }
}
