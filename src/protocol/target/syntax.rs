//! The syntax of host names.

use crate::error::invalid::Invalid;
use std::net::{IpAddr, Ipv6Addr};

/// The bytes that a name can contain.
static ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0x21;
    while byte < 0x7F {
        allowed[byte as usize] =
            !matches!(byte, b'#' | b'%' | b'/' | b':' | b'<' | b'>' | b'?' | b'@' | b'['..=b'^' | b'|');
        byte += 1;
    }
    allowed
};

/// Checks a name.
pub(crate) fn check(name: &str) -> Result<(), Invalid> {
    if name.is_empty() {
        return Err(Invalid::NameEmpty);
    }
    if name.len() > 255 {
        return Err(Invalid::NameTooLong(name.len()));
    }
    match name.bytes().find(|byte| !ALLOWED[usize::from(*byte)]) {
        None => Ok(()),
        Some(_) if !name.is_ascii() => Err(Invalid::NameNotAscii),
        Some(byte) => Err(Invalid::NameCharacter(char::from(byte))),
    }
}

/// Parses a host: returns an IP address, or `None` for a name.
pub(crate) fn parse(text: &str) -> Result<Option<IpAddr>, Invalid> {
    if let Err(no_name) = check(text) {
        // No name contains a colon, so only here can the text be an IPv6 address.
        return match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(inside) => ipv6(inside)?.map(Some).ok_or(Invalid::NotIpv6),
            None => ipv6(text)?.map(Some).ok_or(no_name),
        };
    }
    // An IPv4 address ends with a digit.
    if text.ends_with(|last: char| last.is_ascii_digit()) {
        Ok(text.parse().map(IpAddr::V4).ok())
    } else {
        Ok(None)
    }
}

fn ipv6(text: &str) -> Result<Option<IpAddr>, Invalid> {
    let (ip, zone) = text.split_once('%').map_or((text, None), |(ip, zone)| (ip, Some(zone)));
    match (ip.parse().map(IpAddr::V6), zone) {
        (Ok(_), Some(_)) => Err(Invalid::Zone),
        (ip, None) => Ok(ip.ok()),
        (Err(_), Some(_)) => Ok(None),
    }
}

/// Splits `host:port`. The port is `None` if there is no colon before one.
pub(crate) fn split_port(text: &str) -> Result<(&str, Option<u16>), Invalid> {
    let last = text.bytes().rposition(|byte| matches!(byte, b':' | b']'));
    let (host, port) = match last.and_then(|last| text.split_at_checked(last)) {
        Some((host, rest)) if rest.starts_with(':') => (host, &rest[1..]),
        _ => return Ok((text, None)),
    };
    if host.contains(':') && [host, text].iter().any(|bare| bare.parse::<Ipv6Addr>().is_ok()) {
        return Err(Invalid::Unbracketed);
    }
    // `u16::from_str` accepts a sign, which no port has.
    match port.parse() {
        Ok(number) if !port.starts_with('+') => Ok((host, Some(number))),
        _ => Err(Invalid::NotAPort),
    }
}
