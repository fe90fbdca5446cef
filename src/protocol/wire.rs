//! Addresses of SOCKS5 as bytes (RFC 1928 §5).
//!
//! ```text
//! +------+----------+----------+
//! | ATYP |   ADDR   |   PORT   |     ATYP 01: IPv4, 4 bytes
//! +------+----------+----------+          03: a name, a length byte and as many bytes
//! |  1   | Variable |    2     |          04: IPv6, 16 bytes
//! +------+----------+----------+
//! ```

use crate::protocol::target::{Host, Target};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// ATYP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressType {
    V4,
    V6,
    Name,
}

impl AddressType {
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
#[allow(clippy::cast_possible_truncation, reason = "a name has at most 255 bytes")]
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
        Host::Domain(name) => {
            let name = name.as_str().as_bytes();
            put(&[NAME, name.len() as u8]);
            put(name);
        }
    }
    put(&target.port().to_be_bytes());
}

/// Returns an IPv4 address and a port.
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
