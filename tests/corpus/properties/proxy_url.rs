//! Proxies' URLs: the input is a URL, the parts around a password in one, and the choices by which
//! a proxy is made in code.

use super::dice::Dice;
use anysocks::{Chain, Endpoint, Error, Proxy, Resolve, Target, Upstreams};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6};

const SCHEMES: [&str; 10] = [
    "socks",
    "socks5",
    "socks5h",
    "SOCKS5H",
    "socks4",
    "socks4a",
    "socks5+unix",
    "socks5h+unix",
    "socks4+unix",
    "http",
];

pub(crate) fn holds(input: &[u8]) {
    reads_back(&mut Dice(input));
    let Ok(text) = std::str::from_utf8(input) else { return };
    round_trips(text);
    lists_round_trip(text);
    let (before, after) = text.split_once('\n').unwrap_or((text, ""));
    let secret = secret(input);
    no_error_tells(before, &secret, after);
    for scheme in SCHEMES {
        nothing_tells(scheme, before, &secret, after);
    }
}

/// Long and random enough not to occur by chance, and unknown to the fuzzer, which is good at
/// guessing.
fn secret(input: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(input);
    format!("secret{:016X}", hasher.finish())
}

/// What `Display` gives is read as what it was given for. Only the password is lost on the way.
fn round_trips(url: &str) {
    let Ok(proxy) = url.parse::<Proxy>() else { return };
    let shown = proxy.to_string();
    let again: Proxy = shown.parse().unwrap_or_else(|error| panic!("{url:?} -> {shown:?}: {error}"));
    assert_eq!(again.to_string(), shown, "{url:?}");
    assert_eq!(again.endpoint(), proxy.endpoint(), "{url:?}");
    assert_eq!(again.resolves(), proxy.resolves(), "{url:?}");
}

/// What `Display` gives for a list of upstreams is read as the same list.
fn lists_round_trip(text: &str) {
    let Ok(upstreams) = text.parse::<Upstreams>() else { return };
    let shown = upstreams.to_string();
    let again: Upstreams = shown.parse().unwrap_or_else(|error| panic!("{text:?} -> {shown:?}: {error}"));
    assert_eq!(again.to_string(), shown, "{text:?}");
}

/// A chain of one proxy to three that is made in code and written as URLs is read as itself, but
/// for passwords: what `Debug` shows is everything else.
fn reads_back(dice: &mut Dice<'_>) {
    let first = made(dice);
    assert_eq!(format!("{:?}", first.to_string().parse::<Proxy>()), format!("Ok({first:?})"));
    let mut chain = Chain::from(first);
    for _ in 0..dice.byte() % 3 {
        chain = match chain.clone().then(made(dice)) {
            Ok(longer) => longer,
            Err(_) => break,
        };
    }
    assert_eq!(format!("{:?}", chain.to_string().parse::<Chain>()), format!("Ok({chain:?})"));
    for proxy in chain.hops() {
        let endpoint = proxy.endpoint();
        if !matches!(endpoint, Endpoint::Unix(_)) {
            assert_eq!(endpoint.to_string().parse::<Endpoint>().as_ref().ok(), Some(endpoint));
        }
    }
}

/// A proxy that has a URL.
fn made(dice: &mut Dice<'_>) -> Proxy {
    let endpoint = endpoint(dice);
    let tls = dice.byte() % 4 == 1;
    let resolve = if dice.byte() % 2 == 0 { Resolve::ByProxy } else { Resolve::Locally };
    let user = dice.bytes();
    let proxy = match dice.byte() % 3 {
        0 => Proxy::socks5(endpoint),
        1 if !user.is_empty() => Proxy::socks5(endpoint).and_then(|proxy| proxy.password(user, dice.bytes())),
        _ => {
            let id: Vec<_> = user.iter().copied().filter(|byte| *byte != 0).collect();
            Proxy::socks4(endpoint).and_then(|proxy| proxy.user_id(id))
        }
    };
    proxy.expect("no mistakes").resolve(resolve).behind_tls(tls)
}

fn endpoint(dice: &mut Dice<'_>) -> Endpoint {
    let port = u16::from_be_bytes([dice.byte(), dice.byte()]);
    match dice.byte() % 6 {
        0 => Endpoint::from((Ipv4Addr::from(dice.array()), port)),
        1 => Endpoint::from((Ipv6Addr::from(dice.array()), port)),
        2 => {
            let scope_id = u32::from_be_bytes(dice.array()) >> (dice.byte() % 32);
            Endpoint::from(SocketAddrV6::new(Ipv6Addr::from(dice.array()), port, 0, scope_id))
        }
        // A comma separates the URLs of a chain.
        3 => match dice.domain().filter(|name| !name.as_str().contains(',')) {
            Some(name) => Endpoint::Name(name, port),
            None => Endpoint::from((Ipv4Addr::LOCALHOST, port)),
        },
        4 => path(&[&b"\0"[..], dice.bytes()].concat()),
        _ => {
            let bytes: Vec<_> = dice.bytes().iter().copied().filter(|byte| *byte != 0).collect();
            path(&[&b"/x"[..], &bytes].concat())
        }
    }
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> Endpoint {
    use std::os::unix::ffi::OsStrExt;
    Endpoint::Unix(std::ffi::OsStr::from_bytes(bytes).into())
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> Endpoint {
    Endpoint::Unix(String::from_utf8_lossy(bytes).into_owned().into())
}

/// A URL that can't be read may hold a password behind any colon and before any `@`. Elsewhere it
/// would be part of a host or a path, which every error names.
fn no_error_tells(before: &str, secret: &str, after: &str) {
    for url in [format!("{before}:{secret}{after}"), format!("{before}{secret}{after}@")] {
        let errors = [
            url.parse::<Proxy>().err(),
            url.parse::<Chain>().err(),
            url.parse::<Upstreams>().err(),
            Endpoint::try_from(&*url).err(),
            Target::try_from(&*url).err(),
        ];
        for error in errors.into_iter().flatten() {
            assert_hidden(&url, secret, &texts(&error));
        }
    }
}

/// A password in its position, with any user name and any text after it, before a valid endpoint.
fn nothing_tells(scheme: &str, user: &str, secret: &str, place: &str) {
    let user = user.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    });
    for place in [place, "proxy.example", "/run/proxy"] {
        let url = format!("{scheme}://{user}:{secret}@{place}");
        let shown = match url.parse::<Proxy>() {
            Ok(proxy) => format!("{proxy} {proxy:?} {proxy:#?}"),
            Err(error) => texts(&error),
        };
        assert_hidden(&url, secret, &shown);
    }
}

fn texts(error: &Error) -> String {
    format!("{error} {error:?} {error:#?}")
}

fn assert_hidden(url: &str, secret: &str, shown: &str) {
    assert!(!shown.contains(secret), "{url:?} is shown as {shown}");
}
