//! What the proxy has said and the handshake has not understood yet: never more than it must say before the tunnel begins.

use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::address::Address;
use crate::protocol::reply::Reply;
use crate::protocol::wire::{self, AddressType};

/// VER, REP, RSV, ATYP, a name of no bytes, and the port: a reply is never shorter.
pub(super) const LEAST_REPLY: usize = 7;
/// VER and METHOD, or VER and STATUS.
pub(super) const ANSWER: usize = 2;

const IPV4_REPLY: usize = 10;
const IPV6_REPLY: usize = 22;
/// VER, REP, RSV, ATYP and the length byte: what stands before the name.
const NAME_AT: usize = 5;
/// What stands behind the name.
const PORT: usize = 2;

/// The bytes heard, from the start of the message that is waited for.
///
/// They fit an inline buffer, but for a name and its port: those go straight into the memory that the [`Address`] will own.
#[derive(Debug)]
pub(super) struct ReplyBuffer {
    /// What the reply ends.
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

    /// Room for what is missing until `want` bytes are there.
    pub(super) fn room(&mut self, want: usize) -> &mut [u8] {
        let len = self.len;
        if self.named.is_empty() { &mut self.inline[len..want] } else { &mut self.named[len - NAME_AT..] }
    }

    /// `n` bytes were read into the room.
    pub(super) const fn filled(&mut self, n: usize) {
        self.len += n;
    }

    /// Takes a two-byte answer off the front, once it is there: its second byte.
    pub(super) fn take_answer(&mut self) -> Option<u8> {
        let rest = self.len.checked_sub(ANSWER)?;
        let answer = self.inline[1];
        self.inline.copy_within(ANSWER..ANSWER + rest, 0);
        self.len = rest;
        Some(answer)
    }

    /// Room for the rest of a reply, as far as its length is known.
    pub(super) fn reply_room(&mut self) -> &mut [u8] {
        self.room(self.reply_len())
    }

    const fn address_type(&self) -> Option<AddressType> {
        AddressType::from_byte(self.inline[3])
    }

    /// The reply's least length, given what is there of it.
    fn reply_len(&self) -> usize {
        match self.address_type() {
            _ if self.len < LEAST_REPLY => LEAST_REPLY,
            Some(AddressType::V4) => IPV4_REPLY,
            Some(AddressType::V6) => IPV6_REPLY,
            Some(AddressType::Name) => LEAST_REPLY + usize::from(self.inline[4]),
            None => LEAST_REPLY,
        }
    }

    /// Whether all of a reply is there that grants the request. A refusal is an error as soon as its code is there.
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

    /// BND.ADDR and BND.PORT of a reply that is all there.
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
