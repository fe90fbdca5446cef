//! Targets: the input is a text, taken as `host:port` and as a host.

use anysocks::{Domain, Host, Target};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) fn holds(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let read = Target::try_from(text).ok();
    assert_eq!(read, target(text), "{text:?}");
    assert_eq!(read, text.parse().ok(), "{text:?}");
    assert_eq!(read, Target::try_from(text.to_owned()).ok(), "{text:?}");
    let pair = Target::try_from((text, 443)).ok();
    assert_eq!(pair, host(text).map(|host| Target::new(host, 443)), "{text:?}");
    assert_eq!(pair, Target::try_from((text.to_owned(), 443)).ok(), "{text:?}");
    for target in [read, pair].into_iter().flatten() {
        let shown = target.to_string();
        assert_eq!(Target::try_from(&shown).unwrap(), target, "{shown}");
        assert_eq!(target.borrowed().into_owned(), target);
    }
}

/// The meaning of `host:port`, by the simplest possible parser.
fn target(text: &str) -> Option<Target<'_>> {
    // White space around it is ignored.
    let (host_text, port) = text.trim().rsplit_once(':')?;
    if port.contains(|c: char| !c.is_ascii_digit()) || host_text.parse::<Ipv6Addr>().is_ok() {
        return None;
    }
    Some(Target::new(host(host_text)?, port.parse().ok()?))
}

fn host(text: &str) -> Option<Host<'_>> {
    if let Some(inside) = text.strip_prefix('[') {
        return inside.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(|ip| Host::Ip(ip.into()));
    }
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return Some(Host::Ip(ip.into()));
    }
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Some(Host::Ip(IpAddr::V6(ip)));
    }
    let stands_in_a_name = |c: char| ('!'..='~').contains(&c) && !"#%/:<>?@[\\]^|".contains(c);
    let is_name = (1..=255).contains(&text.len()) && text.chars().all(stands_in_a_name);
    is_name.then(|| Host::Domain(Domain::new(text).unwrap()))
}
