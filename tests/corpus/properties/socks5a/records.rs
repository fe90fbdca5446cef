//! TOL: the input is the obfuscation, the chunks, and the proxy's records: any bytes, or signed
//! ones that may be changed.

use super::super::conversation::granted;
use super::super::dice::Dice;
use super::super::pieces::{Reads, seal};
use super::keys::{Key, tol_key};
use super::record::{Kind, LONGEST, Record};
use super::{PSK, REPLY, psk, target};
use anysocks::protocol::{Frames, Incoming, Socks5};
use anysocks::socks5a::{Jitter, Obfuscation, Tol};
use std::time::Duration;

/// Behind this many bytes of records there is no further one.
const MOST: usize = 4096;

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let (setting, is_signed) = (Setting::from(&mut dice), dice.byte() % 4 != 0);
    let handshake = usize::from(dice.byte() % 8);
    let chunks = dice.chunks();
    let (stream, datagram) = if is_signed {
        (setting.stream(&mut dice), setting.datagram(&mut dice))
    } else {
        (dice.0.to_vec(), dice.0.to_vec())
    };
    let expected = setting.reference(&stream);
    // Each byte of a long record alone would take too long.
    let least = if stream.len() > 2 * MOST { 61 } else { 1 };
    for sizes in [&[0][..], &[least], chunks] {
        let mut incoming = setting.frames().incoming;
        assert_eq!(setting.drain(&mut incoming, &stream, handshake, sizes), expected, "{sizes:?}");
    }
    setting.opens(datagram);
    setting.both_ways(&expected.0, chunks);
}

struct Setting {
    kind: Kind,
    key: Key,
}

impl Setting {
    fn from(dice: &mut Dice<'_>) -> Self {
        Self { kind: Kind::ALL[usize::from(dice.byte()) % Kind::ALL.len()], key: tol_key(&PSK) }
    }

    fn obfuscation(&self) -> Obfuscation {
        let jitter = || Jitter::uniform(Duration::ZERO..=Duration::from_millis(9)).expect("a range");
        match self.kind {
            Kind::None => Obfuscation::None,
            Kind::Padding => Obfuscation::Padding,
            Kind::Jitter => Obfuscation::Jitter(jitter()),
            Kind::Masking => Obfuscation::Masking,
            Kind::Full => Obfuscation::Full(jitter()),
        }
    }

    /// The pump after a handshake.
    fn frames(&self) -> Frames {
        let auth = Tol::new(self.obfuscation()).psk(psk()).auth().expect("a key");
        let mut request = Socks5::connect(&auth, target()).expect("a request");
        let record = Record { kind: Kind::None, rand: Vec::new(), message: REPLY.into() };
        let wire = [&[5, 0x81][..], &record.encode_stream(&self.key)].concat();
        granted(&mut request, &mut &*wire).take_frames().expect("records")
    }

    /// Records of any TYPE, RAND and MESSAGE, with a right SIG or a changed byte.
    fn stream(&self, dice: &mut Dice<'_>) -> Vec<u8> {
        let mut wire = Vec::new();
        for _ in 0..dice.byte() % 16 {
            let record = Self::record(dice);
            wire.extend(changed(record.encode_stream(&self.key), dice));
            if wire.len() > MOST {
                break;
            }
        }
        // A record that is cut.
        wire.extend(dice.bytes());
        wire
    }

    fn datagram(&self, dice: &mut Dice<'_>) -> Vec<u8> {
        let record = Self::record(dice);
        changed(record.encode_datagram(&self.key), dice)
    }

    fn record(dice: &mut Dice<'_>) -> Record {
        let kind = Kind::ALL[usize::from(dice.byte()) % Kind::ALL.len()];
        let rand = match dice.byte() {
            len @ 250.. => vec![0x5A; len.into()],
            _ => dice.bytes().into(),
        };
        let message = match dice.byte() {
            long @ 252.. => vec![long; usize::from(long - 251) * 16_380],
            _ => dice.bytes().into(),
        };
        Record { kind, rand, message }
    }

    /// The plain bytes, and whether a record is refused.
    fn reference(&self, wire: &[u8]) -> (Vec<u8>, bool) {
        let (mut plain, mut rest) = (Vec::new(), wire);
        loop {
            if rest.get(2).is_some_and(|code| *code > 4) {
                return (plain, true);
            }
            match Record::decode_stream(rest, &self.key) {
                Ok(Some((record, len))) => {
                    plain.extend(record.message);
                    rest = &rest[len..];
                }
                Ok(None) => return (plain, false),
                Err(_) => return (plain, true),
            }
        }
    }

    fn drain(&self, incoming: &mut Incoming, wire: &[u8], handshake: usize, sizes: &[u8]) -> (Vec<u8>, bool) {
        Reads { wire, handshake, sizes }.drain(incoming, |read| self.missing(read))
    }

    /// How many bytes of the last record are missing, as far as its length is known.
    fn missing(&self, mut wire: &[u8]) -> usize {
        while let Ok(Some((_, len))) = Record::decode_stream(wire, &self.key) {
            wire = &wire[len..];
        }
        let least = match *wire {
            [_, _, _, rand_len, ref rest @ ..] => {
                let rand_len = usize::from(rand_len);
                let length = rest.get(rand_len..rand_len + 2);
                6 + rand_len
                    + length.map_or(0, |length| usize::from(length[0]) * 256 + usize::from(length[1]))
            }
            _ => 6,
        };
        least - wire.len()
    }

    /// A datagram is opened like a record, or refused.
    fn opens(&self, mut datagram: Vec<u8>) {
        let expected = Record::decode_datagram(&datagram, &self.key).map(|record| record.message);
        let datagrams = self.frames().datagrams.expect("datagrams");
        let opened = datagrams.open(&mut datagram);
        let opened = opened.map(|range| range.map_or_else(Vec::new, |range| datagram[range].to_vec()));
        assert_eq!(opened.ok(), expected.ok());
    }

    /// Whatever the client seals keeps to the rules for its obfuscation, and is opened again.
    fn both_ways(&self, plain: &[u8], sizes: &[u8]) {
        let Frames { mut incoming, mut outgoing, datagrams, .. } = self.frames();
        let wire = seal(&mut outgoing, plain, sizes);
        let mut records = &*wire;
        while let Some((record, len)) = Record::decode_stream(records, &self.key).expect("records") {
            self.check(&record);
            assert!(record.message.len() <= LONGEST);
            records = &records[len..];
        }
        assert!(records.is_empty(), "a record is cut");
        assert_eq!(self.reference(&wire), (plain.to_vec(), false));
        assert_eq!(self.drain(&mut incoming, &wire, 0, sizes), (plain.to_vec(), false));

        let datagrams = datagrams.expect("datagrams");
        let (datagram, mut sealed) = (&plain[..plain.len().min(60_000)], Vec::new());
        datagrams.seal(datagram, &mut sealed).expect("a datagram");
        assert!(sealed.len() <= datagram.len() + datagrams.overhead());
        let record = Record::decode_datagram(&sealed, &self.key).expect("a record");
        self.check(&record);
        assert_eq!(record.message, datagram);
        let mut cover = Vec::new();
        if datagrams.cover(&mut cover) {
            assert!(self.kind.masks());
            let record = Record::decode_datagram(&cover, &self.key).expect("a record");
            self.check(&record);
            assert_eq!(record.message, b"");
        }
    }

    fn check(&self, record: &Record) {
        assert_eq!(record.kind, self.kind);
        let timing = record.check().expect("RAND of this TYPE");
        assert!(timing.is_none_or(|timing| (timing.least, timing.most, timing.mode) == (0, 9, 0)));
    }
}

/// Changes a byte of one record in four.
fn changed(mut record: Vec<u8>, dice: &mut Dice<'_>) -> Vec<u8> {
    if dice.byte() % 4 == 3 {
        let at = usize::from(u16::from_be_bytes(dice.array())) % record.len();
        record[at] ^= dice.byte();
    }
    record
}
