//! URLs of proxies: the meaning of each part, the refused forms, and that `Display` returns all
//! but the password.

use anysocks::protocol::{Conversation, Scratch, Socks5, Step};
use anysocks::{Endpoint, Error, ErrorKind, Invalid, Proxy, Resolve, Stage, V4, V5, Version};
use std::net::SocketAddrV6;
use std::path::Path;

fn parse(url: &str) -> Proxy {
    url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn invalid(url: &str) -> Invalid {
    let error = url.parse::<Proxy>().expect_err(url);
    assert_eq!((error.stage(), error.proxy()), (Stage::Preparation, None));
    match error.kind() {
        ErrorKind::Invalid(invalid) => invalid.clone(),
        other => panic!("{url}: {other:?}"),
    }
}

/// A zone is this machine's affair, and so is the way to a proxy.
#[test]
fn zones() {
    let zoned = |ip: &str, scope_id| {
        Endpoint::from(SocketAddrV6::new(ip.parse().expect("an address"), 1080, 0, scope_id))
    };
    for (host, endpoint) in [
        ("[fe80::1%1]", zoned("fe80::1", 1)),
        ("[fe80::1%1]:1080", zoned("fe80::1", 1)),
        ("[fe80::1%251]", zoned("fe80::1", 1)),
        ("[fe80::1%251]:1080", zoned("fe80::1", 1)),
        ("[fe80::1%2525]", zoned("fe80::1", 25)),
        ("[fe80::1%25251]", zoned("fe80::1", 251)),
        // Not the form of RFC 6874, whose zone is never empty.
        ("[fe80::1%25]", zoned("fe80::1", 25)),
        ("[fe80::1%0]", zoned("fe80::1", 0)),
        ("[FE80::1%254294967295]", zoned("fe80::1", u32::MAX)),
        ("[::1%251]", zoned("::1", 1)),
    ] {
        let proxy = parse(&format!("socks5h://{host}"));
        assert_eq!(proxy.endpoint(), &endpoint, "{host}");
        assert_eq!(parse(&proxy.to_string()).endpoint(), &endpoint, "{proxy}");
    }
    assert_eq!(parse("socks5h://[fe80::1%3]:1").to_string(), "socks5h://[fe80::1%253]:1");
    // In a text that is no URL, nothing is encoded.
    for (text, scope_id) in [("[fe80::1%1]", 1), ("[fe80::1%251]", 251), ("[fe80::1%251]:1080", 251)] {
        let endpoint = Endpoint::try_from(text).expect(text);
        assert_eq!(endpoint, zoned("fe80::1", scope_id), "{text}");
        assert_eq!(endpoint.to_string().parse::<Endpoint>().expect(text), endpoint);
    }
    for host in ["fe80::1%3", "[fe80::1%3]"] {
        assert_eq!(Endpoint::try_from((host, 1080)).expect(host), zoned("fe80::1", 3));
    }
}

#[test]
fn zones_with_names() {
    let no_interface = if cfg!(target_os = "linux") { Invalid::NoInterface } else { Invalid::ZoneName };
    let names = ["+1", "-1", "1x", "4294967296", "nonexistent0", "a%00b", "%ff", "a%5Db", "%C3%BC", "a%2Fb"];
    for zone in names {
        for url in [format!("socks5h://[fe80::1%25{zone}]"), format!("socks5h://[fe80::1%25{zone}]:1080")] {
            assert_eq!(invalid(&url), no_interface, "{url}");
        }
    }
    for url in ["socks5h://[fe80::1%]", "socks5h://[fe80::1%nonexistent0]", "socks5h://[fe80::1%+1]:1080"] {
        assert_eq!(invalid(url), no_interface, "{url}");
    }
    #[cfg(target_os = "linux")]
    {
        let index = nix::net::if_::if_nametoindex("lo").expect("a loopback interface");
        let zoned = SocketAddrV6::new("fe80::1".parse().expect("an address"), 1080, 0, index);
        for host in ["[fe80::1%25lo]", "[fe80::1%lo]", "[fe80::1%25lo]:1080", "[fe80::1%25%6co]"] {
            assert_eq!(parse(&format!("socks5h://{host}")).endpoint(), &Endpoint::from(zoned), "{host}");
        }
        for text in ["[fe80::1%lo]", "[fe80::1%lo]:1080"] {
            assert_eq!(Endpoint::try_from(text).expect(text), Endpoint::from(zoned));
        }
        assert_eq!(Endpoint::try_from(("fe80::1%lo", 1080)).expect("a zone"), Endpoint::from(zoned));
    }
}

/// The client's bytes to a proxy that requires passwords: its greeting, and its credentials.
fn says(proxy: &Proxy) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let mut talk = Socks5::connect(V5::auth(proxy.protocol())?, "a:1".try_into()?)?;
    let greeting = written(&mut talk);
    for byte in [5, 2] {
        let mut scratch = Scratch::new();
        let Step::Read(buf) = talk.step(&mut scratch) else { panic!("no answer is waited for") };
        buf[0] = byte;
        talk.advance(1)?;
    }
    Ok((greeting, written(&mut talk)))
}

fn written(talk: &mut Socks5<'_>) -> Vec<u8> {
    let mut scratch = Scratch::new();
    let Step::Write(bytes) = talk.step(&mut scratch) else { panic!("nothing is said") };
    let bytes = bytes.to_vec();
    talk.advance(bytes.len()).unwrap();
    bytes
}

#[test]
fn schemes() {
    for (scheme, version, resolve, shown) in [
        ("socks4", 4, Resolve::Locally, "socks4"),
        ("socks4a", 4, Resolve::ByProxy, "socks4a"),
        ("socks5", 5, Resolve::Locally, "socks5"),
        ("socks5h", 5, Resolve::ByProxy, "socks5h"),
        ("socks", 5, Resolve::ByProxy, "socks5h"),
    ] {
        for scheme in [scheme.to_owned(), scheme.to_uppercase()] {
            for (suffix, place, end) in
                [("", "h", "h:1080"), ("+unix", "/run/x", "/run/x"), ("+UNIX", "/X", "/X")]
            {
                let proxy = parse(&format!("{scheme}{suffix}://{place}"));
                assert_eq!(proxy.resolves(), resolve, "{scheme}");
                assert_eq!(
                    (V4::auth(proxy.protocol()).is_ok(), V5::auth(proxy.protocol()).is_ok()),
                    (version == 4, version == 5)
                );
                assert_eq!(proxy.to_string(), format!("{shown}{}://{end}", suffix.to_lowercase()));
            }
        }
    }
}

#[test]
fn places() {
    for (place, shown) in [
        ("proxy.example", "proxy.example:1080"),
        ("proxy.example/", "proxy.example:1080"),
        ("proxy.example:9050", "proxy.example:9050"),
        ("proxy.example.:9050/", "proxy.example.:9050"),
        ("192.0.2.1", "192.0.2.1:1080"),
        ("192.0.2.1:0", "192.0.2.1:0"),
        ("[::1]", "[::1]:1080"),
        ("[::1]:65535", "[::1]:65535"),
        ("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]:1"),
        ("@h", "h:1080"),
        (":@h", "h:1080"),
    ] {
        let proxy = parse(&format!("socks5h://{place}"));
        assert_eq!(proxy.endpoint(), &Endpoint::try_from(shown).unwrap(), "{place}");
        assert_eq!(proxy.to_string(), format!("socks5h://{shown}"));
    }
    for (place, path, shown) in [
        ("/run/tor/socks", "/run/tor/socks", "/run/tor/socks"),
        ("/a%20b", "/a b", "/a%20b"),
        ("/a%3F%23%25", "/a?#%", "/a%3F%23%25"),
        ("/a@/b", "/a@/b", "/a%40/b"),
        ("user:pw@/run/x", "/run/x", "user@/run/x"),
        ("u@h:p@w@/run/x", "/run/x", "u%40h@/run/x"),
        ("user:p@/w@/run/x", "/w@/run/x", "user@/w%40/run/x"),
        ("//x/", "//x/", "//x/"),
        (":@/x", "/x", "/x"),
        ("%00tor", "\0tor", "%00tor"),
        ("%00a/b%00%2F@", "\0a/b\0/@", "%00a/b%00/%40"),
        ("user@%00", "\0", "user@%00"),
        ("/x\n", "/x", "/x"),
    ] {
        let proxy = parse(&format!("socks5h+unix://{place}"));
        assert_eq!(proxy.endpoint(), &Endpoint::from(Path::new(path)), "{place}");
        assert_eq!(proxy.to_string(), format!("socks5h+unix://{shown}"));
    }
}

#[test]
fn white_space_around_it_is_ignored() {
    for url in [" socks5h://h:1", "socks5h://h:1 ", "\tsocks5h://h:1\r\n", "\u{a0}socks5h://h:1"] {
        assert_eq!(parse(url).to_string(), "socks5h://h:1", "{url:?}");
    }
    assert_eq!(parse("socks5h+unix:///a%20 ").to_string(), "socks5h+unix:///a%20");
    assert_eq!(invalid("socks5h:// h"), Invalid::NameCharacter(' '));
}

#[cfg(unix)]
#[test]
fn a_path_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let proxy = parse("socks5+unix:///%FF/%c3%bc");
    let path = std::ffi::OsStr::from_bytes(b"/\xFF/\xC3\xBC");
    assert_eq!(proxy.endpoint(), &Endpoint::from(Path::new(path)));
    assert_eq!(proxy.to_string(), "socks5+unix:///%FF/%C3%BC");
}

#[test]
fn credentials() {
    let long = "x".repeat(255);
    for (user_info, user, password, shown) in [
        ("user:pw", &b"user"[..], &b"pw"[..], "user"),
        ("user:", b"user", b"", "user"),
        ("user", b"user", b"", "user"),
        ("user:p%40%3a%2Fss", b"user", b"p@:/ss", "user"),
        ("user:p@s:s", b"user", b"p@s:s", "user"),
        ("us@er:pw", b"us@er", b"pw", "us%40er"),
        ("us%3Aer:pw", b"us:er", b"pw", "us%3Aer"),
        ("u%00:%00", b"u\0", b"\0", "u%00"),
        ("%ff%FE:%80", b"\xFF\xFE", b"\x80", "%FF%FE"),
        ("ü:ß", "ü".as_bytes(), "ß".as_bytes(), "%C3%BC"),
        // A `%` without two digits is literal, as in browsers.
        ("u%zz:100%", b"u%zz", b"100%", "u%25zz"),
        ("a-._~+ b:+", b"a-._~+ b", b"+", "a-._~%2B%20b"),
        (&format!("{long}:{long}"), long.as_bytes(), long.as_bytes(), &long),
    ] {
        for (start, place, end) in [("socks5h", "h", "h:1080"), ("socks5h+unix", "/x", "/x")] {
            let proxy = parse(&format!("{start}://{user_info}@{place}"));
            let length = |text: &[u8]| vec![u8::try_from(text.len()).unwrap()];
            let said = [vec![1], length(user), user.into(), length(password), password.into()].concat();
            assert_eq!(says(&proxy).unwrap(), (vec![5, 2, 0, 2], said), "{user_info}");
            let url = format!("{start}://{shown}@{end}");
            assert_eq!(proxy.to_string(), url);
            assert_eq!(parse(&url).to_string(), url);
        }
    }
}

#[test]
fn without_credentials_none_are_offered() {
    for url in ["socks5://h", "socks5://@h", "socks5://:@h", "socks5h+unix://:@/x"] {
        let proxy = parse(url);
        let mut talk =
            Socks5::connect(V5::auth(proxy.protocol()).unwrap(), "a:1".try_into().unwrap()).unwrap();
        assert_eq!(written(&mut talk), [5, 1, 0], "{url}");
    }
}

#[test]
fn user_ids() {
    for (user_info, id, shown) in [
        ("", &b""[..], ""),
        ("@", b"", ""),
        (":@", b"", ""),
        ("me@", b"me", "me@"),
        ("m%3Ae%ff@", b"m:e\xFF", "m%3Ae%FF@"),
    ] {
        let proxy = parse(&format!("socks4a://{user_info}h"));
        assert_eq!(V4::auth(proxy.protocol()).unwrap().as_bytes(), id);
        assert_eq!(proxy.to_string(), format!("socks4a://{shown}h:1080"));
    }
}

const LEVEL: Invalid = Invalid::UrlValue { name: "level", problem: "is confidentiality or integrity" };
const UNPROTECTED: Invalid = Invalid::UrlValue { name: "level", problem: "needs auth=gssapi" };
const WITH_USER: Invalid =
    Invalid::UrlValue { name: "auth", problem: "with the value gssapi allows no user name" };

#[test]
fn urls_that_are_none() {
    let over = "x".repeat(256);
    for (url, why) in [
        ("", Invalid::SchemeMissing),
        ("h:1080", Invalid::SchemeMissing),
        ("socks5:h", Invalid::SchemeMissing),
        ("socks5:/h", Invalid::SchemeMissing),
        ("http://h", Invalid::HttpProxy),
        ("socks6://h", Invalid::Scheme),
        ("socks5+ssl://h", Invalid::Scheme),
        ("socks5+tls+unix:///s", Invalid::Scheme),
        ("+unix:///x", Invalid::Scheme),
        ("://h", Invalid::Scheme),
        ("socks5://", Invalid::NameEmpty),
        ("socks5:///", Invalid::NameEmpty),
        ("socks5://:1080", Invalid::NameEmpty),
        ("socks5://user:pw@", Invalid::NameEmpty),
        ("socks5://h:", Invalid::NotAPort),
        ("socks5://h:65536", Invalid::NotAPort),
        ("socks5://h:+1", Invalid::NotAPort),
        ("socks5://user:pw", Invalid::NotAPort),
        ("socks5://h/x", Invalid::UrlTail),
        ("socks5://h//", Invalid::UrlTail),
        ("socks5://h?x", Invalid::UrlTail),
        ("socks5://h/#", Invalid::UrlTail),
        ("socks5h://h?", Invalid::UrlTail),
        ("socks5h://h?auth", Invalid::UrlTail),
        ("socks5h://h/x?auth=gssapi", Invalid::UrlTail),
        ("socks5h://h?auth=gssapi#x", Invalid::UrlTail),
        ("socks5h://h?colour=5", Invalid::UrlOption("colour".into())),
        ("socks5h+unix:///s?colour=5", Invalid::UrlOption("colour".into())),
        ("socks4a://h?colour=5", Invalid::UrlOption("colour".into())),
        ("socks5h://h?level=none&auth=gssapi", LEVEL),
        ("socks5h://h?level=integrity", UNPROTECTED),
        ("socks5h://me@h?auth=gssapi", WITH_USER),
        // The rest of a password is not shown.
        ("socks5h://user:80?pass=word@h", Invalid::NotEncoded),
        ("socks5h://user:80?Pa55=word", Invalid::UrlTail),
        ("socks5://::1", Invalid::Unbracketed),
        ("socks5://[::1", Invalid::NameCharacter('[')),
        ("socks5://[h]", Invalid::NotIpv6),
        ("socks5://fe80::1%1", Invalid::Unbracketed),
        ("socks5://fe80::1%251", Invalid::Unbracketed),
        ("socks5://[::g%1]", Invalid::NotIpv6),
        ("socks5://h%1", Invalid::NameCharacter('%')),
        ("socks5://h%251", Invalid::NameCharacter('%')),
        ("socks5://[fe80::1%1", Invalid::NotAPort),
        ("socks5://[fe80::1%251", Invalid::NotAPort),
        ("socks5://a b", Invalid::NameCharacter(' ')),
        ("socks5://%61", Invalid::NameCharacter('%')),
        ("socks5://bücher", Invalid::NameNotAscii),
        (&format!("socks5://{over}"), Invalid::NameTooLong(256)),
        ("socks5://:pw@h", Invalid::UserEmpty),
        (&format!("socks5://{over}:pw@h"), Invalid::UserTooLong(256)),
        (&format!("socks5://u:{over}@h"), Invalid::PasswordTooLong(256)),
        ("socks4://id:pw@h", Invalid::PasswordOverSocks4),
        ("socks4a+unix://id:@/x", Invalid::PasswordOverSocks4),
        ("socks4://i%00d@h", Invalid::UserIdNul),
        (&format!("socks4://{over}@h"), Invalid::UserIdTooLong(256)),
        // The host ends where it ends for every URL parser, whatever follows.
        ("socks5h://good.example:1080/@evil.example", Invalid::NotEncoded),
        ("socks5h://good.example:1080#@evil.example", Invalid::NotEncoded),
        ("socks5h://good.example:1080?@evil.example:99", Invalid::NotEncoded),
        ("socks5h://user:pa/ss@h", Invalid::NotEncoded),
        ("socks5+unix://", Invalid::UnixPath),
        ("socks5+unix:///", Invalid::UnixPath),
        ("socks5+unix://run/x", Invalid::UnixPath),
        ("socks5+unix://u:p@run/x", Invalid::UnixPath),
        ("socks5+unix:///a%00", Invalid::UnixPath),
        ("socks5+unix:///a\0", Invalid::UnixPath),
        ("socks5+unix:///a?x", Invalid::UnixPath),
        ("socks5+unix:///a#x", Invalid::UnixPath),
        ("socks5+unix://a%00", Invalid::UnixPath),
        ("socks5+unix://%00a?x", Invalid::UnixPath),
        ("socks5+unix://\0a", Invalid::UnixPath),
    ] {
        assert_eq!(invalid(url), why, "{url}");
    }
}

#[test]
fn proxies_behind_tls() {
    for (url, told) in [
        ("socks5h+tls://h", "socks5h+tls://h:1080"),
        ("SOCKS5S://h:1", "socks5h+tls://h:1"),
        ("socks4a+tls://me@h", "socks4a+tls://me@h:1080"),
        ("socks5+unix+tls:///s", "socks5+unix+tls:///s"),
    ] {
        let proxy: Proxy = url.parse().expect(url);
        assert!(proxy.is_behind_tls(), "{url}");
        assert_eq!(proxy.to_string(), told);
        assert!(!proxy.behind_tls(false).to_string().contains("tls"), "{url}");
    }
    assert!(!"socks5h://h".parse::<Proxy>().expect("a proxy").is_behind_tls());
}

/// The URLs of proxies that authenticate by Kerberos, and how they are printed.
const GSSAPI: [(&str, &str); 5] = [
    ("socks5h://h?auth=gssapi", "socks5h://h:1080?auth=gssapi"),
    ("socks5h://h/?auth=gssapi&level=integrity", "socks5h://h:1080?auth=gssapi&level=integrity"),
    ("socks5://h:1?level=confidentiality&auth=gssapi", "socks5://h:1?auth=gssapi"),
    (
        "socks5h://192.0.2.1?auth=gssapi&service=socks@h",
        "socks5h://192.0.2.1:1080?auth=gssapi&service=socks%40h",
    ),
    ("socks5h+unix:///s?auth=gssapi&service=socks@h", "socks5h+unix:///s?auth=gssapi&service=socks%40h"),
];

#[cfg(feature = "gssapi")]
#[test]
fn kerberos() {
    for (url, printed) in GSSAPI {
        let proxy = parse(url);
        assert_eq!(proxy.to_string(), printed);
        assert_eq!(parse(printed).to_string(), printed);
        assert!(format!("{proxy:?}").contains("X'01'"), "{proxy:?}");
    }
    // The default service needs the proxy's name.
    for url in ["socks5h://192.0.2.1?auth=gssapi", "socks5h+unix:///s?auth=gssapi"] {
        let error = url.parse::<Proxy>().expect_err(url);
        assert!(matches!(error.kind(), ErrorKind::Invalid(Invalid::ServiceHost)), "{error:?}");
    }
}

#[cfg(not(feature = "gssapi"))]
#[test]
fn kerberos() {
    for (url, _) in GSSAPI {
        let error = url.parse::<Proxy>().expect_err(url);
        assert!(matches!(error.kind(), ErrorKind::Invalid(Invalid::FeatureMissing("gssapi"))), "{error:?}");
    }
}
