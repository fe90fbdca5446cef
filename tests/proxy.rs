//! Proxies as values: from code and from conversions, and the mistakes that are found before
//! dialling.

#[path = "support/mistakes.rs"]
mod mistakes;

use anysocks::blocking::{Socks4Stream, Socks5Stream};
use anysocks::{Auth, Credentials, Endpoint, IntoProxy, Invalid, Proxy, Resolve, Stage, V4, V5, Version};
use mistakes::{credentials, greeting, invalid};
use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[test]
fn endpoints() {
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 9050));
    for (endpoint, shown) in [
        (Endpoint::try_from("proxy.example"), "proxy.example:1080"),
        (Endpoint::try_from("proxy.example:9050"), "proxy.example:9050"),
        (Endpoint::try_from(&String::from("[::1]")), "[::1]:1080"),
        (Endpoint::try_from(String::from("192.0.2.1:1")), "192.0.2.1:1"),
        (Endpoint::try_from("[fe80::1%3]:1"), "[fe80::1%3]:1"),
        (Endpoint::try_from(("::1", 1)), "[::1]:1"),
        (Endpoint::try_from(("[::1]", 1)), "[::1]:1"),
        (Ok(Endpoint::from(v6)), "[::1]:9050"),
        (Ok(Endpoint::from(Path::new("/run/x"))), "/run/x"),
        (Ok(Endpoint::from(PathBuf::from("/run/x"))), "/run/x"),
    ] {
        assert_eq!(endpoint.unwrap().to_string(), shown);
    }
    for (text, why) in [
        ("", Invalid::NameEmpty),
        (":1080", Invalid::NameEmpty),
        ("::1", Invalid::Unbracketed),
        ("::1:1080", Invalid::Unbracketed),
        ("h:", Invalid::NotAPort),
        ("fe80::1%1", Invalid::Unbracketed),
        ("fe80::1%1:1080", Invalid::Unbracketed),
        ("user@h", Invalid::UserInEndpoint),
        ("/run/x", Invalid::PathAsEndpoint),
    ] {
        assert_eq!(invalid(Endpoint::try_from(text)), why, "{text}");
        assert_eq!(invalid(Proxy::socks5(text)), why, "{text}");
        assert_eq!(invalid(Proxy::socks4(text)), why, "{text}");
    }
}

#[test]
fn builders() {
    let proxy = Proxy::socks5("h").unwrap();
    assert_eq!(
        (proxy.to_string(), proxy.limit()),
        ("socks5h://h:1080".into(), Some(Duration::from_secs(30)))
    );
    let proxy =
        proxy.resolve(Resolve::Locally).timeout(None).nodelay(false).keepalive(Duration::from_secs(1));
    let proxy = proxy.local_addr(SocketAddr::from(([127, 0, 0, 1], 0))).password("us er", "pw").unwrap();
    assert_eq!((proxy.to_string(), proxy.limit()), ("socks5://us%20er@h:1080".into(), None));
    assert_eq!(greeting(V5::auth(proxy.protocol()).unwrap()), [5, 2, 0, 2]);
    let proxy = proxy.password_only("other", "").unwrap().timeout(Duration::from_secs(1));
    assert_eq!(
        (proxy.to_string(), proxy.limit()),
        ("socks5://other@h:1080".into(), Some(Duration::from_secs(1)))
    );
    assert_eq!(greeting(V5::auth(proxy.protocol()).unwrap()), [5, 1, 2]);
    let proxy = proxy.auth(Auth::none()).unwrap();
    assert_eq!(proxy.to_string(), "socks5://h:1080");
    let proxy = Proxy::socks4("h").unwrap().user_id("me").unwrap();
    assert_eq!(
        (proxy.to_string(), V4::auth(proxy.protocol()).unwrap().as_bytes()),
        ("socks4a://me@h:1080".into(), &b"me"[..])
    );
}

#[test]
fn builders_of_the_other_version() {
    let v4 = || Proxy::socks4("h").unwrap();
    assert_eq!(invalid(v4().password("user", "pw")), Invalid::PasswordOverSocks4);
    assert_eq!(invalid(v4().password_only("user", "pw")), Invalid::PasswordOverSocks4);
    assert_eq!(invalid(v4().auth(Auth::none())), Invalid::MethodOverSocks4);
    assert_eq!(invalid(Proxy::socks5("h").unwrap().user_id("me")), Invalid::UserIdOverSocks5);
}

#[test]
fn what_stands_for_a_proxy() {
    fn shown<'a>(proxy: impl IntoProxy<'a> + Clone) -> [String; 2] {
        let four = proxy.clone().into_proxy::<V4>().unwrap().to_string();
        [four, proxy.into_proxy::<V5>().unwrap().to_string()]
    }
    let both = |end: &str| [format!("socks4a://{end}"), format!("socks5h://{end}")];
    assert_eq!(shown("h"), both("h:1080"));
    assert_eq!(shown(&String::from("h:1")), both("h:1"));
    assert_eq!(shown(String::from("[::1]:1")), both("[::1]:1"));
    assert_eq!(shown(("::1", 1)), both("[::1]:1"));
    assert_eq!(shown(SocketAddr::from(([192, 0, 2, 1], 1))), both("192.0.2.1:1"));
    assert_eq!(shown(Endpoint::from(Path::new("/x"))), ["socks4a+unix:///x", "socks5h+unix:///x"]);
    let addrs = [SocketAddr::from(([192, 0, 2, 1], 1)), SocketAddr::from(([192, 0, 2, 2], 2))];
    let several = both("192.0.2.1:1 or 192.0.2.2:2");
    assert_eq!(
        [shown(&addrs[..]), shown(addrs.to_vec()), shown(addrs)],
        [several.clone(), several.clone(), several]
    );
    assert_eq!(shown(&addrs[..1]), both("192.0.2.1:1"));
    assert_eq!(invalid(Vec::<SocketAddr>::new().into_proxy::<V5>().map(drop)), Invalid::NoAddress);
    // The version is part of a proxy, and of its URL.
    let proxy: Proxy = "socks5://me@h".parse().unwrap();
    let url = ["socks5://me@h:1080", "socks5://me@h:1080"];
    assert_eq!(shown(&proxy), url);
    assert_eq!(shown(proxy), url);
    assert_eq!(shown("socks5://me@h"), url);
    assert_eq!(invalid("http://h".into_proxy::<V5>().map(drop)), Invalid::HttpProxy);
    assert_eq!(invalid("h/x".into_proxy::<V5>().map(drop)), Invalid::Tail);
}

#[test]
fn what_display_gives_can_be_read() {
    let nobody = Auth::password_only(Credentials::without_user("pw").unwrap());
    for proxy in [
        Proxy::socks5(SocketAddr::from((Ipv6Addr::LOCALHOST, 1))).unwrap(),
        Proxy::socks5(Path::new("/a b/ü")).unwrap(),
        Proxy::socks4("h").unwrap().user_id(b"a@/:\xFF").unwrap(),
        Proxy::socks5("h").unwrap().password(b"a@/:\0\xFF", "pw").unwrap(),
        Proxy::socks5("h").unwrap().auth(nobody).unwrap(),
    ] {
        let shown = proxy.to_string();
        let again: Proxy = shown.parse().unwrap();
        assert_eq!((again.to_string(), again.endpoint()), (shown, proxy.endpoint()));
    }
}

/// A link-local proxy is reached through one interface of this machine, which only its scope
/// identifies.
#[test]
fn a_scope_is_kept() {
    let addr = SocketAddr::V6(SocketAddrV6::new("fe80::1".parse().unwrap(), 1, 0, 3));
    let proxy = Proxy::socks5(addr).unwrap();
    assert_eq!(proxy.endpoint(), &Endpoint::Addr(addr));
    let again: Proxy = proxy.to_string().parse().unwrap();
    assert_eq!(again.endpoint(), proxy.endpoint());
}

/// Invalid requests, with the proxy at this address.
fn mistakes(addr: SocketAddr) -> Vec<(Proxy, &'static str, Invalid)> {
    let two = |codes: Auth| Proxy::socks5(addr).unwrap().auth(codes.pipelined(true)).unwrap();
    let url = |scheme: &str| format!("{scheme}://{addr}").parse::<Proxy>().unwrap();
    let v4 = || Invalid::WrongVersion { proxy: "SOCKS4", wanted: "SOCKS5" };
    // This name does not exist, and must not be looked up.
    let name = "name.invalid:80";
    vec![
        (two(Auth::password(credentials())), name, Invalid::NotPipelinable),
        (two(Auth::password(credentials())).resolve(Resolve::Locally), name, Invalid::NotPipelinable),
        (url("socks4a"), name, v4()),
        (url("socks4"), "192.0.2.1:80", v4()),
        (url("socks4"), name, v4()),
        (url("socks5"), "a.onion:80", Invalid::OnionResolvedLocally),
        (url("socks5"), "A.ONION.:80", Invalid::OnionResolvedLocally),
        (url("socks5h"), "a b:80", Invalid::NameCharacter(' ')),
    ]
}

#[test]
fn mistakes_are_found_before_dialling() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    for (proxy, target, why) in mistakes(addr) {
        let error = Socks5Stream::connect(&proxy, target).unwrap_err();
        assert_eq!((error.stage(), error.proxy()), (Stage::Preparation, None), "{proxy} {target}: {error}");
        assert_eq!(invalid(Err::<(), _>(error)), why);
    }
    let v5 = Invalid::WrongVersion { proxy: "SOCKS5", wanted: "SOCKS4" };
    for (scheme, target, why) in [
        ("socks5", "192.0.2.1:80", v5.clone()),
        ("socks5h", "name.invalid:80", v5),
        ("socks4", "[::1]:80", Invalid::Ipv6OverSocks4),
        ("socks4a", "[::1]:80", Invalid::Ipv6OverSocks4),
        ("socks4", "a.onion:80", Invalid::OnionResolvedLocally),
    ] {
        assert_eq!(
            invalid(Socks4Stream::connect(format!("{scheme}://{addr}"), target)),
            why,
            "{scheme} {target}"
        );
    }
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}
