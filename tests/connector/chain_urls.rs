//! Chains as texts.

use super::messages::PASSWORD;
use super::scene::invalid;
use anysocks::{Chain, Invalid};

#[test]
fn urls_with_commas_between() {
    for (text, shown) in [
        ("socks5h://one", "socks5h://one:1080"),
        ("socks5h://one,socks4://two:9", "socks5h://one:1080, socks4://two:9"),
        ("socks5h+tls://one, socks5h://two", "socks5h+tls://one:1080, socks5h://two:1080"),
        (" socks5://one , socks4a://me@[2001:db8::2]:7\t", "socks5://one:1080, socks4a://me@[2001:db8::2]:7"),
        ("socks5h+unix:///run/tor, socks://u:p%2Cw@b", "socks5h+unix:///run/tor, socks5h://u@b:1080"),
        ("socks5h://a,socks5h://a,socks5h://a", "socks5h://a:1080, socks5h://a:1080, socks5h://a:1080"),
    ] {
        let chain: Chain = text.parse().expect(text);
        assert_eq!(chain.to_string(), shown);
        assert_eq!(Chain::try_from(text).expect(text).to_string(), shown);
        assert_eq!(chain.hops().len(), shown.split(',').count());
    }
}

#[test]
fn mistakes() {
    for (text, mistake) in [
        ("", Invalid::SchemeMissing),
        (" ", Invalid::SchemeMissing),
        (",", Invalid::SchemeMissing),
        ("socks5h://one,", Invalid::SchemeMissing),
        (",socks5h://one", Invalid::SchemeMissing),
        ("socks5h://one,,socks5h://two", Invalid::SchemeMissing),
        ("socks5h://one,two:1080", Invalid::SchemeMissing),
        ("socks5h://one,http://two", Invalid::HttpProxy),
        ("socks5h://one;socks5h://two", Invalid::List),
        ("socks5h://one,socks5h://two/page", Invalid::UrlTail),
        ("socks5h://one,socks5h+unix:///run/tor", Invalid::UnixBehindAProxy),
        ("socks5h://one,socks5h+tls://two", Invalid::TlsBehindAProxy),
        ("socks5h://one,socks5s://two", Invalid::TlsBehindAProxy),
        ("socks5h://one:0x1,socks5h://two", Invalid::NotAPort),
    ] {
        assert_eq!(invalid(text.parse::<Chain>()), mistake, "{text:?}");
    }
}

#[test]
fn mistakes_hide_the_password() {
    for text in [
        format!("socks5h://user:{PASSWORD}@one, socks5h://user:{PASSWORD}@two:port"),
        format!("socks5h://user:{PASSWORD}@one, http://user:{PASSWORD}@two"),
        format!("socks5h://user:{PASSWORD}@one, user:{PASSWORD}@two"),
        // A comma that should be %2C.
        format!("socks5h://user:a,{PASSWORD}@one"),
    ] {
        let error = text.parse::<Chain>().expect_err("a mistake");
        let shown = format!("{error} {error:?} {error:#?}");
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}
