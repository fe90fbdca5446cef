//! Whom to connect to without a proxy.

use crate::target::{Host, Target, split_port};
use ipnet::IpNet;
use std::convert::Infallible;
use std::net::IpAddr;
use std::str::FromStr;

/// Targets that are connected to directly, as `NO_PROXY` lists them: with commas or white space between.
///
/// | entry | is for |
/// |---|---|
/// | `*` | everybody |
/// | `example.com`, `.example.com`, `*.example.com` | that name and all below it |
/// | `192.0.2.7`, `2001:db8::7`, `[2001:db8::7]` | that address |
/// | `192.0.2.0/24`, `2001:db8::/32`, `[2001:db8::]/32` | the addresses of that block |
/// | each of them but a block with `:port` behind | the same, at that port alone |
///
/// Names are compared without regard to case and to a dot at their end, and are not resolved: a block covers addresses that are asked for as
/// such. What is none of these is passed over.
///
/// ```
/// use anysocks::{NoProxy, Target};
///
/// let direct = NoProxy::new("localhost, .internal.example, 10.0.0.0/8");
/// assert!(direct.covers(&Target::try_from("db.internal.example:5432")?));
/// assert!(!direct.covers(&Target::try_from("example.com:443")?));
/// # Ok::<(), anysocks::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Everybody(Option<u16>),
    Block(IpNet),
    Ip(IpAddr, Option<u16>),
    Name(String, Option<u16>),
}

impl NoProxy {
    /// Those of a list.
    #[must_use]
    pub fn new(list: &str) -> Self {
        let entries = list.split(|c: char| c == ',' || c.is_whitespace());
        Self { entries: entries.filter_map(Entry::read).collect() }
    }

    /// Whether the target is to be connected to directly.
    #[must_use]
    pub fn covers(&self, target: &Target<'_>) -> bool {
        self.entries.iter().any(|entry| entry.covers(target))
    }
}

impl Entry {
    fn read(text: &str) -> Option<Self> {
        if text.contains('/') {
            return block(text).map(Self::Block);
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
            Host::Ip(ip) => Some(Self::Ip(ip.to_canonical(), port)),
            Host::Domain(name) => Some(Self::Name(name.as_str().trim_end_matches('.').to_owned(), port)),
        }
    }

    fn covers(&self, target: &Target<'_>) -> bool {
        let at = |port: &Option<u16>| port.is_none_or(|port| port == target.port());
        match (self, target.host()) {
            (Self::Everybody(port), _) => at(port),
            (Self::Block(block), Host::Ip(ip)) => block.contains(ip) || block.contains(&ip.to_canonical()),
            (Self::Ip(own, port), Host::Ip(ip)) => *own == ip.to_canonical() && at(port),
            (Self::Name(own, port), Host::Domain(name)) => {
                is_below(name.as_str().trim_end_matches('.'), own) && at(port)
            }
            _ => false,
        }
    }
}

/// A block of addresses; one of IPv4 addresses that are written as IPv6 ones is one of IPv4 addresses.
fn block(text: &str) -> Option<IpNet> {
    let (ip, len) = text.split_once('/')?;
    let ip: IpAddr = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip).parse().ok()?;
    let len = len.parse::<u8>().ok()?;
    match (ip.to_canonical(), ip.is_ipv6()) {
        (IpAddr::V4(ip), true) => IpNet::new(ip.into(), len.checked_sub(96)?).ok(),
        _ => IpNet::new(ip, len).ok(),
    }
}

/// Whether a name is another one, or ends with a dot and that.
fn is_below(name: &str, above: &str) -> bool {
    let Some(start) = name.len().checked_sub(above.len()) else { return false };
    let (before, tail) = name.as_bytes().split_at(start);
    tail.eq_ignore_ascii_case(above.as_bytes()) && matches!(before.last(), None | Some(b'.'))
}

impl FromStr for NoProxy {
    type Err = Infallible;

    fn from_str(list: &str) -> Result<Self, Infallible> {
        Ok(Self::new(list))
    }
}
