//! One entry of a list of exceptions: how it is read, and which targets it covers.

use crate::protocol::target::{Host, Target, split_port};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

/// The kind of list that an entry is in. The same text covers more in one than in the other.
#[derive(Clone, Copy)]
pub(super) enum Dialect {
    /// With commas or white space, as in `NO_PROXY`: a name stands for all names below it too.
    Suffixes,
    /// With `|` as in Java or `;` as in Windows: a name stands for itself, and one with `*.` for
    /// those below it.
    Patterns,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exception {
    Everybody(Option<u16>),
    Block(IpNet),
    Ip(IpAddr, Option<u16>),
    Name(String, Reach, Option<u16>),
    /// Names without a dot.
    Local,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    AndBelow,
    Alone,
    BelowAlone,
}

impl Exception {
    pub(super) fn read(text: &str, dialect: Dialect) -> Option<Self> {
        if text.eq_ignore_ascii_case("<local>") {
            return Some(Self::Local);
        }
        if text.contains('/') {
            return block(text).map(Self::Block);
        }
        if let Some(block) = stars(text) {
            return Some(Self::Block(block));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self::Ip(ip.to_canonical(), None));
        }
        let (host, port) = split_port(text).ok()?;
        if host == "*" {
            return Some(Self::Everybody(port));
        }
        let below = host.strip_prefix('*').unwrap_or(host).strip_prefix('.');
        match Host::try_from(below.unwrap_or(host)).ok()? {
            Host::Ip(ip) if below.is_none() => Some(Self::Ip(ip.to_canonical(), port)),
            Host::Domain(name)
                if is_hostname(name.as_str()) && !(below.is_some() && ends_in_number(name.as_str())) =>
            {
                let reach = match (dialect, below) {
                    (Dialect::Suffixes, _) => Reach::AndBelow,
                    (Dialect::Patterns, None) => Reach::Alone,
                    (Dialect::Patterns, Some(_)) => Reach::BelowAlone,
                };
                Some(Self::Name(name.as_str().trim_end_matches('.').to_owned(), reach, port))
            }
            _ => None,
        }
    }

    pub(super) fn covers(&self, target: &Target<'_>) -> bool {
        let at = |port: &Option<u16>| port.is_none_or(|port| port == target.port());
        match (self, target.host()) {
            (Self::Everybody(port), _) => at(port),
            (Self::Block(block), Host::Ip(ip)) => block.contains(ip) || block.contains(&ip.to_canonical()),
            (Self::Ip(own, port), Host::Ip(ip)) => *own == ip.to_canonical() && at(port),
            (Self::Name(own, reach, port), Host::Domain(name)) => {
                reach.includes(own, name.as_str().trim_end_matches('.')) && at(port)
            }
            (Self::Local, Host::Domain(name)) => {
                let name = name.as_str().trim_end_matches('.');
                !name.contains('.') && !is_number(name)
            }
            _ => false,
        }
    }
}

impl Reach {
    fn includes(self, own: &str, name: &str) -> bool {
        let Some(start) = name.len().checked_sub(own.len()) else { return false };
        let (before, tail) = name.as_bytes().split_at(start);
        let fits = match before.last() {
            None => self != Self::BelowAlone,
            Some(b'.') => self != Self::Alone,
            Some(_) => false,
        };
        fits && tail.eq_ignore_ascii_case(own.as_bytes())
    }
}

/// A block of addresses; one of IPv4 addresses that are written as IPv6 ones is one of IPv4
/// addresses.
fn block(text: &str) -> Option<IpNet> {
    let (ip, len) = text.split_once('/')?;
    let ip: IpAddr = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip).parse().ok()?;
    let len = len.parse::<u8>().ok()?;
    match (ip.to_canonical(), ip.is_ipv6()) {
        (IpAddr::V4(ip), true) => IpNet::new(ip.into(), len.checked_sub(96)?).ok(),
        _ => IpNet::new(ip, len).ok(),
    }
}

/// The block that `172.17.*` or `172.17.*.*` stands for.
fn stars(text: &str) -> Option<IpNet> {
    let (numbers, stars) = text.split_at(text.find(".*")?);
    let known = numbers.split('.').count();
    let given = known + stars.split(".*").count() - 1;
    if given > 4 || stars.split(".*").any(|between| !between.is_empty()) {
        return None;
    }
    let ip: Ipv4Addr = format!("{numbers}{}", ".0".repeat(4 - known)).parse().ok()?;
    IpNet::new(ip.into(), u8::try_from(8 * known).ok()?).ok()
}

/// Whether a host can have this name: other characters are those of a pattern, or quotes around a
/// list.
fn is_hostname(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// Whether this is the end of an IPv4 address rather than a name, below which there are others.
fn ends_in_number(name: &str) -> bool {
    name.trim_end_matches('.').rsplit('.').next().is_some_and(is_number)
}

/// Whether resolvers take a name without a dot for an IPv4 address, in decimal, octal or
/// hexadecimal.
fn is_number(name: &str) -> bool {
    match name.strip_prefix("0x").or_else(|| name.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => name.bytes().all(|byte| byte.is_ascii_digit()),
    }
}
