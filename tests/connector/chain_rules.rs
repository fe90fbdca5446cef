//! Rules that choose a whole chain.

use super::messages::Speaks;
use super::scene::{BEHIND, Lonely, TARGET, behind, dialogue, error, falling_silent, invalid};
use super::ways::{FallibleRule, Through, at_once, everywhere};
use super::{saying, word};
use crate::support::clock::assert_on_time;
use crate::support::server::Server;
use anysocks::{Address, Chain, Error, ErrorKind, Invalid, Proxy, Reply, Stage};
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

const KINDS: [Speaks; 3] = [Speaks::Password, Speaks::Socks4, Speaks::Socks5];
const PEER: &str = "192.0.2.1:80";

/// The dialogue with something else for the last proxy than a connection.
fn last(command: u8, target: &str, reply: Vec<u8>) -> Vec<crate::support::script::Line> {
    let before = KINDS[..2].iter().zip(BEHIND).flat_map(|(kind, next)| kind.connection(next));
    before.chain(KINDS[2].lines(command, target, reply)).collect()
}

#[test]
fn for_each_target() {
    let three = saying(dialogue(&KINDS, TARGET), "three");
    let two = saying(dialogue(&KINDS[1..], "192.0.2.9:25"), "two");
    let one = saying(KINDS[2].connection("192.0.2.8:25"), "one");
    let none = saying(vec![], "none");
    let excepted = saying(vec![], "excepted");
    everywhere(|way| {
        let connector = (way.by_rule_of_chains)(Box::new(move |target| match target.to_string().as_str() {
            TARGET => Some(behind(three, &KINDS)),
            "192.0.2.9:25" => Some(behind(two, &KINDS[1..])),
            "192.0.2.8:25" => Some(behind(one, &KINDS[2..])),
            other if other == none.to_string() => None,
            other => panic!("nobody asks for {other}"),
        }));
        let connector = connector.no_proxy(&excepted.to_string());
        for (target, said) in [
            (TARGET, "three"),
            ("192.0.2.9:25", "two"),
            ("192.0.2.8:25", "one"),
            (&none.to_string(), "none"),
            (&excepted.to_string(), "excepted"),
        ] {
            assert_eq!(word(connector.connect(target).expect("a connection").1), said);
        }
    });
}

#[test]
fn for_whatever_is_asked() {
    let found = IpAddr::from([192, 0, 2, 1]);
    everywhere(|way| {
        let server = Server::start(last(2, PEER, KINDS[2].granted("0.0.0.0:7777")), |_| ());
        let chain = behind(server.addr, &KINDS);
        let rule = (way.by_rule_of_chains)(Box::new(move |_| Some(chain.clone())));
        let listener = rule.bind(PEER).expect("a listener");
        assert_eq!(listener.bound(), &Address::Ip("192.0.2.3:7777".parse().expect("an address")));
        server.join();

        let server = Server::start(last(0xF0, "example.com:0", KINDS[2].granted("192.0.2.1:0")), |_| ());
        let chain = behind(server.addr, &KINDS);
        let rule = (way.by_rule_of_chains)(Box::new(move |target| {
            (target.domain() == Some("example.com")).then(|| chain.clone())
        }));
        assert_eq!(rule.resolve("example.com").expect("an address"), found);
        server.join();
        // Without a target, the proxy is unknown.
        assert_eq!(invalid(rule.associate()), Invalid::NoProxyToAsk);
    });
}

#[test]
fn its_errors_and_limits_are_those_of_the_chain() {
    let limit = Duration::from_secs(1);
    let silent = falling_silent(KINDS[0].connection(BEHIND[0]));
    at_once(|way| {
        let server = Server::start(last(1, TARGET, KINDS[2].refused()), |_| ());
        let chain = behind(server.addr, &KINDS);
        let url = chain.hops()[2].to_string();
        let rule = (way.by_rule_of_chains)(Box::new(move |_| Some(chain.clone())));
        let failed = error(rule.connect(TARGET));
        assert_eq!(
            (failed.hop(), failed.proxy(), failed.reply()),
            (Some(3), Some(&*url), Some(Reply::V5(4)))
        );
        server.join();

        let chain: Chain = behind(silent, &KINDS).timeout(limit);
        let rule = (way.by_rule_of_chains)(Box::new(move |_| Some(chain.clone())));
        let started = Instant::now();
        let late = error(rule.connect(TARGET));
        assert_on_time(started, limit);
        assert!(late.is_timeout(), "{late:?}");
        assert_eq!((late.hop(), late.stage()), (Some(2), Stage::Request));

        // Requests that SOCKS can't carry fail before anything is sent.
        let (lonely, addr) = Lonely::new();
        let chain = behind(addr, &[Speaks::Socks5, Speaks::Socks4]);
        let rule = (way.by_rule_of_chains)(Box::new(move |_| Some(chain.clone())));
        assert_eq!(invalid(rule.connect("[2001:db8::7]:80")), Invalid::Ipv6OverSocks4);
        lonely.assert_alone();
    });
}

/// Refuses every target, as a rule with a broken configuration does.
fn refusal() -> FallibleRule {
    Box::new(|_| Ok(Some("socks5h://bad host".parse()?)))
}

fn assert_refused<T>(result: Result<T, Error>) {
    let failed = error(result);
    assert_eq!((failed.stage(), failed.proxy(), failed.hop()), (Stage::Preparation, None, None));
    let ErrorKind::Rule(cause) = failed.kind() else { panic!("{failed:?}") };
    let cause = cause.downcast_ref::<Error>().expect("the rule's own error");
    assert!(matches!(cause.kind(), ErrorKind::Invalid(Invalid::NameCharacter(' '))), "{cause:?}");
    let source = std::error::Error::source(&failed).expect("a source");
    assert!(source.is::<Error>(), "{source:?}");
    let target = failed.target().expect("a target");
    let sentence = "preparation failed: the connector's rule refuses the target";
    assert_eq!(failed.to_string(), format!("target {target}: {sentence}"));
    assert_eq!(format!("{failed:#}"), format!("{failed}: {cause}"));
}

#[test]
fn an_error_connects_nowhere() {
    let (lonely, addr) = Lonely::new();
    let target = addr.to_string();
    everywhere(|way| {
        for connector in [
            (way.by_fallible_rule)(refusal()),
            (way.wrapped)(Through::FallibleRule(refusal()), Box::new(|_| panic!("a stream"))),
        ] {
            assert_refused(connector.connect(&target));
            assert_refused(connector.connect_with_early_data(&target, b"first"));
            assert_refused(connector.bind(&target));
            assert_refused(connector.resolve("localhost"));
            assert_refused(connector.resolve_ptr(addr.ip()));
            // An address resolves to itself, whatever the proxy.
            assert_eq!(connector.resolve("192.0.2.7").expect("an address"), IpAddr::from([192, 0, 2, 7]));
        }
        let rule = (way.by_fallible_rule)(refusal());
        assert_eq!(invalid(rule.associate()), Invalid::NoProxyToAsk);
        // A rule is not called for exceptions.
        let excepted = saying(vec![], "excepted");
        let rule = rule.no_proxy("127.0.0.1");
        assert_eq!(word(rule.connect(&excepted.to_string()).expect("a connection").1), "excepted");
    });
    lonely.assert_alone();
}

#[test]
fn ok_is_as_no_error() {
    let proxy = saying(KINDS[2].connection(TARGET), "proxy");
    let target = saying(vec![], "target");
    everywhere(|way| {
        let rule = (way.by_fallible_rule)(Box::new(move |target| {
            Ok((target.domain() == Some("example.com")).then(|| KINDS[2].at(proxy).into()))
        }));
        assert_eq!(word(rule.connect(TARGET).expect("a tunnel").1), "proxy");
        assert_eq!(word(rule.connect(&target.to_string()).expect("a connection").1), "target");
    });
}

#[test]
fn an_error_may_be_of_any_type() {
    use anysocks::blocking::Connector;
    for (rule, text) in [
        (Connector::by_rule(|_| Err::<Option<Proxy>, _>("not today")), "not today"),
        (Connector::by_rule(|_| Err::<Option<Chain>, _>(String::from("never"))), "never"),
        (Connector::by_rule(|_| Err::<Option<Proxy>, _>(io::Error::other("no file"))), "no file"),
    ] {
        let failed = rule.connect(TARGET).map(drop).expect_err("a refusal");
        let ErrorKind::Rule(cause) = failed.kind() else { panic!("{failed:?}") };
        assert_eq!(cause.to_string(), text);
    }
}
