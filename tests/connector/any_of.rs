//! Connectors through any of several upstreams.

use super::messages::{BOUND, Speaks, field};
use super::scene::{
    Lonely, TARGET, assert_echo, deserted, error, falling_silent, invalid, saying, serving, soon,
};
use super::ways::{Connecting, Way, at_once, everywhere};
use super::word;
use crate::support::case::Case;
use crate::support::script::{Line, client, proxy as from_proxy};
use crate::support::server::echo;
use anysocks::{Auth, Chain, ErrorKind, Invalid, Proxy, Resolve, Stage, Upstreams};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// A proxy that grants the request for [`TARGET`], and sends this word.
pub(crate) fn granting(word: &'static str) -> SocketAddr {
    saying(Speaks::Socks5.connection(TARGET), word)
}

pub(crate) fn socks5(addr: SocketAddr) -> Proxy {
    Speaks::Socks5.at(addr)
}

pub(crate) fn upstreams(addrs: impl IntoIterator<Item = SocketAddr>) -> Upstreams {
    of(addrs.into_iter().map(socks5))
}

/// A pause outlasts a test on a busy machine.
pub(crate) fn of<C: Into<Chain>>(chains: impl IntoIterator<Item = C>) -> Upstreams {
    let hour = Duration::from_secs(3600);
    Upstreams::new(chains).expect("a list").pause(hour, hour)
}

pub(crate) fn any_of(way: &Way, upstreams: &Upstreams) -> Box<dyn Connecting> {
    (way.any_of)(upstreams.clone()).expect("a connector")
}

/// A server that sends this and closes the connection.
pub(crate) fn answering(answer: &'static [u8]) -> SocketAddr {
    serving(move |mut client| {
        let _ = client.read(&mut [0; 512]);
        let _ = client.write_all(answer);
    })
}

fn failures_of(upstreams: &Upstreams) -> Vec<u32> {
    upstreams.health().iter().map(|health| health.failures).collect()
}

/// Failures of a proxy, with the stage and whether they begin a pause.
fn failures() -> Vec<(&'static str, Proxy, Stage, bool)> {
    let greeting = Speaks::Socks5.greeting();
    let general_failure = [
        &greeting[..],
        &[
            client(Speaks::Socks5.request(1, TARGET)),
            from_proxy(Stage::Request, b"\x05\x01\x00\x01\0\0\0\0\0\0"),
        ],
    ]
    .concat();
    let closing = |lines: Vec<Line>| {
        serving(move |mut client| {
            let _ = super::scene::play(&mut client, &lines);
        })
    };
    let silent = socks5(falling_silent(vec![])).timeout(Duration::from_millis(300));
    vec![
        ("refuses METHODs", socks5(answering(&[5, 0xFF])), Stage::MethodSelection, true),
        (
            "an HTTP server",
            socks5(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
            Stage::MethodSelection,
            true,
        ),
        ("closes at once", socks5(answering(b"")), Stage::MethodSelection, true),
        ("is silent", silent, Stage::MethodSelection, true),
        ("fails for an unknown reason", socks5(closing(general_failure)), Stage::Request, false),
        ("closes at the request", socks5(closing(greeting)), Stage::Request, false),
    ]
}

#[test]
fn the_next_one_is_tried_after_a_failure() {
    let good = granting("good");
    everywhere(|way| {
        for (name, bad, stage, pauses) in failures() {
            let _case = Case::new(name);
            let upstreams = of([bad, socks5(good)]);
            let connector = any_of(way, &upstreams);
            for _ in 0..2 {
                let (bound, stream) = connector.connect(TARGET).expect("the second");
                assert_eq!((bound.to_string().as_str(), word(stream)), (BOUND, "good".to_owned()));
            }
            // The second connection has passed over the first upstream, if it was in a pause.
            let [first, second] = &upstreams.health()[..] else { panic!("two upstreams") };
            assert_eq!(first.failures, u32::from(pauses), "{first}");
            assert_eq!(first.paused_for.is_some(), pauses, "{first}");
            assert!(second.is_healthy(), "{second}");
            if pauses {
                let text = first.last_error.as_deref().expect("a reason");
                assert!(text.starts_with(&stage.to_string()), "{text}");
            }
            assert_eq!(connector.health().len(), 2);
        }
    });
}

#[test]
fn an_upstream_may_be_a_chain_and_its_first_proxy_may_refuse_the_second() {
    let refusing = [
        Speaks::Socks5.greeting(),
        vec![
            client(Speaks::Socks5.request(1, "192.0.2.9:1080")),
            from_proxy(Stage::Request, Speaks::Socks5.refused()),
        ],
    ];
    let gate = saying(refusing.concat(), "");
    let good = granting("good");
    everywhere(|way| {
        let far = "192.0.2.9:1080".parse().expect("an address");
        let chain = Chain::from(socks5(gate)).then(socks5(far)).expect("a chain");
        let upstreams = of([chain, socks5(good).into()]);
        let (_, stream) = any_of(way, &upstreams).connect(TARGET).expect("the second");
        assert_eq!(word(stream), "good");
        assert_eq!(upstreams.health()[0].failures, 1);
    });
}

#[test]
fn a_refused_target_ends_the_call() {
    let refusing = [
        Speaks::Socks5.greeting(),
        vec![client(Speaks::Socks5.request(1, TARGET)), from_proxy(Stage::Request, Speaks::Socks5.refused())],
    ];
    let refusing = saying(refusing.concat(), "");
    let (second, addr) = Lonely::new();
    everywhere(|way| {
        let upstreams = upstreams([refusing, addr]);
        let error = error(any_of(way, &upstreams).connect(TARGET));
        assert_eq!(error.reply(), Some(Speaks::Socks5.refusal()), "{error}");
        assert!(error.earlier_tries().is_empty());
        assert!(upstreams.health()[0].is_healthy());
    });
    second.assert_alone();
}

#[test]
fn the_error_lists_every_try_and_nothing_is_ever_direct() {
    let (target, target_addr) = Lonely::new();
    let (dead, _bound) = deserted();
    let refusing = answering(&[5, 0xFF]);
    let password = "Qx81kfW";
    everywhere(|way| {
        let refusing = socks5(refusing).password("user", password).expect("a proxy");
        let upstreams = Upstreams::new([socks5(dead), refusing, socks5(dead)]).expect("a list");
        let connector = any_of(way, &upstreams);
        let error = error(connector.connect(&target_addr.to_string()));
        assert!(matches!(error.kind(), ErrorKind::Unreachable(_)), "{error}");
        let [first, second] = error.earlier_tries() else { panic!("{error}") };
        assert!(matches!(first.kind(), ErrorKind::Unreachable(_)), "{first}");
        assert!(matches!(second.kind(), ErrorKind::MethodsRefused), "{second}");
        let text = error.to_string();
        let tries = format!("(earlier tries: proxy socks5h://{dead}: ");
        assert!(text.contains(&tries) && text.ends_with("the methods offered)"), "{text}");
        let shown = format!("{error:?} {upstreams:?} {connector:?} {}", upstreams.health()[1]);
        assert!(shown.contains("user") && !shown.contains(password), "{shown}");
        // Each was in a pause, and is tried all the same.
        assert_eq!(self::error(connector.connect(TARGET)).earlier_tries().len(), 2);
    });
    target.assert_alone();
}

#[test]
fn a_check_is_of_each_one() {
    let (dead, _bound) = deserted();
    let good =
        || serving(|mut client| drop(super::scene::play(&mut client, &Speaks::Socks5.connection(TARGET))));
    let (one, two) = (good(), good());
    everywhere(|way| {
        let upstreams = upstreams([one, dead, two]).round_robin(true);
        let connector = any_of(way, &upstreams);
        for _ in 0..2 {
            connector.check().expect("two of them");
            assert_eq!(failures_of(&upstreams), [0, 1, 0], "the second time was during the pause");
        }
        // It takes no turn.
        let turns = of([socks5(granting("one")), socks5(granting("two"))]).round_robin(true);
        let connector = any_of(way, &turns);
        for expected in ["one", "two", "one"] {
            connector.check().expect("both");
            assert_eq!(word(connector.connect(TARGET).expect("a proxy").1), expected);
        }
        let failed = error(any_of(way, &self::upstreams([dead, dead])).check());
        assert_eq!(failed.earlier_tries().len(), 1, "{failed}");
        // Connecting to a SOCKS4 proxy shows nothing about it.
        let wrong = of([Speaks::Socks4.at(answering(&[5, 0]))]);
        let connector = any_of(way, &wrong);
        error(connector.connect(TARGET));
        connector.check().expect("a connection");
        assert_eq!(wrong.health()[0].failures, 1);
    });
}

/// A name that this machine can't resolve is left to the upstreams that resolve names themselves.
#[test]
fn an_unresolved_target_goes_to_proxies_that_resolve_it() {
    let (lonely, addr) = Lonely::new();
    let target = "unknown.invalid:80";
    let good = saying(Speaks::Socks5.connection(target), "good");
    everywhere(|way| {
        let locally = || socks5(addr).resolve(Resolve::Locally);
        let upstreams = of([locally(), locally(), socks5(good)]);
        assert_eq!(word(any_of(way, &upstreams).connect(target).expect("the third").1), "good");
        assert!(upstreams.health().iter().all(anysocks::Health::is_healthy));
        let failed = error(any_of(way, &of([locally(), locally()])).connect(target));
        assert_eq!((failed.stage(), failed.earlier_tries().len()), (Stage::Resolve, 0), "{failed}");
    });
    lonely.assert_alone();
}

#[test]
fn clones_and_front_ends_share_the_state() {
    let (dead, _bound) = deserted();
    let good = granting("good");
    let upstreams = upstreams([dead, good]);
    everywhere(|way| {
        let connector = any_of(way, &upstreams).another();
        assert_eq!(word(connector.connect(TARGET).expect("the second").1), "good");
        assert_eq!(upstreams.health()[0].failures, 1, "the others passed it over");
    });
    assert_eq!(upstreams.round_robin(true).health()[0].failures, 1);
}

#[test]
fn a_proxy_that_answers_again_is_used_again() {
    let (dead, bound) = deserted();
    let good = granting("good");
    let upstreams = upstreams([dead, good]).pause(Duration::ZERO, Duration::ZERO);
    everywhere(|way| {
        assert_eq!(word(any_of(way, &upstreams).connect(TARGET).expect("the second").1), "good");
    });
    assert!(upstreams.health()[0].failures > 0);
    bound.listen(16).expect("a listener");
    super::scene::serving_on(bound.into(), |mut client| {
        super::scene::play(&mut client, &Speaks::Socks5.connection(TARGET)).expect("a client");
        client.write_all(b"back").expect("a client");
    });
    everywhere(|way| {
        assert_eq!(word(any_of(way, &upstreams).connect(TARGET).expect("the first").1), "back");
    });
    assert!(upstreams.health()[0].is_healthy());
}

#[test]
fn connections_take_turns() {
    let words = ["one", "two", "three"].map(|word| (word, granting(word)));
    everywhere(|way| {
        let upstreams = upstreams(words.map(|(_, addr)| addr)).round_robin(true);
        let connector = any_of(way, &upstreams);
        for (expected, _) in words.iter().chain(&words) {
            assert_eq!(word(connector.connect(TARGET).expect("a proxy").1), *expected);
        }
    });
}

#[test]
fn a_rule_may_return_them() {
    let (dead, _bound) = deserted();
    let good = granting("good");
    everywhere(|way| {
        let upstreams = upstreams([dead, good]);
        let kept = upstreams.clone();
        let connector = (way.by_rule_of_upstreams)(Box::new(move |_| Some(upstreams.clone())));
        assert_eq!(word(connector.connect(TARGET).expect("the second").1), "good");
        assert_eq!(kept.health()[0].failures, 1);
        assert!(connector.health().is_empty());
    });
}

#[test]
fn exceptions_are_direct() {
    let server = serving(|client| echo(&client));
    let (lonely, addr) = Lonely::new();
    everywhere(|way| {
        let connector = any_of(way, &upstreams([addr])).no_proxy("127.0.0.1");
        assert_echo(connector.connect(&server.to_string()).expect("a direct connection").1, b"");
    });
    lonely.assert_alone();
}

/// An upstream that can't carry the request is no failure, and not what the error is about.
#[test]
fn an_upstream_that_cannot_carry_the_request_is_left_out() {
    let (lonely, addr) = Lonely::new();
    let (dead, _bound) = deserted();
    let target = "[2001:db8::7]:80";
    let good = saying(Speaks::Socks5.connection(target), "good");
    everywhere(|way| {
        let socks4 = || Speaks::Socks4.at(addr);
        let upstreams = Upstreams::new([socks4(), socks5(good)]).expect("a list");
        assert_eq!(word(any_of(way, &upstreams).connect(target).expect("the second").1), "good");
        assert!(upstreams.health()[0].is_healthy());
        let upstreams = Upstreams::new([socks5(dead), socks4()]).expect("a list");
        let failed = error(any_of(way, &upstreams).connect(target));
        assert!(matches!(failed.kind(), ErrorKind::Unreachable(_)), "{failed}");
        let [earlier] = failed.earlier_tries() else { panic!("{failed}") };
        assert_eq!(earlier.proxy(), Some(&*socks4().to_string()), "the upstream with the mistake");
        let upstreams = Upstreams::new([socks4(), socks4()]).expect("a list");
        assert_eq!(invalid(any_of(way, &upstreams).connect(target)), Invalid::Ipv6OverSocks4);
    });
    lonely.assert_alone();
}

/// The other commands, through the second proxy.
#[test]
fn every_call_tries_the_next_one() {
    let (dead, _bound) = deserted();
    let serve = move |mut client: std::net::TcpStream| {
        let lines = Speaks::Socks5.greeting();
        if super::scene::play(&mut client, &lines).is_err() {
            return;
        }
        let mut request = [0; 64];
        let n = client.read(&mut request).unwrap_or(0);
        let bound = match request[..n].get(1) {
            Some(0xF0) => "192.0.2.77:0",
            Some(0xF1) => "a.example:0",
            Some(3) => "127.0.0.1:9",
            _ => BOUND,
        };
        let _ = client.write_all(&[&[5, 0, 0][..], &field(bound)].concat());
        let _ = client.read(&mut request);
    };
    let good = serving(serve);
    everywhere(|way| {
        let connector = any_of(way, &upstreams([dead, good]));
        assert_eq!(connector.resolve("a.example").expect("an address").to_string(), "192.0.2.77");
        let listener = connector.bind(TARGET).expect("a listener");
        assert_eq!(listener.bound().to_string(), BOUND);
        connector.check().expect("a proxy");
        assert_eq!(connector.resolve_ptr([192, 0, 2, 1].into()).expect("a name").as_bytes(), b"a.example");
        let socket = connector.associate().expect("an association");
        assert_eq!(socket.relay_addr(), SocketAddr::from((Ipv4Addr::LOCALHOST, 9)));
    });
}

/// The target may have received them from the first proxy.
#[test]
fn early_data_are_not_sent_twice() {
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    // It closes the connection after all that a client sends.
    let closing = serving(move |mut client| {
        let mut received = vec![0; 512];
        let n = client.read(&mut received).unwrap_or(0);
        if n == 3 {
            let _ = client.write_all(&[5, 0]);
            let _ = client.read(&mut received);
        }
        count.fetch_add(1, SeqCst);
    });
    let (second, addr) = Lonely::new();
    everywhere(|way| {
        for (auth, stage) in
            [(Auth::none(), Stage::Request), (Auth::none().pipelined(true), Stage::MethodSelection)]
        {
            let first = socks5(closing).auth(auth).expect("a SOCKS5 proxy");
            let upstreams = of([first, socks5(addr)]);
            let failed = error(any_of(way, &upstreams).connect_with_early_data(TARGET, b"once"));
            assert_eq!(failed.stage(), stage, "{failed}");
        }
    });
    assert_eq!(served.load(SeqCst), 2 * super::ways::WAYS.len());
    second.assert_alone();
}

/// A silent proxy takes its share of the time, and no more.
#[test]
fn a_late_proxy_leaves_time_for_the_next() {
    let silent = falling_silent(vec![]);
    let good = granting("good");
    at_once(|way| {
        let upstreams = upstreams([silent, good]).timeout(Duration::from_secs(5));
        let connector = any_of(way, &upstreams);
        let (_, stream) = soon(move || connector.connect(TARGET))().expect("the second");
        assert_eq!(word(stream), "good");
        let limit = Duration::from_millis(200);
        let none = Upstreams::new([socks5(silent), socks5(silent)]).expect("a list").timeout(limit);
        let connector = any_of(way, &none);
        let failed = error(soon(move || connector.connect(TARGET))());
        assert!(failed.is_timeout(), "{failed}");
        assert!(failed.earlier_tries().is_empty(), "the deadline of all had passed: {failed}");
    });
}

/// What earlier tries left may be too little for any proxy.
#[test]
fn a_try_that_was_cut_short_is_no_failure_of_its_proxy() {
    let silent = falling_silent(vec![]);
    at_once(|way| {
        let upstreams = upstreams([silent, silent]).timeout(Duration::from_millis(2_500));
        let connector = any_of(way, &upstreams);
        let failed = error(soon(move || connector.connect(TARGET))());
        assert!(failed.is_timeout(), "{failed}");
        assert_eq!(failures_of(&upstreams), [1, 0]);
    });
}

/// With shares of one deadline, the silent ones would leave no time for the last.
#[test]
fn a_check_gives_each_one_its_whole_time() {
    let silent = falling_silent(vec![]);
    let good = answering(&[5, 0]);
    at_once(|way| {
        let upstreams = upstreams([silent, silent, good]).timeout(Duration::from_secs(4));
        let connector = any_of(way, &upstreams);
        soon(move || connector.check())().expect("the last");
        assert_eq!(failures_of(&upstreams), [1, 1, 0]);
    });
}

#[test]
fn an_empty_list_is_a_mistake() {
    let none: Vec<Proxy> = Vec::new();
    assert_eq!(invalid(anysocks::blocking::Connector::any_of(none)), Invalid::NoUpstream);
    assert_eq!(invalid(Upstreams::new([] as [Chain; 0])), Invalid::NoUpstream);
}
