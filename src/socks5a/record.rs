//! The bytes of a record.
//!
//! ```text
//! stream:    SIG(2) | TYPE(1) | RAND_LEN(1) | RAND | LENGTH(2) | MESSAGE
//! datagram:  SIG(2) | TYPE(1) | RAND_LEN(1) | RAND | MESSAGE
//! ```
//!
//! SIG is the start of the HMAC of all that follows it.

use super::crypto::Mac;
use super::error::Error;
use crate::protocol::encapsulation::Extent;
use std::ops::Range;

const SIG: usize = 2;

/// The length of SIG, TYPE and `RAND_LEN`.
pub(super) const HEADER: usize = 4;

/// The length of LENGTH, on a stream.
const LENGTH: usize = 2;

/// The most bytes by which a record on a stream is longer than its message.
pub(super) const OVERHEAD: usize = HEADER + 255 + LENGTH;

/// The highest TYPE.
const FULL: u8 = 4;

/// What a record is sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    Stream,
    Datagrams,
}

impl On {
    /// Appends a record of this TYPE. `put_rand` appends at most 255 bytes. On an error, `records`
    /// may have a part of it.
    pub(super) fn put(
        self,
        mac: &Mac,
        code: u8,
        put_rand: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
        message: &[u8],
        records: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let start = records.len();
        records.extend([0, 0, code, 0]);
        put_rand(records)?;
        let [.., rand_len] = (records.len() - start - HEADER).to_be_bytes();
        records[start + HEADER - 1] = rand_len;
        if self == Self::Stream {
            let [.., high, low] = message.len().to_be_bytes();
            records.extend([high, low]);
        }
        records.extend_from_slice(message);
        let [a, b, ..] = mac.sum(&[&records[start + SIG..]]);
        records[start..start + SIG].copy_from_slice(&[a, b]);
        Ok(())
    }

    /// Returns where the message of a record lies.
    pub(super) fn open(self, mac: &Mac, record: &[u8]) -> Result<Range<usize>, Error> {
        let cut = || Error::RecordLength(record.len());
        if let Some(code) = record.get(SIG).filter(|code| **code > FULL) {
            return Err(Error::RecordType(*code));
        }
        let rand_len = usize::from(*record.get(HEADER - 1).ok_or_else(cut)?);
        let length = if self == Self::Stream { LENGTH } else { 0 };
        let message = HEADER + rand_len + length;
        if message > record.len() {
            return Err(cut());
        }
        let (sig, signed) = record.split_at(SIG);
        if !mac.is_sum(&[signed], sig) {
            return Err(Error::Signature.logged());
        }
        Ok(message..record.len())
    }
}

/// Returns the length of the record on a stream that begins with these bytes.
pub(super) fn extent(start: &[u8]) -> Extent {
    match *start {
        // `open` refuses it.
        [_, _, code, ..] if code > FULL => Extent::Exactly(SIG + 1),
        [_, _, _, rand_len, ref rest @ ..] => {
            let least = HEADER + usize::from(rand_len) + LENGTH;
            match rest.get(rand_len.into()..).and_then(|rest| rest.first_chunk()) {
                Some(length) => Extent::Exactly(least + usize::from(u16::from_be_bytes(*length))),
                None => Extent::AtLeast(least),
            }
        }
        _ => Extent::AtLeast(HEADER + LENGTH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socks5a::vectors::{Vectors, case};

    fn own_key() -> Mac {
        Mac::new(&case("tol session key from its own psk").bytes("session_key"))
    }

    fn cases() -> [(On, u8, Mac, Vectors, bool); 6] {
        let exchanged = case("tol stream record under the key-exchange session");
        let exchanged_key = Mac::new(&exchanged.bytes("session_key"));
        [
            (On::Stream, 0, own_key(), case("tol stream record, type 00"), false),
            (On::Stream, 1, own_key(), case("tol stream record, type 01"), true),
            (On::Stream, 4, own_key(), case("tol stream record, type 04"), true),
            (On::Stream, 3, own_key(), case("tol stream dummy, type 03"), false),
            (On::Datagrams, 1, own_key(), case("tol datagram, type 01"), true),
            (On::Stream, 0, exchanged_key, exchanged, false),
        ]
    }

    #[test]
    fn the_vectors() {
        for (on, code, mac, vectors, has_rand) in cases() {
            let rand = if has_rand { vectors.bytes("rand") } else { Vec::new() };
            let (message, record) = (vectors.bytes("message"), vectors.bytes("record"));
            let mut records = b"before".to_vec();
            let put_rand = |record: &mut Vec<u8>| {
                record.extend(&rand);
                Ok(())
            };
            on.put(&mac, code, put_rand, &message, &mut records).unwrap();
            assert_eq!(records, [b"before", &record[..]].concat());
            let content = on.open(&mac, &record).unwrap();
            assert_eq!(record[content], message);
        }
    }

    #[test]
    fn the_extent_is_known_from_each_start() {
        for (on, _, _, vectors, _) in cases().into_iter().filter(|(on, ..)| *on == On::Stream) {
            let record = vectors.bytes("record");
            let behind = [&record[..], b"behind"].concat();
            for len in 0..behind.len() {
                match extent(&behind[..len]) {
                    Extent::Exactly(exactly) => assert_eq!(exactly, record.len(), "{on:?}, {len}"),
                    Extent::AtLeast(least) => {
                        assert!(least > len && least <= record.len(), "{least} from {len}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused() {
        for (on, _, mac, vectors, _) in cases() {
            let record = vectors.bytes("record");
            for at in 0..record.len() {
                let mut changed = record.clone();
                changed[at] ^= 1;
                let error = on.open(&mac, &changed).unwrap_err();
                let expected = match at {
                    2 if record[2] == 4 => matches!(error, Error::RecordType(5)),
                    3 => matches!(error, Error::Signature | Error::RecordLength(_)),
                    _ => matches!(error, Error::Signature),
                };
                assert!(expected, "{at}: {error:?}");
                assert!(on.open(&mac, &record[..at]).is_err(), "{at}");
            }
        }
    }

    #[test]
    fn other_types() {
        for code in 5..=0xFF {
            assert_eq!(extent(&[0, 0, code]), Extent::Exactly(3));
            assert_eq!(extent(&[0, 0, code, 9, 9]), Extent::Exactly(3));
            for on in [On::Stream, On::Datagrams] {
                for record in [&[0, 0, code][..], &[0, 0, code, 0, 0, 0]] {
                    assert!(matches!(on.open(&own_key(), record), Err(Error::RecordType(c)) if c == code));
                }
            }
        }
    }
}
