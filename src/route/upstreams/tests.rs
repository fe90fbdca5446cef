//! The order of the tries, and the state of each upstream.

use super::health::{Pauses, State, is_of_upstream};
use super::*;
use crate::error::{Attempt, ErrorKind, Stage};
use crate::protocol::reply::Reply;
use crate::proxy::Proxy;

fn chains(count: u16) -> Vec<Chain> {
    (1..=count).map(|n| Proxy::socks5((std::net::Ipv4Addr::LOCALHOST, n)).unwrap().into()).collect()
}

fn failure() -> Error {
    Error::new(Stage::Dial, ErrorKind::Unreachable(Vec::new()))
}

/// Fails the upstream, as a try that begins now.
fn fail(upstreams: &Upstreams, index: usize, now: Instant) {
    let pauses = upstreams.0.settings.pauses;
    upstreams.with_state(index, |state| state.fail(Some(now), now, pauses, &failure()));
}

/// The upstreams in the order of the tries.
fn indices(upstreams: &Upstreams, now: Instant) -> Vec<usize> {
    upstreams.order(now, false).iter().map(|turn| turn.index).collect()
}

#[test]
fn the_order_is_given_or_takes_turns() {
    let now = Instant::now();
    let given = Upstreams::new(chains(3)).unwrap();
    let turns = given.clone().round_robin(true);
    for expected in [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]] {
        assert_eq!(indices(&given, now), [0, 1, 2]);
        assert_eq!(indices(&turns, now), expected);
    }
    // The count wraps around.
    turns.0.shared.turn.store(usize::MAX, Relaxed);
    assert_eq!(indices(&turns, now).len(), 3);
    assert_eq!(indices(&turns, now), [0, 1, 2]);
    // The others share the turns of one in a pause.
    fail(&turns, 1, now);
    let firsts: Vec<_> = (0..4).map(|_| indices(&turns, now)[0]).collect();
    assert_eq!(firsts, [2, 0, 2, 0]);
}

#[test]
fn a_failed_upstream_comes_last_during_its_pause() {
    let now = Instant::now();
    let upstreams = Upstreams::new(chains(3)).unwrap();
    fail(&upstreams, 0, now);
    let later = now + Duration::from_secs(1);
    fail(&upstreams, 1, later);
    assert_eq!(indices(&upstreams, later), [2, 0, 1]);
    fail(&upstreams, 2, later + Duration::from_millis(1));
    assert_eq!(indices(&upstreams, later), [0, 1, 2], "the one whose pause ends first");
    upstreams.with_state(1, State::succeed);
    assert_eq!(indices(&upstreams, later), [1, 0, 2]);
}

/// Otherwise every connection would wait for it at the end of each pause.
#[test]
fn after_a_pause_one_connection_tries_the_upstream() {
    let now = Instant::now();
    let upstreams = Upstreams::new(chains(2)).unwrap();
    fail(&upstreams, 0, now);
    assert_eq!(indices(&upstreams, now), [1, 0]);
    let after = now + Duration::from_secs(2);
    for _ in 0..2 {
        assert_eq!(indices(&upstreams, after), [0, 1], "no connection has tried it");
    }
    assert!(upstreams.admit(0, after), "the one that tries it");
    assert!(!upstreams.admit(0, after));
    assert_eq!(indices(&upstreams, after), [1, 0]);
    // It does not return, so another one follows after a pause of the same length.
    let again = after + Duration::from_secs(2);
    assert_eq!(upstreams.order(again, false)[0], Turn { index: 0, counts: true });
    assert!(upstreams.admit(0, again));
    fail(&upstreams, 0, again);
    assert_eq!(indices(&upstreams, again + Duration::from_secs(3)), [1, 0], "a pause of four seconds");
    upstreams.with_state(0, State::succeed);
    for _ in 0..2 {
        assert!(upstreams.admit(0, again));
        assert_eq!(indices(&upstreams, again), [0, 1]);
    }
}

/// The target has refused, for example, or little time was left.
#[test]
fn a_try_that_shows_nothing_leaves_no_pause() {
    let now = Instant::now();
    let upstreams = Upstreams::new(chains(2)).unwrap();
    fail(&upstreams, 0, now);
    let after = now + Duration::from_secs(2);
    assert!(upstreams.admit(0, after));
    upstreams.with_state(0, |state| state.release(after));
    assert_eq!(indices(&upstreams, after), [0, 1]);
    assert!(!upstreams.health()[0].is_healthy());
    // Another one has failed meanwhile.
    assert!(upstreams.admit(0, after));
    let later = after + Duration::from_secs(2);
    fail(&upstreams, 0, later);
    upstreams.with_state(0, |state| state.release(after));
    assert_eq!(indices(&upstreams, later), [1, 0]);
}

#[test]
fn upstreams_in_a_pause_are_left_out_before_a_direct_connection() {
    let now = Instant::now();
    let upstreams = Upstreams::new(chains(2)).unwrap();
    let direct = upstreams.clone().then_direct(true);
    assert!(direct.is_direct_last() && !upstreams.is_direct_last());
    assert!(!direct.clone().then_direct(false).is_direct_last());
    fail(&upstreams, 0, now);
    assert_eq!(upstreams.order(now, true), [Turn { index: 1, counts: true }]);
    fail(&upstreams, 1, now);
    assert_eq!(upstreams.order(now, true), []);
    assert_eq!(upstreams.order(now, false).len(), 2);
    assert_eq!(direct.to_string(), "socks5h://127.0.0.1:1; socks5h://127.0.0.1:2; DIRECT");
    assert_eq!(upstreams.to_string(), "socks5h://127.0.0.1:1; socks5h://127.0.0.1:2");
}

#[test]
fn the_pause_doubles_up_to_the_longest() {
    let pauses = Pauses { first: Duration::from_secs(2), longest: Duration::from_secs(10) };
    let mut state = State::default();
    let mut now = Instant::now();
    let failures_of = |state: &State, now| state.health(&chains(1)[0], now).failures;
    for (failures, pause) in (1..).zip([2, 4, 8, 10, 10]) {
        state.fail(Some(now), now, pauses, &failure());
        let health = state.health(&chains(1)[0], now);
        assert_eq!((health.failures, health.paused_for), (failures, Some(Duration::from_secs(pause))));
        // It began before that failure.
        let before = now.checked_sub(Duration::from_millis(1)).unwrap();
        state.fail(Some(before), now + Duration::from_secs(1), pauses, &failure());
        // It began during the pause.
        state.fail(None, now + Duration::from_secs(1), pauses, &failure());
        assert_eq!(failures_of(&state, now), failures);
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
        state.fail(Some(now), now, pauses, &failure());
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
        (Stage::Preparation, ErrorKind::TimedOut, false, false),
        (Stage::Preparation, ErrorKind::Io(io()), false, false),
        (Stage::Preparation, ErrorKind::Method(io().into()), false, false),
        (Stage::Authentication, ErrorKind::Method(io().into()), true, true),
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
