//! Preparations that block, on the front ends with a runtime: other tasks run, nothing is dialled,
//! the deadline ends the call, and nothing waits for the thread.

#![allow(dead_code, unused_imports, unused_macros, reason = "each set of features uses a part of it")]

use crate::scene::{Lonely, TARGET};
use crate::support::blocked::{Executor, OnAsyncIo, OnTokio};
use crate::support::case::{Case, at_once, limit_test};
use crate::support::clock::assert_on_time;
use crate::support::methods::preparing::{Gate, failing, slow};
use crate::support::methods::short;
use crate::support::script::{Manner, Script, client, proxy};
use anysocks::{Auth, Chain, Error, ErrorKind, Proxy, Stage};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

const CODE: u8 = 0xC0;
const PEER: &str = "192.0.2.9:40000";
const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

type Work = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// A call of a front end, with a proxy whose METHOD is prepared.
struct Call {
    front: &'static str,
    name: &'static str,
    start: fn(Proxy) -> Work,
    /// Its executors.
    on: &'static [On],
}

/// Runs both until the first has ended. The second is called again and again.
type Race = fn(Work, &mut dyn FnMut()) -> Result<(), Error>;

struct On {
    name: &'static str,
    race: Race,
}

/// How long the other task sleeps between two turns.
const TICK: Duration = Duration::from_millis(20);

async fn race(
    work: Work,
    tick: &mut dyn FnMut(),
    sleep: impl Fn() -> Pin<Box<dyn Future<Output = ()>>>,
) -> Result<(), Error> {
    let ticker = async {
        loop {
            tick();
            sleep().await;
        }
    };
    smol::future::or(work, ticker).await
}

#[cfg(feature = "tokio")]
fn sleep_on_tokio() -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(tokio::time::sleep(TICK))
}

#[cfg(any(feature = "smol", feature = "async-std"))]
fn sleep_on_async_io() -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async {
        async_io::Timer::after(TICK).await;
    })
}

#[cfg(feature = "tokio")]
const ON_TOKIO: &[On] = &[
    On { name: "many threads", race: |work, tick| OnTokio::run(race(work, tick, sleep_on_tokio)) },
    On {
        name: "one thread",
        race: |work, tick| {
            limit_test();
            current_thread().block_on(race(work, tick, sleep_on_tokio))
        },
    },
];

#[cfg(any(feature = "smol", feature = "async-std"))]
const ON_ASYNC_IO: &[On] =
    &[On { name: "async-io", race: |work, tick| OnAsyncIo::run(race(work, tick, sleep_on_async_io)) }];

/// A call that blocks leaves no turn to another task of its thread.
const ALONE: &[On] = &[On { name: "a thread", race: |work, _| smol::future::block_on(work) }];

#[cfg(feature = "tokio")]
fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Polls the handshake again after its error.
async fn twice<T>(mut handshake: Pin<Box<dyn Future<Output = Result<T, Error>> + '_>>) {
    assert!(handshake.as_mut().await.is_err());
    let again = poll_fn(|cx| Poll::Ready(handshake.as_mut().poll(cx).is_pending())).await;
    assert!(again, "a result after the error");
}

#[test]
fn polled_after_its_error() {
    let auth = failing(CODE, io::ErrorKind::NotFound);
    let script = || Script::new(&short::lines(CODE), b"", Manner::default());
    #[cfg(feature = "tokio")]
    OnTokio::run(twice(Box::pin(anysocks::tokio::Socks5Stream::handshake(script(), &auth, TARGET))));
    #[cfg(feature = "smol")]
    OnAsyncIo::run(twice(Box::pin(anysocks::smol::Socks5Stream::handshake(script(), &auth, TARGET))));
    #[cfg(feature = "async-std")]
    OnAsyncIo::run(twice(Box::pin(anysocks::async_std::Socks5Stream::handshake(script(), &auth, TARGET))));
    let _ = (auth, script);
}

/// The proxy behind another one, which is dialled first.
fn second(proxy: &Proxy) -> Chain {
    let first = Proxy::socks5(proxy.endpoint().clone()).expect("a proxy");
    Chain::from(first).then(proxy.clone()).expect("a chain")
}

/// A table of calls of `anysocks::$front`.
macro_rules! table {
    ($front:ident, $on:ident, $($name:literal: |$proxy:ident| $call:expr,)*) => {
        [$(Call {
            front: stringify!($front),
            name: $name,
            start: |$proxy| Box::pin(async move { $call.map(drop) }),
            on: $on,
        }),*]
    };
}

/// The calls of `anysocks::$front`, each of which `$wait` awaits.
macro_rules! calls {
    ($front:ident, $on:ident, $($wait:tt)*) => {
        table!(
            $front, $on,
            "CONNECT": |proxy| anysocks::$front::Socks5Stream::connect(&proxy, TARGET)$($wait)*,
            "BIND": |proxy| anysocks::$front::Socks5Listener::bind(&proxy, PEER)$($wait)*,
            "UDP ASSOCIATE": |proxy| anysocks::$front::Socks5UdpSocket::associate(&proxy)$($wait)*,
            "RESOLVE": |proxy| anysocks::$front::resolve(&proxy, "a.b")$($wait)*,
            "RESOLVE_PTR": |proxy| anysocks::$front::resolve_ptr(&proxy, IP)$($wait)*,
            "a connector's CONNECT":
                |proxy| anysocks::$front::Connector::new(proxy).connect(TARGET)$($wait)*,
            "a connector's BIND": |proxy| anysocks::$front::Connector::new(proxy).bind(PEER)$($wait)*,
            "a connector's UDP ASSOCIATE":
                |proxy| anysocks::$front::Connector::new(proxy).associate()$($wait)*,
            "a connector's RESOLVE":
                |proxy| anysocks::$front::Connector::new(proxy).resolve("a.b")$($wait)*,
            "the second proxy's CONNECT":
                |proxy| anysocks::$front::Connector::new(second(&proxy)).connect(TARGET)$($wait)*,
            "the second proxy's BIND":
                |proxy| anysocks::$front::Connector::new(second(&proxy)).bind(PEER)$($wait)*,
            "the second proxy's RESOLVE":
                |proxy| anysocks::$front::Connector::new(second(&proxy)).resolve("a.b")$($wait)*,
        )
    };
}

fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    calls.extend(calls!(blocking, ALONE,));
    #[cfg(feature = "tokio")]
    calls.extend(calls!(tokio, ON_TOKIO, .await));
    #[cfg(feature = "smol")]
    calls.extend(calls!(smol, ON_ASYNC_IO, .await));
    #[cfg(feature = "async-std")]
    calls.extend(calls!(async_std, ON_ASYNC_IO, .await));
    calls
}

fn each(check: impl Fn(&Call, &On)) {
    for call in calls() {
        for on in call.on {
            let _case = Case::new(format!("{} of {} on {}", call.name, call.front, on.name));
            check(&call, on);
        }
    }
}

/// The other task ends the preparation, so it has to have its turns meanwhile.
#[test]
fn other_tasks_run() {
    let others = || calls().into_iter().filter(|call| call.front != "blocking");
    for call in others() {
        for on in call.on {
            let _case = Case::new(format!("{} of {} on {}", call.name, call.front, on.name));
            let (lonely, addr) = Lonely::new();
            let gate = Gate::default();
            // The second of the two: nothing is dialled before all have ended.
            let auth = slow(CODE, &gate).or(failing(CODE + 1, io::ErrorKind::NotConnected)).expect("two");
            let proxy = Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth)).expect("a proxy");
            let mut turns = 0;
            let failed = (on.race)((call.start)(proxy), &mut || {
                turns += usize::from(gate.progress().began == 1);
                if turns == 3 {
                    lonely.assert_alone();
                    gate.open();
                }
            });
            assert_no_ticket(failed.expect_err("no ticket"), io::ErrorKind::NotConnected);
            assert_eq!((gate.progress().began, gate.progress().ended), (1, 1));
            lonely.assert_alone();
        }
    }
}

#[track_caller]
fn assert_no_ticket(failed: Error, kind: io::ErrorKind) {
    assert_eq!(failed.stage(), Stage::Preparation, "{failed:?}");
    assert!(
        matches!(failed.kind(), ErrorKind::Method(cause) if cause.to_string() == "no ticket"),
        "{failed:?}"
    );
    assert!(failed.proxy().is_some(), "{failed:?}");
    assert!(matches!(failed.hop(), None | Some(2)), "{failed:?}");
    assert_eq!(io::Error::from(failed).kind(), kind);
}

/// All METHODs that are offered are prepared. One that fails is an error, also beside others.
#[test]
fn one_that_fails() {
    let failing = || failing(CODE, io::ErrorKind::HostUnreachable);
    let both = |one: Auth, other: Auth| one.or(other).expect("two METHODs");
    for (first, last) in [(Auth::none(), failing()), (failing(), Auth::none())] {
        let auth = both(first, last);
        each(|call, on| {
            let (lonely, addr) = Lonely::new();
            let proxy = Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth.clone())).expect("a proxy");
            let failed = (on.race)((call.start)(proxy), &mut || ());
            assert_no_ticket(failed.expect_err("no ticket"), io::ErrorKind::HostUnreachable);
            lonely.assert_alone();
        });
    }
}

/// A panic ends the call, and not the thread that polls it.
#[test]
fn one_that_panics() {
    let auth = Auth::prepared_method(CODE, |_| panic!("a METHOD's mistake")).expect("a METHOD");
    each(|call, on| {
        let (lonely, addr) = Lonely::new();
        let proxy = Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth.clone())).expect("a proxy");
        let failed = (on.race)((call.start)(proxy), &mut || ()).expect_err("a panic");
        assert_eq!(failed.stage(), Stage::Preparation);
        assert!(matches!(failed.kind(), ErrorKind::Io(_)), "{failed:?}");
        lonely.assert_alone();
    });
}

/// A deadline of 1 s ends a preparation of 5 s, which goes on without the call.
#[test]
fn the_deadline_ends_it() {
    let all: Vec<_> = calls()
        .into_iter()
        .flat_map(|call| call.on.iter().map(move |on| (call.front, call.name, call.start, on)))
        .collect();
    // No more than the threads for blocking work.
    for some in all.chunks(24) {
        at_once(
            some,
            |(front, name, _, on)| format!("{name} of {front} on {}", on.name),
            |(_, _, start, on)| {
                let (lonely, addr) = Lonely::new();
                let (gate, limit) = (Gate::default(), Duration::from_secs(1));
                let proxy = Proxy::socks5(addr).and_then(|proxy| proxy.auth(slow(CODE, &gate)));
                let proxy = proxy.expect("a proxy").timeout(limit);
                let (started, mut turns) = (Instant::now(), 0);
                let failed = (on.race)(start(proxy), &mut || turns += 1).expect_err("no end of it");
                assert_on_time(started, limit);
                assert_eq!(failed.stage(), Stage::Preparation, "{failed:?}");
                assert!(matches!(failed.kind(), ErrorKind::TimedOut), "{failed:?}");
                assert_eq!((gate.progress().began, gate.progress().ended), (1, 0));
                assert!(on.name == "a thread" || turns > 1, "the other task has stopped");
                lonely.assert_alone();
                gate.open();
            },
        );
    }
}

/// Ends the work as soon as a preparation has begun.
fn until_it_began(mut work: Work, gate: &Gate) -> Work {
    let gate = gate.clone();
    Box::pin(poll_fn(move |cx| match work.as_mut().poll(cx) {
        Poll::Pending if gate.progress().began > 0 => Poll::Ready(Ok(())),
        polled => polled,
    }))
}

#[test]
fn a_dropped_call_does_not_wait() {
    each(|call, on| {
        if call.front == "blocking" {
            return;
        }
        let (lonely, addr) = Lonely::new();
        let gate = Gate::default();
        let proxy = Proxy::socks5(addr).and_then(|proxy| proxy.auth(slow(CODE, &gate))).expect("a proxy");
        (on.race)(until_it_began((call.start)(proxy), &gate), &mut || ()).expect("it has begun");
        assert_eq!(gate.progress().ended, 0);
        gate.open();
        lonely.assert_alone();
    });
}

#[cfg(feature = "tokio")]
#[test]
fn a_dropped_runtime_does_not_wait() {
    for runtime in [current_thread(), tokio::runtime::Runtime::new().expect("a runtime")] {
        let (_lonely, addr) = Lonely::new();
        let gate = Gate::default();
        let proxy = Proxy::socks5(addr).and_then(|proxy| proxy.auth(slow(CODE, &gate))).expect("a proxy");
        runtime.spawn(async move { anysocks::tokio::Socks5Stream::connect(&proxy, TARGET).await });
        runtime.block_on(async {
            while gate.progress().began == 0 {
                tokio::time::sleep(TICK).await;
            }
        });
        drop(runtime);
        assert_eq!(gate.progress().ended, 0);
        gate.open();
    }
}

/// A handshake over a stream, which has no deadline, prepares aside too.
#[test]
fn handshakes_over_a_stream() {
    let request = b"\x05\x01\x00\x03\x03a.b\x00\x50";
    let reply = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
    let script = || {
        let tunnel = vec![client(*request), proxy(Stage::Request, *reply)];
        Script::new(&[short::lines(CODE), tunnel].concat(), b"", Manner::default())
    };
    let binding = || {
        let request = [&[5, 2], &request[2..]].concat();
        let listening = vec![client(request), proxy(Stage::Request, *reply)];
        Script::new(&[short::lines(CODE), listening].concat(), b"", Manner::default())
    };
    macro_rules! handshakes {
        ($front:ident, $on:expr) => {
            for on in $on {
                for binds in [false, true] {
                    let _case = Case::new(format!("{} on {}, BIND: {binds}", stringify!($front), on.name));
                    let gate = Gate::default();
                    let (auth, mut turns) = (slow(CODE, &gate), 0);
                    let work: Work = if binds {
                        let stream = binding();
                        Box::pin(async move {
                            anysocks::$front::Socks5Listener::handshake(stream, &auth, "a.b:80")
                                .await
                                .map(drop)
                        })
                    } else {
                        let stream = script();
                        Box::pin(async move {
                            anysocks::$front::Socks5Stream::handshake(stream, &auth, "a.b:80").await.map(drop)
                        })
                    };
                    let tunnel = (on.race)(work, &mut || {
                        turns += usize::from(gate.progress().began == 1);
                        if turns == 3 {
                            gate.open();
                        }
                    });
                    tunnel.expect("a tunnel");
                    assert_eq!(gate.progress().ended, 1);
                }
            }
        };
    }
    #[cfg(feature = "tokio")]
    handshakes!(tokio, ON_TOKIO);
    #[cfg(feature = "smol")]
    handshakes!(smol, ON_ASYNC_IO);
    #[cfg(feature = "async-std")]
    handshakes!(async_std, ON_ASYNC_IO);
    let gate = Gate::default();
    gate.open();
    anysocks::blocking::Socks5Stream::handshake(script(), &slow(CODE, &gate), "a.b:80").expect("a tunnel");
    anysocks::blocking::Socks5Listener::handshake(binding(), &slow(CODE, &gate), "a.b:80").expect("a port");
    assert_eq!(gate.progress().ended, 2);
}
