//! Mistakes in options and URLs: the number of the proxy, and the text.

use super::messages::{PASSWORD, Speaks};
use super::scene::{BEHIND, Lonely, TARGET, chain, error};
use super::ways::{Connecting, everywhere};
use crate::support::case::Case;
use crate::support::toy;
use anysocks::{Auth, Chain, Endpoint, Error, ErrorKind, Invalid, Proxy, Resolve, Stage};
use std::net::SocketAddr;

fn behind(n: usize, kind: Speaks) -> Proxy {
    kind.at(BEHIND[n].parse::<SocketAddr>().expect("an address"))
}

fn at(kind: Speaks, endpoint: &str) -> Proxy {
    kind.at(Endpoint::try_from(endpoint).expect("an endpoint"))
}

fn own_method(proxy: Proxy, or: Option<Auth>) -> Proxy {
    let auth = or.map_or_else(toy::auth, |auth| auth.or(toy::auth()).expect("two methods"));
    proxy.auth(auth).expect("a SOCKS5 proxy")
}

/// A call of a connector that fails.
type Ask = fn(&dyn Connecting) -> Error;

const CONNECT: Ask = |connector| error(connector.connect(TARGET));
const IPV6: Ask = |connector| error(connector.connect("[2001:db8::7]:80"));
const BIND_IPV6: Ask = |connector| error(connector.bind("[2001:db8::7]:80"));
const ONION: Ask = |connector| error(connector.connect("hidden.onion:80"));
const EARLY_DATA: Ask = |connector| error(connector.connect_with_early_data(TARGET, b"GET"));
const EARLY_DATA_TO_IPV6: Ask =
    |connector| error(connector.connect_with_early_data("[2001:db8::7]:80", b"GET"));
const RESOLVE_ONION: Ask = |connector| error(connector.resolve("hidden.onion"));

/// The proxies, of which the first must not be dialled; the call; the number; the mistake.
type Row = (fn(SocketAddr) -> Vec<Proxy>, Ask, usize, Invalid);

const ROWS: [Row; 14] = [
    // The number of the proxy that can't carry the request, not of the one that is not there.
    (
        |first| vec![Speaks::Socks4.at(first), at(Speaks::Socks5, "[2001:db8::2]:1080")],
        CONNECT,
        1,
        Invalid::Ipv6OverSocks4,
    ),
    (
        |first| {
            vec![
                Speaks::Password.at(first),
                behind(0, Speaks::Socks4),
                at(Speaks::Password, "[2001:db8::2]:1080"),
            ]
        },
        CONNECT,
        2,
        Invalid::Ipv6OverSocks4,
    ),
    (
        |first| vec![Speaks::Socks4.at(first), at(Speaks::Socks5, "0.0.0.7:1080"), behind(1, Speaks::Socks5)],
        CONNECT,
        1,
        Invalid::MarkOfSocks4a,
    ),
    (|first| vec![Speaks::Password.at(first), behind(0, Speaks::Socks4)], IPV6, 2, Invalid::Ipv6OverSocks4),
    (
        |first| vec![Speaks::Password.at(first), behind(0, Speaks::Socks4)],
        BIND_IPV6,
        2,
        Invalid::Ipv6OverSocks4,
    ),
    (
        |first| vec![Speaks::Password.at(first), behind(0, Speaks::Socks4)],
        EARLY_DATA_TO_IPV6,
        2,
        Invalid::Ipv6OverSocks4,
    ),
    // Names that may not be looked up here: the next proxy's, and the target's.
    (
        |first| {
            vec![
                Speaks::Password.at(first).resolve(Resolve::Locally),
                at(Speaks::Socks5, "hidden.onion:1080"),
            ]
        },
        CONNECT,
        1,
        Invalid::OnionResolvedLocally,
    ),
    (
        |first| {
            let second = behind(0, Speaks::Socks4).resolve(Resolve::Locally);
            vec![Speaks::Password.at(first), second, at(Speaks::Socks5, "Hidden.ONION.:1080")]
        },
        CONNECT,
        2,
        Invalid::OnionResolvedLocally,
    ),
    (
        |first| vec![Speaks::Password.at(first), behind(0, Speaks::Password).resolve(Resolve::Locally)],
        ONION,
        2,
        Invalid::OnionResolvedLocally,
    ),
    (
        |first| vec![Speaks::Password.at(first), behind(0, Speaks::Password).resolve(Resolve::Locally)],
        RESOLVE_ONION,
        2,
        Invalid::OnionResolvedLocally,
    ),
    // Early data with a request that may have to be encapsulated.
    (
        |first| vec![Speaks::Password.at(first), own_method(behind(0, Speaks::Socks5), None)],
        EARLY_DATA,
        2,
        Invalid::EarlyDataWithCustomMethod,
    ),
    (
        |first| {
            let last = own_method(behind(1, Speaks::Socks5), Some(Auth::none()));
            vec![own_method(Speaks::Socks5.at(first), None), behind(0, Speaks::Socks4), last]
        },
        EARLY_DATA,
        3,
        Invalid::EarlyDataWithCustomMethod,
    ),
    (
        |first| vec![Speaks::Password.at(first).behind_tls(true), behind(0, Speaks::Socks5)],
        CONNECT,
        1,
        Invalid::TlsNotWrapped,
    ),
    // Of several mistakes, the first is reported.
    (
        |first| {
            vec![
                Speaks::Socks4.at(first),
                at(Speaks::Socks4, "[2001:db8::2]:1080"),
                behind(1, Speaks::Socks4),
            ]
        },
        IPV6,
        1,
        Invalid::Ipv6OverSocks4,
    ),
];

#[test]
fn in_options() {
    for (n, (proxies, ask, number, mistake)) in ROWS.iter().enumerate() {
        everywhere(|way| {
            let _case = Case::new(format!("row {n}: {mistake:?}"));
            let (lonely, addr) = Lonely::new();
            let proxies = proxies(addr);
            let (url, of) = (proxies[number - 1].to_string(), proxies.len());
            let error = ask(&*(way.new)(chain(proxies)));
            assert!(matches!(error.kind(), ErrorKind::Invalid(invalid) if invalid == mistake), "{error:?}");
            assert_eq!(
                (error.stage(), error.hop(), error.proxy()),
                (Stage::Preparation, Some(*number), Some(&*url))
            );
            assert_eq!(error.to_string(), format!("proxy {url} ({number} of {of}): {mistake}"));
            assert!(!format!("{error} {error:?}").contains(PASSWORD));
            lonely.assert_alone();
        });
    }
}

/// The same of one proxy.
type Single = (fn(SocketAddr) -> Proxy, Ask, Invalid);

/// With a single proxy, the mistake has no number: it is the caller's.
#[test]
fn in_the_options_of_one() {
    let rows: [Single; 4] = [
        (|at| Speaks::Socks4.at(at), IPV6, Invalid::Ipv6OverSocks4),
        (|at| Speaks::Password.at(at).resolve(Resolve::Locally), ONION, Invalid::OnionResolvedLocally),
        (|at| own_method(Speaks::Socks5.at(at), None), EARLY_DATA, Invalid::EarlyDataWithCustomMethod),
        (|at| Speaks::Password.at(at).behind_tls(true), CONNECT, Invalid::TlsNotWrapped),
    ];
    for (proxy, ask, mistake) in &rows {
        everywhere(|way| {
            let (lonely, addr) = Lonely::new();
            let error = ask(&*(way.new)(proxy(addr).into()));
            assert_eq!((error.stage(), error.hop(), error.proxy()), (Stage::Preparation, None, None));
            assert_eq!(error.to_string(), mistake.to_string());
            lonely.assert_alone();
        });
    }
}

#[test]
fn in_urls() {
    let rows: [(&str, Option<usize>, usize, Invalid); 12] = [
        ("socks5h://one:port", None, 1, Invalid::NotAPort),
        ("one", None, 1, Invalid::SchemeMissing),
        ("socks5h://one, socks5h://two:port, socks5h://three", Some(2), 3, Invalid::NotAPort),
        ("socks5h://one,two:1080,socks5h://three", Some(2), 3, Invalid::SchemeMissing),
        ("one,two:port,three", Some(1), 3, Invalid::SchemeMissing),
        ("socks5h://one:port, two, three", Some(1), 3, Invalid::NotAPort),
        ("socks5h://one, socks5h://two, http://three", Some(3), 3, Invalid::HttpProxy),
        ("socks5h://one, socks5h://two,", Some(3), 3, Invalid::SchemeMissing),
        (",socks5h://two", Some(1), 2, Invalid::SchemeMissing),
        ("socks5h://one, socks5h+unix:///run/tor", Some(2), 2, Invalid::UnixBehindAProxy),
        ("socks5h://one, socks5h://two, socks5h+tls://three", Some(3), 3, Invalid::TlsBehindAProxy),
        ("socks5h://one, socks4a://u:secret@two", Some(2), 2, Invalid::PasswordOverSocks4),
    ];
    for (text, number, of, mistake) in rows {
        let error = text.parse::<Chain>().expect_err("a mistake");
        assert!(
            matches!(error.kind(), ErrorKind::Invalid(invalid) if *invalid == mistake),
            "{text}: {error:?}"
        );
        assert_eq!((error.stage(), error.hop(), error.proxy()), (Stage::Preparation, number, None), "{text}");
        let said = number.map_or_else(String::new, |number| format!("proxy {number} of {of}: "));
        // In between, the text is quoted.
        let shown = error.to_string();
        assert!(shown.starts_with(&said) && shown.ends_with(&mistake.to_string()), "{shown}");
        assert!(!format!("{error} {error:?}").contains("secret"));
        let again =
            [Chain::try_from(text), Chain::try_from(&text.to_owned()), Chain::try_from(text.to_owned())];
        for same in again {
            assert_eq!(same.expect_err("a mistake").to_string(), error.to_string());
        }
    }
}
