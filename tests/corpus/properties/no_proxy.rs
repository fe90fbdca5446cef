//! Lists of targets without a proxy: the input is a list, and behind the first line a target.

use anysocks::{Host, NoProxy, Target};
use std::net::{IpAddr, Ipv4Addr};

pub(crate) fn holds(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (list, target) = text.split_once('\n').unwrap_or((text, "example.com:80"));
    let Ok(target) = Target::try_from(target) else { return };
    let read = NoProxy::new(list);
    let entries: Vec<_> = entries(list).collect();
    let ignored: Vec<_> =
        entries.iter().filter(|(_, entry)| entry.is_none()).map(|(text, _)| *text).collect();
    assert_eq!(read.ignored().collect::<Vec<_>>(), ignored, "{list:?}");
    let covers = |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.covers(&target));
    let is_covered = entries.iter().any(|(_, entry)| covers(entry));
    assert_eq!(read.covers(&target), is_covered, "{list:?}, {target}");
    assert_eq!(list.parse(), Ok(read.clone()));
    // The same entries, one to a line.
    let again: Vec<_> = entries.iter().map(|(text, _)| *text).collect();
    let is_pattern = list.contains(['|', ';']);
    let separator = if is_pattern { " ; " } else { "\n" };
    assert_eq!(NoProxy::new(&(again.join(separator) + separator)), read, "{list:?}");
    let is_loopback = match target.host() {
        Host::Ip(ip) => ip.to_canonical().is_loopback(),
        Host::Domain(name) => {
            let name = name.as_str().trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        _ => false,
    };
    assert_eq!(read.loopback().covers(&target), is_covered || is_loopback, "{list:?}, {target}");
}

/// An entry, by the tables of the documentation.
enum Entry {
    Local,
    All(Option<u16>),
    /// The first bits of an address.
    Block(Bits, u32),
    Ip(IpAddr, Option<u16>),
    Name {
        name: String,
        itself: bool,
        below: bool,
        port: Option<u16>,
    },
}

/// The bits of an address, from the left, and whether it is IPv4.
type Bits = (u128, bool);

fn entries(list: &str) -> impl Iterator<Item = (&str, Option<Entry>)> {
    let is_pattern = list.contains(['|', ';']);
    list.split([',', '|', ';'])
        .flat_map(str::split_whitespace)
        .filter(|text| !text.eq_ignore_ascii_case("<-loopback>"))
        .map(move |text| (text, entry(text, is_pattern)))
}

fn entry(text: &str, is_pattern: bool) -> Option<Entry> {
    if text.eq_ignore_ascii_case("<local>") {
        return Some(Entry::Local);
    }
    if let Some((ip, len)) = text.split_once('/') {
        let ip = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip).parse().ok()?;
        let len = u32::from(len.parse::<u8>().ok()?);
        return match ip {
            IpAddr::V4(_) => (len <= 32).then(|| Entry::Block(bits(ip), len)),
            // A block of mapped addresses is one of IPv4.
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
                (96..=128).contains(&len).then(|| Entry::Block(bits(ip.to_canonical()), len - 96))
            }
            IpAddr::V6(_) => (len <= 128).then(|| Entry::Block(bits(ip), len)),
        };
    }
    if let Some(block) = stars(text) {
        return Some(block);
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(Entry::Ip(ip.to_canonical(), None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((_, rest)) if rest.ends_with(']') => (text, None),
        Some((host, port)) => {
            let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            (host, Some(port.parse().ok().filter(|_| is_number)?))
        }
        None => (text, None),
    };
    if host == "*" {
        return Some(Entry::All(port));
    }
    if let Some(ip) = host.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')) {
        let ip = ip.parse::<std::net::Ipv6Addr>().ok()?;
        return Some(Entry::Ip(IpAddr::V6(ip).to_canonical(), port));
    }
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Some(Entry::Ip(ip.into(), port));
    }
    let below = host.strip_prefix("*.").or_else(|| host.strip_prefix('.'));
    let name = below.unwrap_or(host);
    let stands_in_one = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if name.is_empty() || name.len() > 255 || !name.chars().all(stands_in_one) {
        return None;
    }
    let name = name.trim_end_matches('.');
    if below.is_some() && name.rsplit('.').next().is_some_and(is_number) {
        return None;
    }
    let (itself, below) = if is_pattern { (below.is_none(), below.is_some()) } else { (true, true) };
    Some(Entry::Name { name: name.to_ascii_lowercase(), itself, below, port })
}

/// `172.17.*` and `172.17.*.*`.
fn stars(text: &str) -> Option<Entry> {
    let parts: Vec<_> = text.split('.').collect();
    let numbers = parts.iter().position(|part| *part == "*").filter(|numbers| *numbers > 0)?;
    if parts.len() > 4 || parts[numbers..].iter().any(|part| *part != "*") {
        return None;
    }
    let ip = [&parts[..numbers], &["0", "0", "0"][..4 - numbers]].concat().join(".").parse::<Ipv4Addr>();
    Some(Entry::Block(bits(ip.ok()?.into()), 8 * u32::try_from(numbers).ok()?))
}

/// What resolvers read as an IPv4 address, without a dot.
fn is_number(name: &str) -> bool {
    let hexadecimal = name.strip_prefix("0x").or_else(|| name.strip_prefix("0X"));
    hexadecimal.map_or_else(
        || name.chars().all(|c| c.is_ascii_digit()),
        |digits| digits.chars().all(|c| c.is_ascii_hexdigit()),
    )
}

fn bits(ip: IpAddr) -> Bits {
    match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)) << 96, true),
        IpAddr::V6(ip) => (ip.into(), false),
    }
}

impl Entry {
    fn covers(&self, target: &Target<'_>) -> bool {
        let at = |port: &Option<u16>| port.is_none() || *port == Some(target.port());
        match (self, target.host()) {
            (Self::All(port), _) => at(port),
            (Self::Block((block, is_v4), len), Host::Ip(ip)) => {
                [*ip, ip.to_canonical()].into_iter().any(|ip| {
                    let (bits, of_v4) = bits(ip);
                    let mask = u128::MAX.checked_shl(128 - len).unwrap_or(0);
                    of_v4 == *is_v4 && (bits ^ block) & mask == 0
                })
            }
            (Self::Ip(listed, port), Host::Ip(ip)) => *listed == ip.to_canonical() && at(port),
            (Self::Name { name: listed, itself, below, port }, Host::Domain(name)) => {
                let name = name.as_str().trim_end_matches('.').to_ascii_lowercase();
                let is_below = name.strip_suffix(&**listed).is_some_and(|before| before.ends_with('.'));
                at(port) && (*itself && name == *listed || *below && is_below)
            }
            (Self::Local, Host::Domain(name)) => {
                let name = name.as_str().trim_end_matches('.');
                !name.contains('.') && !is_number(name)
            }
            _ => false,
        }
    }
}
