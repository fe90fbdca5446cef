//! The order of the tries, and the state of each upstream.

use super::health::{Pauses, State, is_of_upstream};
use super::*;
use crate::error::{Attempt, ErrorKind, Stage};
use crate::protocol::reply::Reply;

fn chains(count: u16) -> Vec<Chain> {
    (1..=count).map(|n| Proxy::socks5((std::net::Ipv4Addr::LOCALHOST, n)).unwrap().into()).collect()
}

fn failure() -> Error {
    Error::new(Stage::Dial, ErrorKind::Unreachable(Vec::new()))
}

/// Fails the upstream, as a try that begins now.
fn fail(upstreams: &Upstreams, index: usize, now: Instant) {
    let pauses = upstreams.0.settings.pauses;
    upstreams.with_state(index, |state| state.fail(now, now, pauses, &failure()));
}

#[test]
fn the_order_is_given_or_takes_turns() {
    let now = Instant::now();
    let given = Upstreams::new(chains(3)).unwrap();
    let turns = given.clone().round_robin(true);
    for expected in [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]] {
        assert_eq!(given.order(now, true), [0, 1, 2].map(Some));
        assert_eq!(turns.order(now, true), expected.map(Some));
    }
    // The count wraps around.
    turns.0.shared.turn.store(usize::MAX, Relaxed);
    assert_eq!(turns.order(now, true).len(), 3);
    assert_eq!(turns.order(now, true), [0, 1, 2].map(Some));
}

#[test]
fn a_failed_upstream_comes_last_during_its_pause() {
    let now = Instant::now();
    let upstreams = Upstreams::new(chains(3)).unwrap();
    fail(&upstreams, 0, now);
    let later = now + Duration::from_secs(1);
    fail(&upstreams, 1, later);
    assert_eq!(upstreams.order(later, true), [2, 0, 1].map(Some));
    fail(&upstreams, 2, later + Duration::from_millis(1));
    assert_eq!(upstreams.order(later, true), [0, 1, 2].map(Some), "the one whose pause ends first");
    assert_eq!(upstreams.order(now + Duration::from_secs(2), true), [0, 1, 2].map(Some));
    assert_eq!(upstreams.order(now + Duration::from_secs(9), true), [0, 1, 2].map(Some));
    upstreams.with_state(1, State::succeed);
    assert_eq!(upstreams.order(later, true), [1, 0, 2].map(Some));
}

#[test]
fn a_direct_connection_is_the_last_and_only_on_request() {
    let now = Instant::now();
    let never = Upstreams::new(chains(2)).unwrap();
    let direct = never.clone().then_direct();
    assert_eq!(direct.order(now, true), [Some(0), Some(1), None]);
    for index in [0, 1] {
        fail(&never, index, now);
        fail(&direct, index, now);
    }
    assert_eq!(never.order(now, true), [Some(0), Some(1)]);
    assert_eq!(direct.order(now, true), [None]);
    assert_eq!(direct.order(now, false), [Some(0), Some(1)], "a request that only a proxy can carry out");
    assert_eq!(direct.to_string(), "socks5h://127.0.0.1:1; socks5h://127.0.0.1:2; DIRECT");
    assert_eq!(never.to_string(), "socks5h://127.0.0.1:1; socks5h://127.0.0.1:2");
}

#[test]
fn the_pause_doubles_up_to_the_longest() {
    let pauses = Pauses { first: Duration::from_secs(2), longest: Duration::from_secs(10) };
    let mut state = State::default();
    let mut now = Instant::now();
    for (failures, pause) in (1..).zip([2, 4, 8, 10, 10]) {
        state.fail(now, now, pauses, &failure());
        let health = state.health(&chains(1)[0], now);
        assert_eq!((health.failures, health.paused_for), (failures, Some(Duration::from_secs(pause))));
        // It had begun before that failure.
        state.fail(now, now + Duration::from_secs(1), pauses, &failure());
        assert_eq!(state.health(&chains(1)[0], now).failures, failures);
        now += Duration::from_secs(pause);
        assert_eq!(state.health(&chains(1)[0], now).paused_for, None);
        assert!(!state.is_paused(now));
        now += Duration::from_secs(1);
    }
    state.succeed();
    assert!(state.health(&chains(1)[0], now).is_healthy());
    // None of it overflows.
    let pauses = Pauses { first: Duration::MAX, longest: Duration::MAX };
    for _ in 0..40 {
        now += Duration::from_secs(1);
        state.fail(now, now, pauses, &failure());
    }
    assert!(!state.is_paused(now), "a pause that the clock can't represent is none");
}

#[test]
fn a_line_for_each_upstream() {
    let upstreams = Upstreams::new(chains(1)).unwrap();
    let line = |upstreams: &Upstreams| upstreams.health()[0].to_string();
    assert_eq!(line(&upstreams), "socks5h://127.0.0.1:1: healthy");
    fail(&upstreams, 0, Instant::now());
    let start = "socks5h://127.0.0.1:1: failed once, passed over for ";
    assert!(line(&upstreams).starts_with(start), "{}", line(&upstreams));
    assert!(line(&upstreams).ends_with(" s: connection to the proxy failed: "), "{}", line(&upstreams));
}

/// Which failures begin a pause.
#[test]
fn failures_of_an_upstream_and_failures_that_may_be_the_targets() {
    let io = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let attempt = || vec![Attempt { address: String::new(), error: io() }];
    for (stage, kind, alone, earlier) in [
        (Stage::Dial, ErrorKind::Unreachable(attempt()), true, true),
        (Stage::MethodSelection, ErrorKind::TimedOut, true, true),
        (Stage::MethodSelection, ErrorKind::MethodsRefused, true, true),
        (Stage::MethodSelection, ErrorKind::NotSocks { first: b'H' }, true, true),
        (Stage::Authentication, ErrorKind::PasswordRefused(1), true, true),
        (Stage::Authentication, ErrorKind::Io(io()), true, true),
        (Stage::Request, ErrorKind::TimedOut, false, true),
        (Stage::Request, ErrorKind::EndedEarly { received: 0 }, false, true),
        (Stage::Request, ErrorKind::Io(io()), false, true),
        (Stage::Request, ErrorKind::Refused(Reply::GENERAL_FAILURE), false, true),
        (Stage::Request, ErrorKind::Refused(Reply::HOST_UNREACHABLE), false, true),
        (Stage::Request, ErrorKind::Refused(Reply::COMMAND_NOT_SUPPORTED), false, true),
        (Stage::Request, ErrorKind::Refused(Reply::NO_IDENTD), true, true),
        (Stage::Request, ErrorKind::Malformed { field: "ATYP", byte: 9 }, true, true),
        (Stage::Direct, ErrorKind::Unreachable(attempt()), false, false),
        (Stage::Preparation, ErrorKind::Invalid(Invalid::Ipv6OverSocks4), false, false),
    ] {
        let error = Error::new(stage, kind);
        assert_eq!(is_of_upstream(&error), alone, "{error:?}");
        let error = error.of_hop(1, 2);
        assert_eq!(is_of_upstream(&error), earlier, "{error:?}");
    }
}

#[test]
fn the_limit_is_the_longest_of_an_upstream() {
    let of = |limits: &[Option<u64>]| {
        let proxies = limits.iter().map(|limit| {
            let limit = limit.map(Duration::from_secs);
            Proxy::socks5("a.example").unwrap().timeout(limit)
        });
        Upstreams::new(proxies).unwrap()
    };
    for (limits, longest) in [(&[Some(3), Some(7)][..], Some(7)), (&[Some(3), None], None), (&[None], None)] {
        assert_eq!(of(limits).limit(), longest.map(Duration::from_secs));
        assert_eq!(of(limits).timeout(Duration::from_secs(1)).limit(), Some(Duration::from_secs(1)));
    }
    assert!(Upstreams::new(Vec::<Proxy>::new()).is_err());
}
