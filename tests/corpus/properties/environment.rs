//! Variables of the environment: the input chooses their values. Nothing listens at any of the
//! addresses, so the error of a connector names the address that it dialled.

use super::dice::Dice;
use anysocks::blocking::Connector;
use anysocks::{Error, ErrorKind, Invalid, NoProxy, Stage};

/// In the order in which they count.
const NAMES: [&str; 10] = [
    "socks_proxy",
    "SOCKS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "no_proxy",
    "NO_PROXY",
];

const URLS: [&str; 13] = [
    "socks5h://127.0.0.1:1",
    "socks4a://user@127.0.0.2:1",
    "SOCKS5://user:password@127.0.0.3:1",
    "socks5h://127.0.0.4:1, socks5h://192.0.2.1:1080",
    "http://127.0.0.5:1",
    "socks:3128",
    "127.0.0.6:1",
    "socks5h://127.0.0.7:1?colour=5",
    "socks9://127.0.0.7:1",
    "socks5h://",
    "socks5h://[::1",
    " ",
    "",
];

const LISTS: [&str; 6] =
    ["*", "192.0.2.0/24, .example", "localhost", "127.0.0.9:1", "127.0.0.9:2|<local>", ""];

/// Direct, which nothing listens at either.
const TARGET: &str = "127.0.0.9:1";

/// The names and values of the variables. One without a value must not be set.
pub(crate) fn variables(input: &[u8]) -> Vec<(&'static str, Option<&'static str>)> {
    let mut dice = Dice(input);
    let mut value = |name: &str| {
        let values: &[&str] = if name.eq_ignore_ascii_case("no_proxy") { &LISTS } else { &URLS };
        values.get(usize::from(dice.byte()) % (2 * values.len())).copied()
    };
    NAMES.into_iter().map(|name| (name, value(name))).collect()
}

/// Checks a connector against the variables, which must be set.
pub(crate) fn holds(input: &[u8]) {
    let variables = variables(input);
    let value = |name: &str| variables.iter().find(|(set, _)| *set == name).and_then(|(_, value)| *value);
    let dialled = Connector::from_env().and_then(|connector| connector.connect(TARGET).map(drop));
    let dialled = dialled.map_err(|error| outcome(&error)).expect_err("nothing listens there");
    assert_eq!(dialled, expected(&value), "{variables:?}");
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Dialled(String),
    /// The variable with a mistake.
    Mistake(String),
}

fn outcome(error: &Error) -> Outcome {
    match error.kind() {
        ErrorKind::Unreachable(attempts) => {
            assert!(matches!(error.stage(), Stage::Dial | Stage::Direct), "{error:?}");
            assert_eq!(attempts.len(), 1, "{error:?}");
            Outcome::Dialled(attempts[0].address.clone())
        }
        ErrorKind::Invalid(Invalid::Variable { name, .. }) => Outcome::Mistake((*name).to_owned()),
        _ => panic!("{error:?}"),
    }
}

/// The meaning of the variables, as the documentation has it.
fn expected(value: &impl Fn(&str) -> Option<&'static str>) -> Outcome {
    let set = |name: &&str| value(name).is_some_and(|value| !value.is_empty());
    let direct = || Outcome::Dialled(TARGET.into());
    let first = NAMES[..4].iter().find(|name| set(name));
    let through = first.map(|name| of_url(name, value(name).unwrap_or_default()));
    let through = through.unwrap_or_else(|| by_scheme(value, &set).unwrap_or_else(direct));
    let list = NAMES[8..].iter().find(|name| set(name)).and_then(|name| value(name)).unwrap_or_default();
    let target = TARGET.try_into().expect("a target");
    match through {
        Outcome::Dialled(_) if NoProxy::new(list).covers(&target) => direct(),
        through => through,
    }
}

/// The proxy for HTTPS, or that for HTTP. A mistake in either is an error.
fn by_scheme(value: &impl Fn(&str) -> Option<&'static str>, set: &impl Fn(&&str) -> bool) -> Option<Outcome> {
    let [https, http] = [&NAMES[4..6], &NAMES[6..7]].map(|names| {
        let with_socks = |name: &&&str| set(name) && is_for_socks(value(name).unwrap_or_default());
        let name = names.iter().find(with_socks);
        name.map(|name| of_url(name, value(name).unwrap_or_default()))
    });
    match (https, http) {
        (Some(Outcome::Dialled(_)), Some(mistake @ Outcome::Mistake(_))) => Some(mistake),
        (https, http) => https.or(http),
    }
}

/// An HTTP proxy, and what other programs take for one, is not for SOCKS.
fn is_for_socks(url: &str) -> bool {
    url.to_ascii_lowercase().starts_with("socks") && url != "socks:3128"
}

fn of_url(name: &str, url: &str) -> Outcome {
    let addresses = ["127.0.0.1:1", "127.0.0.2:1", "127.0.0.3:1", "127.0.0.4:1"];
    match URLS.iter().zip(addresses).find(|(known, _)| **known == url) {
        Some((_, addr)) => Outcome::Dialled(addr.into()),
        None => Outcome::Mistake(name.into()),
    }
}
