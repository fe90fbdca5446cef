//! What people paste in place of a target, an endpoint or a URL, and what is printed then.

use anysocks::{Chain, Error, Proxy, Stage, Target};

/// Parses a text in place of another one, and returns what is printed.
type Parse = fn(&str) -> String;

fn printed<T>(parsed: Result<T, Error>) -> String {
    match parsed {
        Ok(_) => "accepted".into(),
        Err(error) => {
            assert_eq!(error.stage(), Stage::Preparation);
            let shown = format!("{error:#}");
            assert!(format!("{error:?}").ends_with(&format!(": {shown}")), "{error:?}");
            shown
        }
    }
}

const AS_TARGET: Parse = |text| printed(Target::try_from(text));
const AS_HOST: Parse = |text| printed(Target::try_from((text, 443)));
const AS_ENDPOINT: Parse = |text| printed(Proxy::socks5(text));
const AS_URL: Parse = |text| printed(text.parse::<Proxy>());
const AS_CHAIN: Parse = |text| printed(text.parse::<Chain>());
/// Nothing is dialled: the target is wrong too, and the proxy is checked first.
const AS_PROXY: Parse = |text| printed(anysocks::blocking::Socks5Stream::connect(text, ""));

const AS_SOCKS5_PROXY: Parse = |text| printed(anysocks::blocking::Socks5Stream::connect(text, "a:1"));

const SECRETS: [&str; 2] = ["hunter2", "p#ss"];

/// A conversion, and for each text what is printed.
type Case = (Parse, &'static [(&'static str, &'static str)]);

/// What people paste.
const CASES: [Case; 7] = [
    (
        AS_TARGET,
        &[
            (" example.com:443\n", "accepted"),
            ("example.com", r#""example.com": the port is missing: write host:port"#),
            ("example.com 443", r#""example.com 443": the port is missing: write host:port"#),
            ("", "the port is missing: write host:port"),
            ("example.com:", r#""example.com:": the port is not a number from 0 to 65535"#),
            ("example.com:65536", r#""example.com:65536": the port is not a number from 0 to 65535"#),
            ("example.com:https", "the port is not a number from 0 to 65535"),
            ("::1:443", r#""::1:443": an IPv6 address with a port is written [address]:port"#),
            ("exa mple.com:443", r#""exa mple.com:443": ' ' can't stand in a host name"#),
            (
                "bücher.example:443",
                r#""bücher.example:443": the host name is not ASCII: give its punycode form (xn--...)"#,
            ),
            (
                "https://example.com/",
                r#""https://example.com/": this is a URL, and a target is host:port: leave out the scheme and the path"#,
            ),
            (
                "HTTPS://example.com/login?token=hunter2",
                r#""HTTPS://example.com/login...": this is a URL, and a target is host:port: leave out the scheme and the path"#,
            ),
            (
                "socks5h://user:hunter2@h:1080",
                "this is a URL, and a target is host:port: leave out the scheme and the path",
            ),
            (
                "user:hunter2@example.com:443",
                "a target has no user name and no password: they belong to the proxy",
            ),
            ("\"example.com:443\"", r#""\"example.com:443\"": the quotes are part of the text: remove them"#),
            ("example.com:443/", r#""example.com:443/": host:port ends with the port: remove the rest"#),
            (
                "example.com/index.html",
                r#""example.com/index.html": host:port ends with the port: remove the rest"#,
            ),
            (
                "a.example:1, b.example:2",
                "this is a list, and one is expected: the URLs of a chain have commas between them (`Chain`)",
            ),
            ("/run/tor/socks", r#""/run/tor/socks": this is a path, and a target is host:port"#),
            (r"C:\tor\socks", "this is a path, and a target is host:port"),
            ("TARGET=example.com:http", "this sets a variable: give its value alone"),
            ("\u{202e}a:1", r#""\u{202e}a:1": the host name is not ASCII: give its punycode form (xn--...)"#),
        ],
    ),
    (
        AS_HOST,
        &[
            ("example.com:443", r#""example.com:443": ':' can't stand in a host name"#),
            ("example.com\n", r#""example.com\n": '\n' can't stand in a host name"#),
            (
                "https://example.com",
                r#""https://example.com": this is a URL, and a target is host:port: leave out the scheme and the path"#,
            ),
        ],
    ),
    (
        AS_ENDPOINT,
        &[
            ("\t127.0.0.1:1080\r\n", "accepted"),
            (
                "socks5://127.0.0.1:1080",
                r#""socks5://127.0.0.1:1080": this is a URL: parse it with `str::parse`, or write host:port"#,
            ),
            ("socks5h://user:hunter2@h", "this is a URL: parse it with `str::parse`, or write host:port"),
            (
                "user:hunter2@h:1080",
                "host:port has no user name and no password: use a URL such as socks5h://user:password@host:1080, or `Proxy::password`",
            ),
            (
                "http://127.0.0.1:3128",
                r#""http://127.0.0.1:3128": this is the URL of an HTTP proxy: only SOCKS proxies are supported, such as socks5h://host:1080"#,
            ),
            (
                "/run/tor/socks",
                r#""/run/tor/socks": this is a path: use a URL such as socks5h+unix:///run/tor/socks, or a `std::path::Path`"#,
            ),
            (
                "unix:/run/tor/socks",
                "this is a path: use a URL such as socks5h+unix:///run/tor/socks, or a `std::path::Path`",
            ),
            ("h:1080/", r#""h:1080/": host:port ends with the port: remove the rest"#),
            ("'h:1080'", r#""'h:1080'": the quotes are part of the text: remove them"#),
            ("::1:1080", r#""::1:1080": an IPv6 address with a port is written [address]:port"#),
            ("user:hunter2", "the port is not a number from 0 to 65535"),
            ("socks5:/127.0.0.1:1080", "a proxy's URL begins with a scheme, such as socks5h://"),
            (
                "h1:1080,h2:1080",
                "this is a list, and one is expected: the URLs of a chain have commas between them (`Chain`)",
            ),
        ],
    ),
    (
        AS_URL,
        &[
            ("socks5h://h:1080\n", "accepted"),
            (" SOCKS5H://h ", "accepted"),
            ("socks://h", "accepted"),
            ("h:1080", r#""h:1080": a proxy's URL begins with a scheme, such as socks5h://"#),
            ("socks5h//h:1080", "a proxy's URL begins with a scheme, such as socks5h://"),
            (
                "socks5h://user:p#ss@h",
                "in a user name and a password, percent-encode `%` (%25), `#` (%23), `/` (%2F), `?` (%3F), and in a list `,` (%2C)",
            ),
            (
                "socks5h://user:hunter2/@h",
                "in a user name and a password, percent-encode `%` (%25), `#` (%23), `/` (%2F), `?` (%3F), and in a list `,` (%2C)",
            ),
            (
                "socks5h://user:1?hunter2@h",
                "in a user name and a password, percent-encode `%` (%25), `#` (%23), `/` (%2F), `?` (%3F), and in a list `,` (%2C)",
            ),
            (
                "socks5h://localhost/run/tor/socks",
                r#""socks5h://localhost/run/tor/socks": the URL of a Unix-domain socket has +unix and no host, such as socks5h+unix:///run/tor/socks"#,
            ),
            ("socks5h://h/path", r#""socks5h://h/path": a proxy's URL ends with host and port"#),
            (
                "\"socks5h://h:1080\"",
                r#""\"socks5h://h:1080\"": the quotes are part of the text: remove them"#,
            ),
            ("<socks5h://h:1080>", r#""<socks5h://h:1080>": the quotes are part of the text: remove them"#),
            (
                "ALL_PROXY=socks5h://h:1080",
                r#""ALL_PROXY=socks5h://h:1080": this sets a variable: give its value alone"#,
            ),
            ("export ALL_PROXY=socks5h://user:hunter2@h", "this sets a variable: give its value alone"),
            (
                "https://user:hunter2@h:3128",
                "this is the URL of an HTTP proxy: only SOCKS proxies are supported, such as socks5h://host:1080",
            ),
            (
                "socks6://h",
                "\"socks6://h\": the URL's scheme is none of SOCKS, which are socks4, socks4a, socks5, socks5h and socks, with +tls or +unix",
            ),
            (
                "unix:///run/tor/socks",
                r#""unix:///run/tor/socks": this is a path: use a URL such as socks5h+unix:///run/tor/socks, or a `std::path::Path`"#,
            ),
            (
                "socks5h://h1,socks5h://h2",
                "this is a list, and one is expected: the URLs of a chain have commas between them (`Chain`)",
            ),
            ("socks5h://user:hunter2", "the port is not a number from 0 to 65535"),
            ("socks5h://h:port", "the port is not a number from 0 to 65535"),
            ("socks5h://::1", r#""socks5h://::1": an IPv6 address with a port is written [address]:port"#),
        ],
    ),
    (
        AS_CHAIN,
        &[
            (" socks5h://h1 , socks5h://h2\n", "accepted"),
            (
                "socks5h://h1, http://h2:3128",
                r#"proxy 2 of 2: "http://h2:3128": this is the URL of an HTTP proxy: only SOCKS proxies are supported, such as socks5h://host:1080"#,
            ),
            ("socks5h://h1, ", "proxy 2 of 2: a proxy's URL begins with a scheme, such as socks5h://"),
            (
                "socks5h://user:hunter2,hunter2@h",
                "in a user name and a password, percent-encode `%` (%25), `#` (%23), `/` (%2F), `?` (%3F), and in a list `,` (%2C)",
            ),
        ],
    ),
    (
        AS_PROXY,
        &[
            (" socks5h://h:1080\n", "the port is missing: write host:port"),
            (" h:1080\n", "the port is missing: write host:port"),
            (
                "user:hunter2@h:1080",
                "host:port has no user name and no password: use a URL such as socks5h://user:password@host:1080, or `Proxy::password`",
            ),
        ],
    ),
    (
        AS_SOCKS5_PROXY,
        &[(
            "socks4a://h:1080",
            "the proxy speaks SOCKS4, and SOCKS5 was asked for: change the scheme of its URL if it speaks both; `Connector` connects and binds through either version",
        )],
    ),
];

#[test]
fn pasted_texts() {
    for (parse, rows) in CASES {
        for (text, expected) in rows {
            let shown = parse(text);
            assert_eq!(shown, *expected, "{text}");
            assert!(!SECRETS.iter().any(|secret| shown.contains(secret)), "{shown}");
        }
    }
}
