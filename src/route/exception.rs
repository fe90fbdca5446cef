//! An entry of `NO_PROXY`: its forms, and the targets that it covers.

use crate::protocol::target::{Host, Target, split_port};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

/// The syntax of a list, which determines the names that an entry covers.
#[derive(Clone, Copy)]
pub(super) enum Dialect {
    /// With commas or white space, as in `NO_PROXY`: a name covers its subdomains too.
    Suffixes,
    /// With `|` as in Java, or `;` as in Windows: a name covers itself, and `*.` its subdomains.
    Patterns,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exception {
    All(Option<u16>),
    Block(IpNet),
    Ip(IpAddr, Option<u16>),
    Name(String, Scope, Option<u16>),
    /// Names without a dot.
    Local,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    WithSubdomains,
    NameOnly,
    SubdomainsOnly,
}

impl Exception {
    pub(super) fn parse(text: &str, dialect: Dialect) -> Option<Self> {
        if text.eq_ignore_ascii_case("<local>") {
            return Some(Self::Local);
        }
        if text.contains('/') {
            return block(text).map(Self::Block);
        }
        if let Some(block) = wildcard_block(text) {
            return Some(Self::Block(block));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self::Ip(ip.to_canonical(), None));
        }
        let (host, port) = split_port(text).ok()?;
        if host == "*" {
            return Some(Self::All(port));
        }
        let below = host.strip_prefix('*').unwrap_or(host).strip_prefix('.');
        match Host::try_from(below.unwrap_or(host)).ok()? {
            Host::Ip(ip) if below.is_none() => Some(Self::Ip(ip.to_canonical(), port)),
            Host::Domain(name)
                if is_hostname(name.as_str()) && !(below.is_some() && ends_in_number(name.as_str())) =>
            {
                let scope = match (dialect, below) {
                    (Dialect::Suffixes, _) => Scope::WithSubdomains,
                    (Dialect::Patterns, None) => Scope::NameOnly,
                    (Dialect::Patterns, Some(_)) => Scope::SubdomainsOnly,
                };
                Some(Self::Name(name.as_str().trim_end_matches('.').to_owned(), scope, port))
            }
            _ => None,
        }
    }

    pub(super) fn covers(&self, target: &Target<'_>) -> bool {
        let at = |port: &Option<u16>| port.is_none_or(|port| port == target.port());
        // Only the proxy can reach other targets.
        let Some(host) = target.host().on_network() else { return false };
        match (self, host) {
            (Self::All(port), _) => at(port),
            (Self::Block(block), Host::Ip(ip)) => block.contains(&ip) || block.contains(&ip.to_canonical()),
            (Self::Ip(listed, port), Host::Ip(ip)) => *listed == ip.to_canonical() && at(port),
            (Self::Name(listed, scope, port), Host::Domain(name)) => {
                scope.includes(listed, name.as_str().trim_end_matches('.')) && at(port)
            }
            (Self::Local, Host::Domain(name)) => {
                let name = name.as_str().trim_end_matches('.');
                !name.contains('.') && !is_number(name)
            }
            _ => false,
        }
    }
}

impl Scope {
    fn includes(self, listed: &str, name: &str) -> bool {
        let Some(start) = name.len().checked_sub(listed.len()) else { return false };
        let (before, tail) = name.as_bytes().split_at(start);
        let fits = match before.last() {
            None => self != Self::SubdomainsOnly,
            Some(b'.') => self != Self::NameOnly,
            Some(_) => false,
        };
        fits && tail.eq_ignore_ascii_case(listed.as_bytes())
    }
}

/// Parses a block of addresses. A block of IPv4-mapped addresses becomes an IPv4 block.
fn block(text: &str) -> Option<IpNet> {
    let (ip, len) = text.split_once('/')?;
    let ip: IpAddr = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip).parse().ok()?;
    let len = len.parse::<u8>().ok()?;
    match (ip.to_canonical(), ip.is_ipv6()) {
        (IpAddr::V4(ip), true) => IpNet::new(ip.into(), len.checked_sub(96)?).ok(),
        _ => IpNet::new(ip, len).ok(),
    }
}

/// Returns the block of `172.17.*` or `172.17.*.*`.
fn wildcard_block(text: &str) -> Option<IpNet> {
    let (numbers, stars) = text.split_at(text.find(".*")?);
    let known = numbers.split('.').count();
    let given = known + stars.split(".*").count() - 1;
    if given > 4 || stars.split(".*").any(|between| !between.is_empty()) {
        return None;
    }
    let ip: Ipv4Addr = format!("{numbers}{}", ".0".repeat(4 - known)).parse().ok()?;
    IpNet::new(ip.into(), u8::try_from(8 * known).ok()?).ok()
}

/// Returns whether a host can have this name. Other characters belong to patterns, or are quotes
/// around a list.
fn is_hostname(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// Returns whether this is the end of an IPv4 address, rather than a name with subdomains.
fn ends_in_number(name: &str) -> bool {
    name.trim_end_matches('.').rsplit('.').next().is_some_and(is_number)
}

/// Returns whether resolvers read a name without a dot as an IPv4 address, in decimal, octal or
/// hexadecimal.
fn is_number(name: &str) -> bool {
    match name.strip_prefix("0x").or_else(|| name.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => name.bytes().all(|byte| byte.is_ascii_digit()),
    }
}
