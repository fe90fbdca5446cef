//! Replies, and the details behind the codes 09 to 10 (hex).

use super::address::Address;
use std::net::{Ipv4Addr, SocketAddr};

pub(crate) const GENERAL_FAILURE: u8 = 0x01;
pub(crate) const HOST_UNREACHABLE: u8 = 0x04;
pub(crate) const COMMAND_NOT_SUPPORTED: u8 = 0x07;
pub(crate) const ADDRESS_NOT_SUPPORTED: u8 = 0x08;
pub(crate) const PROTOCOL_VIOLATION: u8 = 0x0b;

/// The bytes behind RSV in a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Details {
    /// Zeros: no details, and an unspecified IPv4 address for clients of RFC 1928.
    None,
    /// `01 | ELEN(2) | CODE(2) | MESSAGE`.
    Text(u16, String),
    /// A plain IPv4 address, which reads as an ELEN that is too large.
    Plain(Ipv4Addr, u16),
    /// These bytes.
    Raw(Vec<u8>),
}

/// A server's reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Granted(Address, u16),
    /// `KEEP_ALIVE`'s: `05 00 00 00 0000`.
    Short,
    Refused(u8, Details),
}

impl Reply {
    pub(crate) fn at(addr: SocketAddr) -> Self {
        Self::Granted(addr.into(), addr.port())
    }

    pub(crate) const fn refused(code: u8) -> Self {
        Self::Refused(code, Details::None)
    }

    pub(crate) fn with_details(code: u8, detail: u16, message: &str) -> Self {
        Self::Refused(code, Details::Text(detail, message.into()))
    }

    pub(crate) const fn is_granted(&self) -> bool {
        !matches!(self, Self::Refused(..))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let (code, rest) = match self {
            Self::Granted(address, port) => (0, address.encode(*port)),
            Self::Short => (0, Address::None.encode(0)),
            Self::Refused(code, details) => (*code, details.encode()),
        };
        [&[5, code, 0][..], &rest].concat()
    }
}

impl Details {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::None => vec![1, 0, 0, 0, 0, 0, 0],
            Self::Text(code, message) => {
                let length = u16::try_from(2 + message.len()).expect("a short MESSAGE");
                [&[1][..], &length.to_be_bytes(), &code.to_be_bytes(), message.as_bytes()].concat()
            }
            Self::Plain(ip, port) => Address::Ip((*ip).into()).encode(*port),
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}
