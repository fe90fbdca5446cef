//! Addresses of SOCKS5 as bytes (RFC 1928 §5).
//!
//! ```text
//! +------+----------+----------+
//! | ATYP |   ADDR   |   PORT   |     ATYP 01: IPv4, 4 bytes
//! +------+----------+----------+          03: a name, a length byte and as many bytes
//! |  1   | Variable |    2     |          04: IPv6, 16 bytes
//! +------+----------+----------+
//! ```
//!
//! SOCKS5a adds 05 and 06, a Unix path and an abstract name like a name, and 07, a URL with VER
//! and a length of two bytes.

use crate::protocol::target::{Domain, Host, Target};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
const UNIX: u8 = 5;
const ABSTRACT_UNIX: u8 = 6;
const URL: u8 = 7;

/// VER of a URL as an address.
const URL_VERSION: u8 = 1;

/// ATYP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressType {
    V4,
    V6,
    Name,
}

impl AddressType {
    #[inline]
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            IPV4 => Some(Self::V4),
            NAME => Some(Self::Name),
            IPV6 => Some(Self::V6),
            _ => None,
        }
    }
}

/// Appends ATYP, address and port with `put`.
#[allow(clippy::cast_possible_truncation, reason = "a URL has at most 2,048 bytes")]
pub(crate) fn put_address(target: &Target<'_>, mut put: impl FnMut(&[u8])) {
    match target.host() {
        Host::Ip(IpAddr::V4(ip)) => {
            put(&[IPV4]);
            put(&ip.octets());
        }
        Host::Ip(IpAddr::V6(ip)) => {
            put(&[IPV6]);
            put(&ip.octets());
        }
        Host::Domain(name) => put_short(NAME, name.as_str().as_bytes(), &mut put),
        Host::Pool(id) => put_short(NAME, id.as_bytes(), &mut put),
        Host::Unix(name) => put_short(UNIX, name.as_bytes(), &mut put),
        Host::AbstractUnix(name) => put_short(ABSTRACT_UNIX, name.as_bytes(), &mut put),
        Host::Url(url) => {
            let url = url.as_str().as_bytes();
            put(&[URL, URL_VERSION]);
            put(&(url.len() as u16).to_be_bytes());
            put(url);
        }
    }
    put(&target.port().to_be_bytes());
}

/// Returns ATYP and the length byte of a name.
#[allow(clippy::cast_possible_truncation, reason = "the constructors allow at most 255 bytes")]
pub(crate) fn name_header(name: &Domain<'_>) -> [u8; 2] {
    [NAME, name.as_str().len() as u8]
}

/// Appends ATYP, a length byte and these bytes.
#[allow(clippy::cast_possible_truncation, reason = "the constructors allow at most 255 bytes")]
fn put_short(atyp: u8, bytes: &[u8], put: &mut impl FnMut(&[u8])) {
    put(&[atyp, bytes.len() as u8]);
    put(bytes);
}

/// Returns an IPv4 address and a port.
#[inline]
pub(crate) const fn socket_addr_v4([a, b, c, d, hi, lo]: [u8; 6]) -> SocketAddr {
    let ip = Ipv4Addr::new(a, b, c, d);
    SocketAddr::new(IpAddr::V4(ip), u16::from_be_bytes([hi, lo]))
}

/// Returns an IPv6 address and a port.
pub(crate) fn socket_addr_v6(bytes: &[u8; 18]) -> SocketAddr {
    let mut ip = [0; 16];
    ip.copy_from_slice(&bytes[..16]);
    SocketAddr::new(Ipv6Addr::from(ip).into(), u16::from_be_bytes([bytes[16], bytes[17]]))
}
