//! Targets: every conversion to a `Target`, and every malformed text.

use anysocks::{Domain, Error, ErrorKind, Host, IntoTarget, Invalid, Target};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

const V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const MAPPED: Ipv6Addr = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201);
const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0xc000, 0x201);

fn ip(ip: impl Into<IpAddr>) -> Host<'static> {
    Host::Ip(ip.into())
}

fn name(name: &str) -> Host<'_> {
    Host::Domain(Domain::new(name).unwrap())
}

fn invalid<T: std::fmt::Debug>(result: Result<T, Error>) -> Invalid {
    match result.unwrap_err().kind() {
        ErrorKind::Invalid(invalid) => invalid.clone(),
        other => panic!("{other:?}"),
    }
}

/// Every argument that a library's one bound takes.
#[test]
fn arguments() {
    fn taken<'t>(target: impl IntoTarget<'t>) -> Result<String, Error> {
        target.into_target().map(|target| target.to_string())
    }
    let (text, host) = ("a.example:80".to_owned(), "a.example".to_owned());
    let target = Target::try_from(&text).unwrap();
    let named = || Domain::new("a.example").unwrap();
    for taken in [
        taken(&*text),
        taken(&text),
        taken(text.clone()),
        taken((&*host, 80)),
        taken((&host, 80)),
        taken((host.clone(), 80)),
        taken((named(), 80)),
        taken((Host::from(named()), 80)),
        taken(&target),
        taken(target.clone()),
    ] {
        assert_eq!(taken.unwrap(), "a.example:80");
    }
    let addr = SocketAddrV4::new(V4, 80);
    let either = SocketAddr::from(addr);
    for taken in [taken(addr), taken(either), taken((V4, 80)), taken((IpAddr::V4(V4), 80))] {
        assert_eq!(taken.unwrap(), "192.0.2.1:80");
    }
    assert!([either].iter().all(|borrowed| taken(borrowed).is_ok()));
    for taken in [taken((V6, 80)), taken(SocketAddrV6::new(V6, 80, 0, 0))] {
        assert_eq!(taken.unwrap(), "[2001:db8::1]:80");
    }
    assert_eq!(invalid(taken(SocketAddrV6::new(V6, 80, 0, 3))), Invalid::Zone);
    assert_eq!(invalid(taken("a.example")), Invalid::PortMissing);
}

/// Every conversion that takes one text.
fn from_text(text: &str) -> [Result<Target<'_>, Error>; 4] {
    // The last two borrow nothing.
    let owned: Result<Target<'static>, _> = Target::try_from(text.to_owned());
    let parsed: Result<Target<'static>, _> = text.parse();
    let string = text.to_owned();
    let borrowed = Target::try_from(&string).map(Target::into_owned);
    [Target::try_from(text), borrowed, owned, parsed]
}

/// Every conversion that takes a host as a text.
fn from_host(host: &str) -> [Result<Host<'_>, Error>; 6] {
    let string = host.to_owned();
    let borrowed = Host::try_from(&string).map(Host::into_owned);
    let pair = Target::try_from((host, 443)).map(|target| target.host().clone());
    let owned = Target::try_from((host.to_owned(), 443)).map(|target| target.host().clone());
    let cow = Host::try_from(Cow::Owned(host.to_owned()));
    [Host::try_from(host), cow, Host::try_from(host.to_owned()), borrowed, pair, owned]
}

#[test]
fn hosts_of_what_is_one_already() {
    for (host, expected) in [
        (Host::from(V4), ip(V4)),
        (Host::from(V6), ip(V6)),
        (Host::from(IpAddr::V4(V4)), ip(V4)),
        (Host::from(Domain::new("example.com").unwrap()), name("example.com")),
        (name("example.com").borrowed(), name("example.com")),
    ] {
        assert_eq!(host, expected);
    }
}

#[test]
fn texts() {
    let longest = "n".repeat(255);
    for (text, host, port, shown) in [
        ("example.com:443", name("example.com"), 443, "example.com:443"),
        ("EXAMPLE.com:443", name("EXAMPLE.com"), 443, "EXAMPLE.com:443"),
        ("example.com.:80", name("example.com."), 80, "example.com.:80"),
        ("localhost:80", name("localhost"), 80, "localhost:80"),
        ("expyuzz4wqqyqhjn.onion:80", name("expyuzz4wqqyqhjn.onion"), 80, "expyuzz4wqqyqhjn.onion:80"),
        ("xn--bcher-kva.example:80", name("xn--bcher-kva.example"), 80, "xn--bcher-kva.example:80"),
        ("_sip._tcp.example:5060", name("_sip._tcp.example"), 5060, "_sip._tcp.example:5060"),
        ("a:1", name("a"), 1, "a:1"),
        ("192.0.2.1:80", ip(V4), 80, "192.0.2.1:80"),
        // No address but a name, for the proxy to judge.
        ("192.0.2.1.:80", name("192.0.2.1."), 80, "192.0.2.1.:80"),
        ("192.0.2.256:80", name("192.0.2.256"), 80, "192.0.2.256:80"),
        ("192.0.2.01:80", name("192.0.2.01"), 80, "192.0.2.01:80"),
        ("[::1]:80", ip(Ipv6Addr::LOCALHOST), 80, "[::1]:80"),
        ("[2001:DB8:0:0:0:0:0:1]:80", ip(V6), 80, "[2001:db8::1]:80"),
        ("[::ffff:192.0.2.1]:80", ip(MAPPED), 80, "[::ffff:192.0.2.1]:80"),
        ("[64:ff9b::192.0.2.1]:80", ip(NAT64), 80, "[64:ff9b::c000:201]:80"),
        ("a:0", name("a"), 0, "a:0"),
        ("a:65535", name("a"), 65535, "a:65535"),
        ("a:00080", name("a"), 80, "a:80"),
        (" a:80\t\r\n", name("a"), 80, "a:80"),
        (&format!("{longest}:80"), name(&longest), 80, &format!("{longest}:80")),
    ] {
        for target in from_text(text) {
            let target = target.unwrap();
            assert_eq!((target.host(), target.port()), (&host, port), "{text}");
            assert_eq!(target.to_string(), shown, "{text}");
            assert_eq!(Target::try_from(shown).unwrap(), target, "{text}");
        }
    }
}

#[test]
fn texts_that_are_none() {
    let over = "n".repeat(256);
    for (text, why) in [
        ("", Invalid::PortMissing),
        ("example.com", Invalid::PortMissing),
        ("192.0.2.1", Invalid::PortMissing),
        ("[::1]", Invalid::PortMissing),
        ("[::1]80", Invalid::PortMissing),
        ("::1", Invalid::Unbracketed),
        ("::1:80", Invalid::Unbracketed),
        ("2001:db8::1:80", Invalid::Unbracketed),
        ("2001:db8:0:0:0:0:0:1:80", Invalid::Unbracketed),
        ("a:", Invalid::NotAPort),
        ("a:65536", Invalid::NotAPort),
        ("a:+80", Invalid::NotAPort),
        ("a:-1", Invalid::NotAPort),
        ("a: 80", Invalid::NotAPort),
        ("a:http", Invalid::NotAPort),
        ("a:٨٠", Invalid::NotAPort),
        ("[::1]:", Invalid::NotAPort),
        (":80", Invalid::NameEmpty),
        (":", Invalid::NotAPort),
        ("a:80:80", Invalid::NameCharacter(':')),
        ("http://a:80", Invalid::UrlAsTarget),
        ("user@a:80", Invalid::UserInTarget),
        ("[]:80", Invalid::NotIpv6),
        ("[a]:80", Invalid::NotIpv6),
        ("[192.0.2.1]:80", Invalid::NotIpv6),
        ("[[::1]]:80", Invalid::NotIpv6),
        ("[::1:80", Invalid::NameCharacter('[')),
        ("[fe80::1%eth0]:80", Invalid::Zone),
        ("[fe80::1%251]:80", Invalid::Zone),
        ("fe80::1%eth0:80", Invalid::Zone),
        (&format!("{over}:80"), Invalid::NameTooLong(256)),
    ] {
        for target in from_text(text) {
            assert_eq!(invalid(target), why, "{text:?}");
        }
    }
}

#[test]
fn hosts() {
    for (text, host, shown) in [
        ("::1", ip(Ipv6Addr::LOCALHOST), "[::1]"),
        ("[::1]", ip(Ipv6Addr::LOCALHOST), "[::1]"),
        ("::", ip(Ipv6Addr::UNSPECIFIED), "[::]"),
        ("::ffff:192.0.2.1", ip(MAPPED), "[::ffff:192.0.2.1]"),
        ("64:ff9b::192.0.2.1", ip(NAT64), "[64:ff9b::c000:201]"),
        ("192.0.2.1", ip(V4), "192.0.2.1"),
        ("example.com.", name("example.com."), "example.com."),
    ] {
        for made in from_host(text) {
            let made = made.unwrap();
            assert_eq!(made, host, "{text}");
            assert_eq!(made.to_string(), shown, "{text}");
        }
    }
}

#[test]
fn hosts_that_are_none() {
    for (text, why) in [
        ("fe80::1%eth0", Invalid::Zone),
        ("fe80::1%", Invalid::Zone),
        ("[fe80::1%1]", Invalid::Zone),
        ("a%eth0", Invalid::NameCharacter('%')),
        ("[::1", Invalid::NameCharacter('[')),
        ("::1]", Invalid::NameCharacter(':')),
        ("[::1]:80", Invalid::NameCharacter('[')),
        ("[example.com]", Invalid::NotIpv6),
        (":::", Invalid::NameCharacter(':')),
    ] {
        for host in from_host(text) {
            assert_eq!(invalid(host), why, "{text:?}");
        }
    }
}

/// Every constructor that takes a name as such.
fn from_name(text: &str) -> Vec<Result<Host<'_>, Error>> {
    let domain = Domain::new(text).map(Host::Domain);
    let owned = Domain::new(text.to_owned()).map(Host::Domain);
    let mut all = vec![domain, owned];
    all.extend(from_host(text));
    all.extend(
        from_text(&format!("{text}:1")).map(|made| made.map(|target| target.into_owned().host().clone())),
    );
    all
}

#[test]
fn name_lengths() {
    for (len, why) in
        [(0, Some(Invalid::NameEmpty)), (1, None), (255, None), (256, Some(Invalid::NameTooLong(256)))]
    {
        let text = "n".repeat(len);
        for made in from_name(&text) {
            match &why {
                None => assert_eq!(made.unwrap(), name(&text)),
                Some(why) => assert_eq!(invalid(made), *why),
            }
        }
    }
    // Bytes count, and what is not ASCII is no shorter for having fewer characters.
    assert_eq!(invalid(Domain::new("ü".repeat(128))), Invalid::NameTooLong(256));
}

#[test]
fn name_characters() {
    let refused = (0..=b' ').chain([0x7F]).map(char::from).chain(r"#%/:<>?@[\]^|".chars());
    for character in refused {
        // At the start, in the middle and at the end. A ':' at these places has other meanings in
        // a text with a port.
        for text in [format!("{character}b"), format!("a{character}b"), format!("a{character}")] {
            assert_eq!(invalid(Domain::new(&text)), Invalid::NameCharacter(character), "{text:?}");
            for made in from_host(&text) {
                assert_eq!(invalid(made), Invalid::NameCharacter(character), "{text:?}");
            }
        }
    }
    for taken in "!\"$&'()*+,-.;=_`{}~0aZ".chars() {
        let text = format!("a{taken}b");
        assert_eq!(Domain::new(&text).unwrap().as_str(), text);
    }
    for text in ["bücher.example", "例え.jp", "a\u{3002}b", "a\u{ad}b", "\u{212a}elvin"] {
        for made in from_name(text) {
            assert_eq!(invalid(made), Invalid::NameNotAscii, "{text:?}");
        }
    }
}

#[test]
fn address_types() {
    let v4 = SocketAddrV4::new(V4, 80);
    let v6 = SocketAddrV6::new(V6, 80, 0, 0);
    for (target, host) in [
        (Target::from(v4), ip(V4)),
        (Target::from((V4, 80)), ip(V4)),
        (Target::from((V6, 80)), ip(V6)),
        (Target::from((IpAddr::V4(V4), 80)), ip(V4)),
        (Target::from((IpAddr::V6(MAPPED), 80)), ip(MAPPED)),
        (Target::try_from(v6).unwrap(), ip(V6)),
        (Target::try_from(SocketAddr::V4(v4)).unwrap(), ip(V4)),
        (Target::try_from(SocketAddr::V6(v6)).unwrap(), ip(V6)),
        (Target::from((Domain::new("a").unwrap(), 80)), name("a")),
        (Target::new(ip(V4), 80), ip(V4)),
    ] {
        assert_eq!((target.host(), target.port()), (&host, 80));
        assert_eq!(Target::from(&target), target);
    }
    let zoned = SocketAddrV6::new(V6, 80, 0, 3);
    assert_eq!(invalid(Target::try_from(zoned)), Invalid::Zone);
    assert_eq!(invalid(Target::try_from(SocketAddr::V6(zoned))), Invalid::Zone);
    // A flow label is this machine's affair too, but the address means the same without it.
    let flow = SocketAddrV6::new(V6, 80, 7, 0);
    assert_eq!(Target::try_from(flow).unwrap(), Target::from((V6, 80)));
}

#[test]
fn parts() {
    let named = Target::try_from("example.com:443").unwrap();
    assert_eq!((named.domain(), named.ip()), (Some("example.com"), None));
    let addressed = Target::try_from("[::1]:443").unwrap();
    assert_eq!((addressed.domain(), addressed.ip()), (None, Some(Ipv6Addr::LOCALHOST.into())));
    for target in [named, addressed] {
        assert_eq!(target.borrowed(), target);
        assert_eq!(target.clone().into_owned(), target);
    }
}

#[test]
fn a_literal_that_is_asked_for_as_a_name_stays_one() {
    let target = Target::from((Domain::new("192.0.2.1").unwrap(), 80));
    assert_eq!((target.domain(), target.ip()), (Some("192.0.2.1"), None));
}
