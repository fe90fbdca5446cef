//! The received bytes that the handshake has not parsed yet.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::dialect::{Dialect, LEAST_REPLY, LONGEST_REFUSAL};
use crate::protocol::reply::Reply;
use crate::protocol::wire::{self, AddressType};

/// The length of VER and METHOD, or VER and STATUS.
pub(super) const ANSWER: usize = 2;

/// The length of a reply without an address, and its ATYP.
const ADDRESSLESS_REPLY: usize = 6;
const NO_ADDRESS: u8 = 0;
const IPV4_REPLY: usize = 10;
const IPV6_REPLY: usize = 22;
/// The length of VER, REP, RSV, ATYP and the length byte, which precede a name.
const NAME_AT: usize = 5;
/// The length of the port, which follows a name.
const PORT: usize = 2;

/// The received bytes, from the start of the expected message.
///
/// They are in an inline buffer, except a name and its port: these go directly into the memory
/// that the [`Address`] will own. A refusal with details is whole in memory of its own.
#[derive(Debug)]
pub(super) struct ReplyBuffer {
    /// The stage that the reply ends.
    stage: Stage,
    kind: Kind,
    inline: [u8; IPV6_REPLY],
    /// A name and the port behind it, or a refusal.
    long: Vec<u8>,
    len: usize,
}

/// The form of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Addressed,
    /// It may have no address: that of `KEEP_ALIVE`.
    AddressOptional,
    /// It is a refusal whose details are awaited.
    Refusal,
}

impl ReplyBuffer {
    #[inline]
    pub(super) const fn new(stage: Stage) -> Self {
        Self { stage, kind: Kind::Addressed, inline: [0; IPV6_REPLY], long: Vec::new(), len: 0 }
    }

    /// Accepts a reply without an address.
    pub(super) const fn with_optional_address(mut self) -> Self {
        self.kind = Kind::AddressOptional;
        self
    }

    pub(super) const fn stage(&self) -> Stage {
        self.stage
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn first(&self) -> Option<u8> {
        (self.len > 0).then_some(self.inline[0])
    }

    /// Returns room for the missing ones of `want` bytes.
    #[inline]
    pub(super) fn room(&mut self, want: usize) -> &mut [u8] {
        let len = self.len;
        if self.kind == Kind::Refusal {
            &mut self.long[len..]
        } else if self.long.is_empty() {
            &mut self.inline[len..want]
        } else {
            &mut self.long[len - NAME_AT..]
        }
    }

    /// Reports that `n` bytes were read into the room.
    #[inline]
    pub(super) const fn filled(&mut self, n: usize) {
        self.len += n;
    }

    /// Removes a two-byte answer from the front, if it is complete, and returns its second byte.
    #[inline]
    pub(super) fn take_answer(&mut self) -> Option<u8> {
        let rest = self.len.checked_sub(ANSWER)?;
        let answer = self.inline[1];
        self.inline.copy_within(ANSWER..ANSWER + rest, 0);
        self.len = rest;
        Some(answer)
    }

    /// Returns room for the rest of a reply, as far as its length is known.
    #[inline]
    pub(super) fn reply_room(&mut self) -> &mut [u8] {
        self.room(self.reply_len())
    }

    #[inline]
    const fn address_type(&self) -> Option<AddressType> {
        AddressType::from_byte(self.inline[3])
    }

    /// Returns whether the reply has a port alone, if its ATYP has been received.
    #[inline]
    const fn has_no_address(&self) -> bool {
        matches!(self.kind, Kind::AddressOptional) && self.inline[3] == NO_ADDRESS
    }

    /// Returns the length of the shortest reply.
    #[inline]
    const fn least_reply(&self) -> usize {
        if matches!(self.kind, Kind::AddressOptional) { ADDRESSLESS_REPLY } else { LEAST_REPLY }
    }

    /// Returns the least length of the reply, given the received bytes.
    #[inline]
    fn reply_len(&self) -> usize {
        match self.address_type() {
            _ if self.len < self.least_reply() => self.least_reply(),
            _ if self.has_no_address() => ADDRESSLESS_REPLY,
            Some(AddressType::V4) => IPV4_REPLY,
            Some(AddressType::V6) => IPV6_REPLY,
            Some(AddressType::Name) => NAME_AT + usize::from(self.inline[4]) + PORT,
            None => self.least_reply(),
        }
    }

    /// Returns whether the reply is complete and grants the request.
    ///
    /// A refusal is an error as soon as its code has been received, and the details that the
    /// dialect has behind it.
    #[inline]
    pub(super) fn is_granted(&mut self, dialect: &Dialect) -> Result<bool, Error> {
        let failed = |kind| Err(Error::new(self.stage, kind));
        let [version, code, _, atyp, name_len, ..] = self.inline;
        if self.len >= 1 && version != 5 {
            return failed(ErrorKind::Malformed { field: "VER", byte: version });
        }
        if self.len >= 2 && Reply::V5(code) != Reply::SUCCEEDED {
            return self.refuse(dialect).map_or(Ok(false), Err);
        }
        if self.len >= 4 && self.address_type().is_none() && !self.has_no_address() {
            return failed(ErrorKind::Malformed { field: "ATYP", byte: atyp });
        }
        if self.len == self.least_reply() && self.address_type() == Some(AddressType::Name) {
            let received = self.len - NAME_AT;
            self.long = vec![0; usize::from(name_len) + PORT];
            self.long[..received].copy_from_slice(&self.inline[NAME_AT..self.len]);
        }
        Ok(self.len == self.reply_len())
    }

    /// Returns the error of a refusal, or `None` if details of it are missing.
    fn refuse(&mut self, dialect: &Dialect) -> Option<Error> {
        let missing = (dialect.missing)(self.refusal_bytes());
        let len = self.len.saturating_add(missing).min(LONGEST_REFUSAL);
        if len == self.len {
            return Some(Error::new(self.stage, (dialect.refusal)(self.refusal_bytes())));
        }
        if self.kind != Kind::Refusal {
            self.long = self.inline[..self.len].to_vec();
            self.kind = Kind::Refusal;
        }
        self.long.resize(len, 0);
        None
    }

    /// Returns the error of a refusal whose details have not all been received.
    pub(super) fn refusal(&self, dialect: &Dialect) -> Option<Error> {
        (self.kind == Kind::Refusal).then(|| Error::new(self.stage, (dialect.refusal)(self.refusal_bytes())))
    }

    fn refusal_bytes(&self) -> &[u8] {
        if self.kind == Kind::Refusal { &self.long[..self.len] } else { &self.inline[..self.len] }
    }

    /// Takes BND.ADDR and BND.PORT of a complete reply.
    ///
    /// A reply without an address has the unspecified one.
    #[inline]
    pub(super) fn take_address(&mut self) -> Address {
        let [_, _, _, _, bytes @ ..] = self.inline;
        if self.has_no_address() {
            return Address::Ip(wire::socket_addr_v4([0, 0, 0, 0, bytes[0], bytes[1]]));
        }
        match (self.long.len().checked_sub(PORT), self.address_type()) {
            (Some(name_len), _) => {
                let mut name = std::mem::take(&mut self.long);
                let port = u16::from_be_bytes([name[name_len], name[name_len + 1]]);
                name.truncate(name_len);
                Address::Name(name.into(), port)
            }
            (None, Some(AddressType::V6)) => Address::Ip(wire::socket_addr_v6(&bytes)),
            (None, _) => {
                let [a, b, c, d, hi, lo, ..] = bytes;
                Address::Ip(wire::socket_addr_v4([a, b, c, d, hi, lo]))
            }
        }
    }
}
