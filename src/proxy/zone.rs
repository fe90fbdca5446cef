//! Zones of IPv6 addresses (RFC 4007 §11): the interface that leads to a link-local proxy.

use crate::error::Error;
use crate::error::invalid::Invalid;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::net::{Ipv6Addr, SocketAddrV6};

/// Splits `address%zone`, and returns `None` for any other text.
pub(super) fn split(text: &str) -> Option<(Ipv6Addr, &str)> {
    let (ip, zone) = text.split_once('%')?;
    Some((ip.parse().ok()?, zone))
}

/// Parses `address%zone` or `[address%zone]`, and returns `None` for any other text.
///
/// The zone is the number or the name of an interface.
pub(super) fn address(host: &str, port: u16) -> Result<Option<SocketAddrV6>, Error> {
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let Some((ip, zone)) = split(inside.unwrap_or(host)) else { return Ok(None) };
    // `parse` accepts a sign, which the number of an interface never has.
    let number = zone.bytes().all(|byte| byte.is_ascii_digit()).then(|| zone.parse().ok()).flatten();
    let scope_id = number.map_or_else(|| index_of(zone), Ok)?;
    Ok(Some(SocketAddrV6::new(ip, port, 0, scope_id)))
}

#[cfg(target_os = "linux")]
fn index_of(interface: &str) -> Result<u32, Invalid> {
    nix::net::if_::if_nametoindex(interface).map_err(|_| Invalid::NoInterface)
}

#[cfg(not(target_os = "linux"))]
const fn index_of(_: &str) -> Result<u32, Invalid> {
    Err(Invalid::ZoneName)
}

/// Converts a URL's host and port to plain text.
///
/// In a URL, the `%` before a zone is written `%25` (RFC 6874 §2). A bare `%` is accepted too.
pub(super) fn from_url(authority: &str) -> Cow<'_, str> {
    let zoned = authority.split_once("%25").and_then(|(ip, rest)| Some((ip, rest.split_once(']')?)));
    match zoned {
        Some((ip, (zone, rest))) if !zone.is_empty() && ip.starts_with('[') && !ip.contains('%') => {
            let zone = percent_decode_str(zone).decode_utf8_lossy();
            format!("{ip}%{zone}]{rest}").into()
        }
        _ => authority.into(),
    }
}
