//! The environment's effect: this program runs again, with other variables.

use super::messages::Speaks;
use super::scene::{error, saying};
use super::ways::everywhere;
use super::word;
use crate::support::child;
use anysocks::{Chain, Proxy};
use std::env;
use std::net::SocketAddr;

/// The variable that selects the child's task.
const TASK: &str = "ANYSOCKS_CONNECTOR_TASK";
const TARGET: &str = "ANYSOCKS_CONNECTOR_TARGET";

/// Variables with their values, and the bytes that the child receives from the target.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a str);

/// Has a child do its task with these variables and no other ones of proxies.
fn child(task: &str, target: SocketAddr, variables: &[(&str, &str)]) {
    let target = target.to_string();
    let own = [(TASK, task), (TARGET, &*target)];
    child::run("environment::is_read_where_that_is_asked_for", &[&own, variables].concat());
}

/// Whether two names are those of one variable: Windows does not distinguish case.
fn is_same(one: &str, other: &str) -> bool {
    one == other || cfg!(windows) && one.eq_ignore_ascii_case(other)
}

/// Whether the variables can all be set at once.
fn differ(variables: &[(&str, &str)]) -> bool {
    let names = || variables.iter().map(|(name, _)| *name);
    names().all(|name| names().filter(|other| is_same(name, other)).count() == 1)
}

/// What the child does.
fn perform(task: &str) {
    let target = env::var(TARGET).expect("a target");
    everywhere(|way| match task.split_once(' ') {
        Some(("hears", expected)) => {
            let connector = (way.from_env)().expect("a way");
            assert_eq!(word(connector.connect(&target).expect("a connection").1), expected);
        }
        Some(("fails", expected)) => {
            let error = error((way.from_env)());
            let shown = format!("{error} {error:?}");
            let said = error.to_string();
            let (name, sentence) = expected.split_once(':').expect("the name of a variable");
            let (said_name, said_sentence) = said.split_once(':').expect("the name of a variable");
            assert!(is_same(said_name, name) && said_sentence.starts_with(sentence), "{shown}");
            assert!(!shown.contains("secret"), "{shown}");
        }
        Some(("does", "not")) => {
            assert_eq!(word((way.direct)().connect(&target).expect("a connection").1), "target");
            let rule = (way.by_rule)(Box::new(|_| None));
            assert_eq!(word(rule.connect(&target).expect("a connection").1), "target");
            let proxy: Proxy = env::var("OWN_PROXY").expect("a proxy").parse().expect("a proxy");
            // `NO_PROXY` overrides it.
            let own = (way.new)(Chain::from(&proxy));
            assert_eq!(word(own.connect(&target).expect("a tunnel").1), "own");
            let stream = (way.connect5_with)(&proxy, &target, b"").expect("a tunnel").1;
            assert_eq!(word(stream), "own");
        }
        _ => panic!("no task: {task}"),
    });
}

#[test]
fn is_read_where_that_is_asked_for() {
    if let Ok(task) = env::var(TASK) {
        return perform(&task);
    }
    let target = saying(vec![], "target");
    let there = target.to_string();
    let at = |kind: Speaks, word| saying(kind.connection(&there), word);
    let one = &*format!("socks5h://{}", at(Speaks::Socks5, "one"));
    let two = &*format!("socks4a://me@{}", at(Speaks::Socks4, "two"));
    let three = &*format!("socks5://user:{}@{}", super::PASSWORD, at(Speaks::Password, "three"));
    let lines = [Speaks::Socks5.connection("inner.example:1080"), Speaks::Socks4.connection(&there)].concat();
    let chain = &*format!("socks5h://{}, socks4a://me@inner.example", saying(lines, "chain"));
    let http = "http://proxy.example:3128";
    let rows: &[Row<'_>] = &[
        (&[], "target"),
        (&[("ALL_PROXY", one)], "one"),
        (&[("all_proxy", two)], "two"),
        (&[("SOCKS_PROXY", three)], "three"),
        (&[("socks_proxy", one)], "one"),
        (&[("socks_proxy", one), ("SOCKS_PROXY", two), ("all_proxy", three), ("ALL_PROXY", http)], "one"),
        (&[("SOCKS_PROXY", two), ("all_proxy", three), ("ALL_PROXY", one)], "two"),
        (&[("all_proxy", three), ("ALL_PROXY", one)], "three"),
        (&[("socks_proxy", ""), ("SOCKS_PROXY", ""), ("all_proxy", ""), ("ALL_PROXY", one)], "one"),
        (&[("socks_proxy", ""), ("ALL_PROXY", "")], "target"),
        (&[("ALL_PROXY", chain)], "chain"),
        (&[("http_proxy", http), ("HTTPS_PROXY", http)], "target"),
        (&[("HTTP_PROXY", http), ("ALL_PROXY", two)], "two"),
        (&[("https_proxy", one)], "one"),
        (&[("HTTPS_PROXY", two)], "two"),
        (&[("http_proxy", three)], "three"),
        (&[("https_proxy", http), ("HTTPS_PROXY", one), ("http_proxy", two)], "one"),
        (&[("https_proxy", chain), ("http_proxy", one)], "chain"),
        (&[("https_proxy", one), ("ALL_PROXY", two)], "two"),
        (&[("https_proxy", one), ("NO_PROXY", "127.0.0.0/8")], "target"),
        (&[("ALL_PROXY", one), ("NO_PROXY", "127.0.0.0/8")], "target"),
        (&[("ALL_PROXY", one), ("no_proxy", "x.example, 127.0.0.1")], "target"),
        (&[("ALL_PROXY", one), ("no_proxy", "x.example"), ("NO_PROXY", "*")], "one"),
        (&[("ALL_PROXY", one), ("no_proxy", ""), ("NO_PROXY", "*")], "target"),
        (&[("ALL_PROXY", chain), ("NO_PROXY", "*")], "target"),
        (&[("NO_PROXY", "*")], "target"),
    ];
    for (variables, expected) in rows.iter().filter(|(variables, _)| differ(variables)) {
        child(&format!("hears {expected}"), target, variables);
    }
    for (name, value, said) in [
        ("ALL_PROXY", http, "ALL_PROXY: \"http://proxy.example:3128\": this is the URL of an HTTP proxy"),
        (
            "socks_proxy",
            "proxy.example:1080",
            "socks_proxy: \"proxy.example:1080\": a proxy's URL begins with a scheme",
        ),
        ("SOCKS_PROXY", "socks5h://u:secret@one:port", "SOCKS_PROXY: the port is not a number"),
        (
            "all_proxy",
            "socks5h://one,socks5h+unix:///run/tor",
            "all_proxy: proxy 2 of 2: a Unix-domain socket can't",
        ),
        ("all_proxy", "socks5h://one, ", "all_proxy: proxy 2 of 2: a proxy's URL begins"),
        (
            "https_proxy",
            "socks5h://bad host",
            "https_proxy: \"socks5h://bad host\": ' ' can't stand in a host name",
        ),
        ("HTTPS_PROXY", "socks5h://u:secret@one:port", "HTTPS_PROXY: the port is not a number"),
        (
            "http_proxy",
            "socks5h://one, http://two",
            "http_proxy: proxy 2 of 2: \"http://two\": this is the URL of an HTTP proxy",
        ),
    ] {
        child(&format!("fails {said}"), target, &[(name, value), ("NO_PROXY", "*")]);
    }
    if cfg!(unix) {
        // Elsewhere it is the same variable as the lower-case one.
        child("hears target", target, &[("HTTP_PROXY", one)]);
    }
    let own = format!("socks5h://{}", at(Speaks::Socks5, "own"));
    let set = [("ALL_PROXY", two), ("socks_proxy", two), ("NO_PROXY", "*"), ("OWN_PROXY", &own)];
    child("does not", target, &set);
    child("does not", target, &[("ALL_PROXY", http), ("no_proxy", "127.0.0.1"), ("OWN_PROXY", &own)]);
}
