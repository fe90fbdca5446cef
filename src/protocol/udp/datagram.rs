//! The datagrams of a relay, parsed without a copy.

use crate::protocol::address::{Address, Name};
use crate::protocol::wire::{self, AddressType};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A datagram from the relay, parsed without a copy.
///
/// ```
/// use anysocks::udp::{Datagram, Source};
///
/// let datagram = Datagram::parse(&[0, 0, 0, 1, 192, 0, 2, 7, 0, 53, b'h', b'i'])?;
/// assert_eq!(datagram.source, Source::Ip(([192, 0, 2, 7], 53).into()));
/// assert_eq!(datagram.payload, b"hi");
/// # Ok::<(), anysocks::udp::BadDatagram>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Datagram<'a> {
    /// FRAG: 0 for a standalone datagram (RFC 1928 §7).
    pub fragment: u8,
    /// The sender, as reported by the relay.
    pub source: Source<'a>,
    /// The payload.
    pub payload: &'a [u8],
}

/// The sender of a datagram, as reported by the relay.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source<'a> {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A name of 0 to 255 bytes of any value, and a port.
    ///
    /// Some relays report the name that was the target.
    Name(&'a [u8], u16),
}

/// The reason why bytes are not a datagram.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadDatagram {
    /// The bytes end before the header does.
    #[error("the datagram ends before its header does")]
    Short,
    /// The ATYP of the header is none of RFC 1928.
    ///
    /// The field is its value.
    #[error("the datagram has X'{0:02X}' as its ATYP")]
    AddressType(u8),
}

/// The derived form, and then the sentence, because `unwrap` prints `Debug`.
impl fmt::Debug for BadDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(f, "Short: {self}"),
            Self::AddressType(atyp) => write!(f, "AddressType({atyp}): {self}"),
        }
    }
}

impl<'a> Datagram<'a> {
    /// Parses a datagram. The value of RSV is ignored.
    ///
    /// # Errors
    ///
    /// - [`BadDatagram::Short`]: the header is not complete.
    /// - [`BadDatagram::AddressType`]: its ATYP is unknown.
    #[doc(alias = "parse_udp_request")]
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadDatagram> {
        let (&[_, _, fragment, atyp], rest) = bytes.split_first_chunk().ok_or(BadDatagram::Short)?;
        let (source, payload) = match AddressType::from_byte(atyp) {
            None => return Err(BadDatagram::AddressType(atyp)),
            Some(AddressType::V4) => {
                let (addr, payload) = rest.split_first_chunk().ok_or(BadDatagram::Short)?;
                (Source::Ip(wire::socket_addr_v4(*addr)), payload)
            }
            Some(AddressType::V6) => {
                let (addr, payload) = rest.split_first_chunk().ok_or(BadDatagram::Short)?;
                (Source::Ip(wire::socket_addr_v6(addr)), payload)
            }
            Some(AddressType::Name) => {
                let (&len, rest) = rest.split_first().ok_or(BadDatagram::Short)?;
                let (name, rest) = rest.split_at_checked(len.into()).ok_or(BadDatagram::Short)?;
                let (port, payload) = rest.split_first_chunk().ok_or(BadDatagram::Short)?;
                (Source::Name(name, u16::from_be_bytes(*port)), payload)
            }
        };
        Ok(Self { fragment, source, payload })
    }
}

impl Source<'_> {
    /// Returns the IP address and the port, or `None` for a name.
    #[must_use]
    pub const fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(addr) => Some(*addr),
            Self::Name(..) => None,
        }
    }

    /// Returns the IP address, or `None` for a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.socket_addr().map(|addr| addr.ip())
    }

    /// Returns the port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Ip(addr) => addr.port(),
            Self::Name(_, port) => *port,
        }
    }

    /// Converts to an address that borrows nothing. A name is copied.
    #[must_use]
    pub fn to_address(&self) -> Address {
        match self {
            Self::Ip(addr) => Address::Ip(*addr),
            Self::Name(name, port) => Address::Name(Name::from(name.to_vec()), *port),
        }
    }
}

impl Source<'_> {
    /// Appends the header of a standalone datagram from this source.
    #[allow(clippy::cast_possible_truncation, reason = "a name has at most 255 bytes")]
    pub(crate) fn put_header(&self, mut put: impl FnMut(&[u8])) {
        put(&[0; 3]);
        match self {
            Self::Ip(addr) => wire::put_address(&(addr.ip(), addr.port()).into(), put),
            Self::Name(name, port) => {
                put(&[3, name.len() as u8]);
                put(name);
                put(&port.to_be_bytes());
            }
        }
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(addr) => addr.fmt(f),
            Self::Name(name, port) => write!(f, "{}:{port}", name.escape_ascii()),
        }
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
