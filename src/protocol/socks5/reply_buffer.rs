//! The received bytes that the handshake has not parsed yet.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::reply::Reply;
use crate::protocol::wire::{self, AddressType};

/// The length of the shortest reply: VER, REP, RSV, ATYP, an empty name, and the port.
pub(super) const LEAST_REPLY: usize = 7;
/// The length of VER and METHOD, or VER and STATUS.
pub(super) const ANSWER: usize = 2;

const IPV4_REPLY: usize = 10;
const IPV6_REPLY: usize = 22;
/// The length of VER, REP, RSV, ATYP and the length byte, which precede a name.
const NAME_AT: usize = 5;
/// The length of the port, which follows a name.
const PORT: usize = 2;

/// The received bytes, from the start of the expected message.
///
/// They are in an inline buffer, except a name and its port: these go directly into the memory
/// that the [`Address`] will own.
#[derive(Debug)]
pub(super) struct ReplyBuffer {
    /// The stage that the reply ends.
    stage: Stage,
    inline: [u8; IPV6_REPLY],
    named: Vec<u8>,
    len: usize,
}

impl ReplyBuffer {
    pub(super) const fn new(stage: Stage) -> Self {
        Self { stage, inline: [0; IPV6_REPLY], named: Vec::new(), len: 0 }
    }

    pub(super) const fn stage(&self) -> Stage {
        self.stage
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn first(&self) -> Option<u8> {
        (self.len > 0).then_some(self.inline[0])
    }

    /// Returns room for the missing ones of `want` bytes.
    pub(super) fn room(&mut self, want: usize) -> &mut [u8] {
        let len = self.len;
        if self.named.is_empty() { &mut self.inline[len..want] } else { &mut self.named[len - NAME_AT..] }
    }

    /// Reports that `n` bytes were read into the room.
    pub(super) const fn filled(&mut self, n: usize) {
        self.len += n;
    }

    /// Removes a two-byte answer from the front, if it is complete, and returns its second byte.
    pub(super) fn take_answer(&mut self) -> Option<u8> {
        let rest = self.len.checked_sub(ANSWER)?;
        let answer = self.inline[1];
        self.inline.copy_within(ANSWER..ANSWER + rest, 0);
        self.len = rest;
        Some(answer)
    }

    /// Returns room for the rest of a reply, as far as its length is known.
    pub(super) fn reply_room(&mut self) -> &mut [u8] {
        self.room(self.reply_len())
    }

    const fn address_type(&self) -> Option<AddressType> {
        AddressType::from_byte(self.inline[3])
    }

    /// Returns the least length of the reply, given the received bytes.
    fn reply_len(&self) -> usize {
        match self.address_type() {
            _ if self.len < LEAST_REPLY => LEAST_REPLY,
            Some(AddressType::V4) => IPV4_REPLY,
            Some(AddressType::V6) => IPV6_REPLY,
            Some(AddressType::Name) => LEAST_REPLY + usize::from(self.inline[4]),
            None => LEAST_REPLY,
        }
    }

    /// Returns whether the reply is complete and grants the request.
    ///
    /// A refusal is an error as soon as its code has been received.
    pub(super) fn is_granted(&mut self) -> Result<bool, Error> {
        let failed = |kind| Err(Error::new(self.stage, kind));
        let [version, code, _, atyp, name_len, ..] = self.inline;
        if self.len >= 1 && version != 5 {
            return failed(ErrorKind::Malformed { field: "VER", byte: version });
        }
        if self.len >= 2 && Reply::V5(code) != Reply::SUCCEEDED {
            return failed(ErrorKind::Refused(Reply::V5(code)));
        }
        if self.len >= 4 && AddressType::from_byte(atyp).is_none() {
            return failed(ErrorKind::Malformed { field: "ATYP", byte: atyp });
        }
        if self.len == LEAST_REPLY && self.address_type() == Some(AddressType::Name) {
            self.named = vec![0; usize::from(name_len) + PORT];
            self.named[..PORT].copy_from_slice(&self.inline[NAME_AT..LEAST_REPLY]);
        }
        Ok(self.len == self.reply_len())
    }

    /// Takes BND.ADDR and BND.PORT of a complete reply.
    pub(super) fn take_address(&mut self) -> Address {
        let [_, _, _, _, bytes @ ..] = self.inline;
        match (self.named.len().checked_sub(PORT), self.address_type()) {
            (Some(name_len), _) => {
                let mut name = std::mem::take(&mut self.named);
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
