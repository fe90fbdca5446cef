//! The targets that a list of exceptions covers.

use anysocks::{NoProxy, Target};

/// Lists; targets that they cover; targets that they do not cover.
const LISTS: &[(&str, &[&str], &[&str])] = &[
    ("", &[], &["example.com:80", "192.0.2.7:80", "[::1]:80", "localhost:80"]),
    (" \t, ,,", &[], &["example.com:80", "192.0.2.7:80", "[::1]:80"]),
    ("*", &["example.com:80", "a:1", "192.0.2.7:80", "[2001:db8::1]:80", "localhost:0"], &[]),
    ("example.org, *", &["example.com:80", "192.0.2.7:80"], &[]),
    ("*:8080", &["example.com:8080", "192.0.2.7:8080"], &["example.com:80", "192.0.2.7:80"]),
    // Names, and all below them.
    (
        "example.com",
        &["example.com:80", "example.com:0", "www.example.com:443", "a.b.example.com:80"],
        &["notexample.com:80", "example.com.evil.example:80", "example.org:80", "com:80", "xample.com:80"],
    ),
    (
        ".example.com",
        &["example.com:80", "www.example.com:443", "a.b.example.com:80"],
        &["notexample.com:80", "examplexcom:80", "com:80"],
    ),
    (
        "*.example.com",
        &["example.com:80", "www.example.com:443", "a.b.example.com:80"],
        &["notexample.com:80", "examplexcom:80", "com:80"],
    ),
    ("*.example.com:8080", &["www.example.com:8080"], &["www.example.com:80"]),
    ("*example.com, www.*.example", &[], &["example.com:80", "notexample.com:80", "www.a.example:80"]),
    ("*.", &[], &["example.com:80", "example.com.:80"]),
    ("EXAMPLE.Com", &["example.com:80", "WWW.eXample.COM:80"], &["example.co:80"]),
    ("example.com", &["EXAMPLE.COM:80", "Www.Example.Com.:80"], &["NOTEXAMPLE.COM:80"]),
    ("example.com", &["example.com.:80", "www.example.com.:80"], &["notexample.com.:80"]),
    ("example.com.", &["example.com:80", "example.com.:80", "www.example.com:80"], &["notexample.com:80"]),
    (".example.com.", &["example.com:80", "www.example.com.:80"], &["notexample.com:80"]),
    ("com", &["example.com:80", "com:80"], &["examplecom:80", "com.example:80"]),
    ("localhost", &["localhost:80", "LOCALHOST:80", "a.localhost:80"], &["127.0.0.1:80", "[::1]:80"]),
    ("a_b.example", &["a_b.example:80"], &["ab.example:80"]),
    // Ports.
    ("example.com:8080", &["example.com:8080", "www.example.com:8080"], &["example.com:80", "x:8080"]),
    (".example.com:8080", &["example.com:8080", "www.example.com:8080"], &["www.example.com:80"]),
    ("example.com.:8080", &["example.com:8080", "example.com.:8080"], &["example.com.:80"]),
    ("example.com:0", &["example.com:0"], &["example.com:80"]),
    ("192.0.2.7:8080", &["192.0.2.7:8080"], &["192.0.2.7:80", "192.0.2.8:8080"]),
    ("[2001:db8::7]:8080", &["[2001:db8::7]:8080"], &["[2001:db8::7]:80", "[2001:db8::8]:8080"]),
    // Addresses.
    ("192.0.2.7", &["192.0.2.7:80", "192.0.2.7:0"], &["192.0.2.70:80", "192.0.2.8:80", "7.example:80"]),
    ("2001:db8::7", &["[2001:db8::7]:80", "[2001:DB8:0:0::7]:80"], &["[2001:db8::8]:80", "192.0.2.7:80"]),
    ("[2001:db8::7]", &["[2001:db8::7]:80"], &["[2001:db8::8]:80"]),
    ("2001:DB8:0::0007", &["[2001:db8::7]:80"], &["[2001:db8::]:80"]),
    ("::1", &["[::1]:80"], &["127.0.0.1:80", "[::]:80", "localhost:80"]),
    ("0.0.0.0", &["0.0.0.0:80"], &["192.0.2.7:80"]),
    // An IPv4 address is the same one when it is written as an IPv6 address.
    ("192.0.2.7", &["[::ffff:192.0.2.7]:80", "[::ffff:c000:207]:80"], &["[::ffff:192.0.2.8]:80"]),
    ("::ffff:192.0.2.7", &["192.0.2.7:80", "[::ffff:192.0.2.7]:80"], &["192.0.2.8:80", "[::192.0.2.7]:80"]),
    ("[::ffff:192.0.2.7]:80", &["192.0.2.7:80"], &["192.0.2.7:81"]),
    ("192.0.2.0/24", &["[::ffff:192.0.2.9]:80"], &["[::ffff:192.0.3.9]:80"]),
    // Blocks.
    ("192.0.2.0/24", &["192.0.2.0:80", "192.0.2.255:80"], &["192.0.1.255:80", "192.0.3.0:80", "[::1]:80"]),
    ("192.0.2.77/24", &["192.0.2.1:80"], &["192.0.3.1:80"]),
    (
        "10.0.0.0/8",
        &["10.255.255.255:80", "10.0.0.0:1"],
        &["11.0.0.0:80", "9.255.255.255:80", "10.example:80"],
    ),
    ("192.0.2.7/32", &["192.0.2.7:80"], &["192.0.2.6:80", "192.0.2.8:80"]),
    ("192.0.2.6/31", &["192.0.2.6:80", "192.0.2.7:80"], &["192.0.2.5:80", "192.0.2.8:80"]),
    ("0.0.0.0/0", &["192.0.2.7:80", "0.0.0.0:80"], &["[2001:db8::1]:80", "example.com:80"]),
    ("2001:db8::/32", &["[2001:db8::]:80", "[2001:db8:ffff::1]:80"], &["[2001:db9::]:80", "192.0.2.7:80"]),
    ("2001:db8::8/125", &["[2001:db8::f]:80"], &["[2001:db8::7]:80", "[2001:db8::10]:80"]),
    ("::1/128", &["[::1]:80"], &["[::2]:80", "[::]:80"]),
    ("::/0", &["[2001:db8::]:80", "[::ffff:192.0.2.7]:80"], &["192.0.2.7:80", "example.com:80"]),
    ("fe80::/10", &["[fe80::1]:80", "[febf::1]:80"], &["[fec0::1]:80"]),
    ("[2001:db8::]/32", &["[2001:db8::]:80", "[2001:db8:ffff::1]:80"], &["[2001:db9::]:80"]),
    ("::ffff:192.0.2.0/120", &["192.0.2.9:80", "[::ffff:192.0.2.9]:80"], &["192.0.3.9:80", "[::1]:80"]),
    ("::ffff:0.0.0.0/96", &["192.0.2.9:80", "[::ffff:192.0.2.9]:80"], &["[::1]:80"]),
    ("::ffff:192.0.2.0/95, ::ffff:192.0.2.0/129", &[], &["192.0.2.0:80", "[::ffff:192.0.2.0]:80"]),
    ("010.0.0.0/8, 10.0.0.0/ 8", &[], &["10.0.0.1:80"]),
    // Several, however they are separated.
    ("a.example,b.example", &["a.example:1", "b.example:1"], &["c.example:1", "example:1"]),
    ("a.example b.example\t192.0.2.7", &["a.example:1", "b.example:1", "192.0.2.7:1"], &["c.example:1"]),
    ("a.example\n192.0.2.7\r\n", &["a.example:1", "192.0.2.7:1"], &["c.example:1"]),
    (" , a.example ,, b.example:9 ,", &["a.example:1", "b.example:9"], &["b.example:8"]),
    // What is nothing is passed over, and the rest counts.
    ("192.0.2.0/33, a.example", &["a.example:1"], &["192.0.2.0:1", "192.0.2.0:33"]),
    ("192.0.2.0/, a.example", &["a.example:1"], &["192.0.2.0:1"]),
    ("2001:db8::/129, a.example", &["a.example:1"], &["[2001:db8::]:1"]),
    ("192.0.2.0/24:80, a.example", &["a.example:1"], &["192.0.2.1:80"]),
    ("b.example:port, a.example", &["a.example:1"], &["b.example:1"]),
    ("b.example:65536, a.example", &["a.example:1"], &["b.example:0", "b.example:65535"]),
    ("http://b.example, a.example", &["a.example:1"], &["b.example:80", "http:80"]),
    ("[2001:db8::7, a.example", &["a.example:1"], &["[2001:db8::7]:1"]),
    ("[b.example], a.example", &["a.example:1"], &["b.example:1"]),
    ("b\u{fc}cher.example, a.example", &["a.example:1"], &["xn--bcher-kva.example:1"]),
    ("fe80::1%eth0, a.example", &["a.example:1"], &["[fe80::1]:1"]),
    (":80, a.example", &["a.example:1"], &["b.example:80", "192.0.2.7:80"]),
    // Blocks of IPv4 addresses, as Java and Windows have them.
    (
        "172.17.*",
        &["172.17.0.0:80", "172.17.255.255:1", "[::ffff:172.17.0.1]:80"],
        &["172.16.255.255:80", "172.18.0.0:80"],
    ),
    ("10.*", &["10.0.0.0:80", "10.255.255.255:80"], &["9.255.255.255:80", "11.0.0.0:80", "10.example:80"]),
    (
        "10.*.*.*, 192.168.*.*, 192.0.2.*",
        &["10.1.2.3:80", "192.168.9.9:80", "192.0.2.255:80"],
        &["192.0.3.0:80"],
    ),
    ("10.*|127.*;192.168.*", &["10.1.2.3:80", "127.0.0.1:80", "192.168.9.9:80"], &["11.0.0.1:80"]),
    // With these separators a name is itself alone, and one with a star those below it.
    (
        "localhost|db.internal",
        &["localhost:80", "db.internal:80", "DB.Internal.:80"],
        &["a.db.internal:80", "a.localhost:80"],
    ),
    ("localhost;db.internal", &["localhost:80", "db.internal:80"], &["a.db.internal:80", "internal:80"]),
    ("a.example;", &["a.example:80"], &["b.a.example:80"]),
    (
        "*.foo.example|localhost",
        &["a.foo.example:80", "a.b.foo.example:80"],
        &["foo.example:80", "afoo.example:80"],
    ),
    (".foo.example; x", &["a.foo.example:80", "x:80"], &["foo.example:80", "a.x:80"]),
    ("*.foo.example:8080|x", &["a.foo.example:8080"], &["a.foo.example:80", "foo.example:8080"]),
    ("localhost|127.*|[::1]", &["localhost:80", "127.1.2.3:80", "[::1]:80"], &["[::2]:80"]),
    ("a.example|*", &["b.example:80", "192.0.2.7:80"], &[]),
    // Names without a dot.
    ("<local>", &["intranet:80", "INTRANET:80", "localhost.:80"], &["a.b:80", "192.0.2.7:80", "[::1]:80"]),
    ("<LOCAL>, a.example", &["intranet:80", "b.a.example:80"], &["b.example:80"]),
    // Resolvers take these for addresses, of any machine.
    (
        "<local>",
        &["0xg:80", "1a:80"],
        &["3221226219:80", "0xc000022b:80", "0XC000022B:80", "030000001053:80", "0x:80"],
    ),
    ("<local>;<-loopback>", &["intranet:80"], &["127.0.0.1:80", "[::1]:80"]),
    ("<-loopback>, 127.0.0.1", &["127.0.0.1:80"], &["127.0.0.2:80"]),
    // Names, whatever resolvers take them for.
    ("127.0.0.0/8", &["127.0.0.1:80"], &["127.1:80", "0x7f000001:80", "2130706433:80", "localhost:80"]),
    ("127.1, 0x7f000001", &["127.1:80", "0x7f000001:80"], &["127.0.0.1:80", "127.0.0.2:80"]),
    ("172.17.", &["172.17:80"], &["172.17.0.1:80"]),
    // A dot alone is no name above all.
    (".", &[], &["example.com:80", "example.com.:80", "192.0.2.7:80"]),
    ("..", &[], &["example.com:80", "example.com.:80"]),
];

#[test]
fn who_is_covered() {
    for (list, covered, others) in LISTS {
        let no_proxy = NoProxy::new(list);
        assert_eq!(list.parse::<NoProxy>().as_ref(), Ok(&no_proxy));
        for (targets, expected) in [(covered, true), (others, false)] {
            for text in *targets {
                let target = Target::try_from(*text).expect(text);
                assert_eq!(no_proxy.covers(&target), expected, "{list:?} for {text}");
            }
        }
    }
}

#[test]
fn nobody_if_nothing_is_said() {
    let target = Target::try_from("example.com:80").expect("a target");
    assert!(!NoProxy::default().covers(&target));
    assert_eq!(NoProxy::default(), NoProxy::new(" , "));
    assert_ne!(NoProxy::default(), NoProxy::new("*"));
}

/// The entries of no known form, as they are in the list.
#[test]
fn what_is_ignored() {
    for list in [
        "http://example.com",
        "https://*",
        "*example.com",
        "db*.example.com",
        "internal.*",
        "*.*",
        "192.0.2.1*",
        "192.*.2.*",
        "*.0.2.7",
        ".2.7",
        "*.192.0.2.7",
        ".192.0.2.7",
        "192.0.2.7.*",
        "10.*.*.*.*",
        "300.*",
        "010.*",
        ".*",
        "*.",
        ".",
        "..",
        ":8080",
        "192.0.2.0/24:8080",
        "172.17.*:8080",
        "192.0.2.0/255.255.255.0",
        "192.0.2.0/33",
        "192.0.2.1-192.0.2.9/24",
        "fe80::1%eth0",
        "[fe80::1%1]",
        "[192.0.2.7]",
        "example.com:port",
        r"^10\..*",
        "\"localhost",
        "'localhost'",
        "!example.com",
        "<Local",
        "<loopback>",
        "b\u{fc}cher.example",
    ] {
        let no_proxy = NoProxy::new(list);
        assert_eq!(no_proxy.ignored().collect::<Vec<_>>(), [list]);
        for target in ["example.com:80", "192.0.2.7:80", "172.17.0.1:8080", "[fe80::1]:80", "localhost:80"] {
            assert!(!no_proxy.covers(&Target::try_from(target).expect(target)), "{list:?} for {target}");
        }
    }
    let several = NoProxy::new("a.example, *b, <-loopback> <local>\t10.*,*c,,");
    assert_eq!(several.ignored().collect::<Vec<_>>(), ["*b", "*c"]);
    // Of what is covered, nothing is ignored.
    for (list, covered, _) in LISTS.iter().filter(|row| !row.1.is_empty()) {
        let entries = list.split([',', ' ', '|', ';']).filter(|entry| !entry.is_empty()).count();
        assert!(NoProxy::new(list).ignored().count() < entries, "{list:?} covers {covered:?}");
    }
}

#[test]
fn the_loopback_interface_is_covered_if_asked_for() {
    let covered = ["127.0.0.1:80", "127.255.255.255:1", "[::1]:80", "[::ffff:127.0.0.1]:80", "localhost:80"];
    for no_proxy in [NoProxy::default(), NoProxy::new("x.example"), NoProxy::new("x.example|y.example")] {
        for text in covered {
            let target = Target::try_from(text).expect(text);
            assert!(!no_proxy.covers(&target), "{text}");
            assert!(no_proxy.clone().loopback().covers(&target), "{text}");
        }
        let others = ["128.0.0.1:80", "[::2]:80", "local:80", "127.1:80"];
        for text in others {
            assert!(!no_proxy.clone().loopback().covers(&Target::try_from(text).expect(text)), "{text}");
        }
    }
    let both = NoProxy::new("x.example, *y").loopback();
    assert!(both.covers(&Target::try_from("x.example:80").expect("a target")));
    assert_eq!(both.ignored().collect::<Vec<_>>(), ["*y"]);
}
