//! Timeouts of hooks, and of handshakes over their streams.

use super::messages::Speaks;
use super::scene::{BEHIND, TARGET, behind, chain, error, falling_silent, play, serving, soon};
use super::ways::hooks::{Does, Hook, masked};
use super::ways::{Connecting, WAYS, Way};
use crate::support::case::Case;
use crate::support::clock::TOLERANCE;
use anysocks::{Chain, Error, ErrorKind, Stage};
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(20);
const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A call of a connector.
type Ask = fn(&dyn Connecting) -> Error;

static ALL: [Ask; 5] = [
    |connector| error(connector.connect(TARGET)),
    |connector| error(connector.connect_with_early_data(TARGET, b"GET")),
    |connector| error(connector.bind("192.0.2.1:80")),
    |connector| error(connector.resolve("example.com")),
    |connector| error(connector.resolve_ptr(IP)),
];

/// SOCKS4 knows no names of addresses.
fn asks(kind: Speaks) -> &'static [Ask] {
    if kind == Speaks::Socks4 { &ALL[..4] } else { &ALL }
}

fn wait() -> Hook {
    Box::new(|_| Does::Wait)
}

fn mask() -> Hook {
    Box::new(|_| Does::Mask)
}

/// Starts each call with its own connector. Checks later that it failed at this timeout, at this
/// stage, with this proxy's number.
fn late(
    connector: impl Fn() -> Box<dyn Connecting>,
    asks: &[Ask],
    limit: Duration,
    stage: Stage,
    hop: Option<usize>,
) -> Box<dyn FnOnce()> {
    let asked: Vec<_> = asks.iter().map(|ask| asked(connector(), *ask)).collect();
    Box::new(move || {
        for outcome in asked {
            let (error, elapsed) = outcome();
            assert!(error.is_timeout() && matches!(error.kind(), ErrorKind::TimedOut), "{error:?}");
            assert_eq!((error.stage(), error.hop()), (stage, hop), "{error:?}");
            let silence = "sent nothing: is it an HTTP proxy, or does it expect TLS?";
            assert_eq!(error.to_string().ends_with(silence), stage == Stage::MethodSelection, "{error}");
            assert!(elapsed >= limit && elapsed < limit + TOLERANCE, "{elapsed:?}: {error}");
        }
    })
}

/// The error, and how long it took.
fn asked(connector: Box<dyn Connecting>, ask: Ask) -> impl FnOnce() -> (Error, Duration) {
    soon(move || {
        let started = Instant::now();
        (ask(&*connector), started.elapsed())
    })
}

/// Starts the call on every front end, and then checks the outcomes.
fn at_once(begin: impl Fn(&Way) -> Box<dyn FnOnce()>) {
    let checks: Vec<_> = WAYS.iter().map(|way| (way.name, begin(way))).collect();
    for (name, check) in checks {
        let _case = Case::new(name);
        check();
    }
}

/// Proxies, each with a limit of its own.
fn limited(addr: SocketAddr, kinds: &[Speaks], limits: &[Option<Duration>]) -> Chain {
    let hops = behind(addr, kinds);
    chain(hops.hops().iter().cloned().zip(limits).map(|(proxy, limit)| proxy.timeout(*limit)))
}

#[test]
fn a_hook_that_never_ends() {
    let addr = falling_silent(vec![]);
    for kind in Speaks::ALL {
        let _case = Case::new(format!("{kind:?}"));
        at_once(|way| {
            let one = || (way.wrapped)(limited(addr, &[kind], &[Some(LIMIT)]).into(), wait());
            late(one, asks(kind), LIMIT, Stage::Dial, None)
        });
    }
}

#[test]
fn a_hook_that_never_ends_before_a_chain() {
    let addr = falling_silent(vec![]);
    let kinds = [Speaks::Socks4, Speaks::Password, Speaks::Socks5];
    for (limits, all) in [
        // The first one's own is shorter than that of all, or the other way round.
        ([Some(LIMIT), Some(LONG), Some(LONG)], None),
        ([Some(LIMIT), None, None], None),
        ([Some(LIMIT), Some(LONG), None], Some(LONG)),
        ([Some(LONG); 3], Some(LIMIT)),
        ([None, None, Some(LIMIT / 5)], Some(LIMIT)),
    ] {
        let _case = Case::new(format!("{limits:?}, {all:?}"));
        at_once(|way| {
            let chain = || (way.wrapped)(limited(addr, &kinds, &limits).timeout(all).into(), wait());
            late(chain, &ALL, LIMIT, Stage::Dial, Some(1))
        });
    }
}

#[test]
fn a_proxy_that_is_silent() {
    let addr = falling_silent(vec![]);
    let greeted = falling_silent(masked(&Speaks::Password.greeting()));
    for (kind, addr, stage) in [
        (Speaks::Socks5, addr, Stage::MethodSelection),
        (Speaks::Socks4, addr, Stage::Request),
        (Speaks::Password, greeted, Stage::Request),
    ] {
        let _case = Case::new(format!("{kind:?}: {stage}"));
        at_once(|way| {
            let one = || (way.wrapped)(limited(addr, &[kind], &[Some(LIMIT)]).into(), mask());
            late(one, asks(kind), LIMIT, stage, None)
        });
    }
}

#[test]
fn a_proxy_of_a_chain_that_is_silent() {
    let kinds = [Speaks::Socks4, Speaks::Socks5];
    let addr = falling_silent(masked(&Speaks::Socks4.connection(BEHIND[0])));
    for (limits, all) in
        [([None, Some(LIMIT)], None), ([Some(LONG), Some(LIMIT)], Some(LONG)), ([Some(LONG); 2], Some(LIMIT))]
    {
        let _case = Case::new(format!("{limits:?}, {all:?}"));
        at_once(|way| {
            let chain = || (way.wrapped)(limited(addr, &kinds, &limits).timeout(all).into(), mask());
            late(chain, &ALL, LIMIT, Stage::MethodSelection, Some(2))
        });
    }
}

/// The time that the hook takes is the first proxy's.
#[test]
fn the_hook_and_the_handshake_have_one_limit() {
    let limit = LIMIT * 2;
    // Each part alone stays below its timeout by more than a second. Together they exceed one
    // timeout by as much.
    let part = limit * 5 / 8;
    let addr = serving(move |mut client| {
        let greeting = masked(&Speaks::Socks5.greeting());
        if play(&mut client, &greeting[..1]).is_ok() {
            std::thread::sleep(part);
            let _ = play(&mut client, &greeting[1..]);
            let _ = client.read_to_end(&mut Vec::new());
        }
    });
    at_once(|way| {
        let slow = move || -> Hook {
            Box::new(move |_| {
                std::thread::sleep(part);
                Does::Mask
            })
        };
        let one = || (way.wrapped)(limited(addr, &[Speaks::Socks5], &[Some(limit)]).into(), slow());
        late(one, &ALL, limit, Stage::MethodSelection, None)
    });
}
