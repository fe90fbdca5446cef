//! Proxies' URLs: the input is a URL, and also the parts around a password in one.

use anysocks::{Error, Proxy};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};

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
    let Ok(text) = std::str::from_utf8(input) else { return };
    round_trips(text);
    let (before, after) = text.split_once('\n').unwrap_or((text, ""));
    let secret = secret(input);
    no_error_tells(before, &secret, after);
    for scheme in SCHEMES {
        nothing_tells(scheme, before, &secret, after);
    }
}

/// Long and random enough not to stand anywhere by chance; and the fuzzer, which is good at guessing, can't hide it in its input.
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

/// A URL that can't be read may hold a password anywhere.
fn no_error_tells(before: &str, secret: &str, after: &str) {
    let url = format!("{before}{secret}{after}");
    if let Err(error) = url.parse::<Proxy>() {
        assert_hidden(&url, secret, &texts(&error));
    }
}

/// A password in its place, with any user name and any text behind it, and in front of a place that can be read.
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
