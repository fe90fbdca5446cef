//! Whether the environment names a proxy behind TLS.
//!
//! A connector does not show which variable it uses, so this reads them in the same order.

use anysocks::Chain;
use std::ffi::OsString;

/// The variables for all targets. The first one that is set excludes the others.
const SOCKS: [&str; 4] = ["socks_proxy", "SOCKS_PROXY", "all_proxy", "ALL_PROXY"];
/// The variables for some targets, each with the same order.
const BY_SCHEME: [&[&str]; 2] = [&["https_proxy", "HTTPS_PROXY"], &["http_proxy"]];

/// Returns whether a connector from these variables may have a proxy behind TLS.
pub(crate) fn needs_tls(read: impl Fn(&str) -> Option<OsString>) -> bool {
    // An empty variable counts as not set.
    let set = |name: &&str| read(name).filter(|value| !value.is_empty());
    if let Some(urls) = SOCKS.iter().find_map(set) {
        return chain(&urls).is_some_and(|chain| is_behind_tls(&chain));
    }
    // A value that is no chain is the URL of an HTTP proxy: others are mistakes.
    let first = |names: &[&str]| names.iter().filter_map(set).find_map(|urls| chain(&urls));
    BY_SCHEME.into_iter().filter_map(first).any(|chain| is_behind_tls(&chain))
}

fn chain(urls: &OsString) -> Option<Chain> {
    urls.to_str()?.parse().ok()
}

/// Returns whether the connection to the first proxy is one over TLS.
pub(crate) fn is_behind_tls(chain: &Chain) -> bool {
    chain.hops()[0].is_behind_tls()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TLS: &str = "socks5h+tls://a.example";
    const PLAIN: &str = "socks5h://b.example";

    #[test]
    fn variables_in_their_order() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("ALL_PROXY", TLS)], true),
            (&[("all_proxy", PLAIN), ("ALL_PROXY", TLS)], false),
            (&[("all_proxy", ""), ("ALL_PROXY", TLS)], true),
            (&[("all_proxy", PLAIN), ("https_proxy", TLS)], false),
            (&[("https_proxy", "http://c.example"), ("HTTPS_PROXY", TLS)], true),
            (&[("https_proxy", PLAIN), ("HTTPS_PROXY", TLS)], false),
            (&[("https_proxy", PLAIN), ("http_proxy", TLS)], true),
            (&[("HTTP_PROXY", TLS)], false),
            (&[("ftp_proxy", TLS)], false),
        ] {
            let read = |name: &str| {
                variables.iter().find(|(set, _)| *set == name).map(|(_, value)| OsString::from(value))
            };
            assert_eq!(needs_tls(read), expected, "{variables:?}");
        }
    }
}
