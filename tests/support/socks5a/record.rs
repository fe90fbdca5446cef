//! Records of TOL.
//!
//! ```text
//! stream:    SIG(2) | TYPE(1) | RAND_LEN(1) | RAND | LENGTH(2) | MESSAGE
//! datagram:  SIG(2) | TYPE(1) | RAND_LEN(1) | RAND | MESSAGE
//! ```

use super::keys::{Key, mac};
use super::random;

/// The longest MESSAGE that a client may send on a stream. A datagram can't be split.
pub(crate) const LONGEST: usize = 16_384;
/// The bytes before RAND.
const HEADER: usize = 4;

/// TYPE: the obfuscation of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    None = 0,
    Padding = 1,
    Jitter = 2,
    Masking = 3,
    Full = 4,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::None, Self::Padding, Self::Jitter, Self::Masking, Self::Full];

    fn of(byte: u8) -> Result<Self, String> {
        Self::ALL.get(usize::from(byte)).copied().ok_or(format!("a record of TYPE {byte:02x}"))
    }

    pub(crate) const fn announces_timing(self) -> bool {
        matches!(self, Self::Jitter | Self::Full)
    }

    pub(crate) const fn has_padding(self) -> bool {
        matches!(self, Self::Padding | Self::Full)
    }

    pub(crate) const fn masks(self) -> bool {
        matches!(self, Self::Masking | Self::Full)
    }
}

/// The timing bytes of RAND: `MIN(2) MAX(2) MODE(1) 00 00 00`, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) least: u16,
    pub(crate) most: u16,
    pub(crate) mode: u8,
}

impl Timing {
    pub(crate) fn encode(self) -> [u8; 8] {
        let ([a, b], [c, d]) = (self.least.to_be_bytes(), self.most.to_be_bytes());
        [a, b, c, d, self.mode, 0, 0, 0]
    }

    fn decode(rand: [u8; 8]) -> Result<Self, String> {
        let [a, b, c, d, mode, reserved @ ..] = rand;
        let timing = Self { least: u16::from_be_bytes([a, b]), most: u16::from_be_bytes([c, d]), mode };
        if timing.least > timing.most || mode > 2 || reserved != [0; 3] {
            return Err(format!("timing bytes {rand:02x?}"));
        }
        Ok(timing)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    pub(crate) rand: Vec<u8>,
    /// An empty one makes the record a dummy.
    pub(crate) message: Vec<u8>,
}

impl Record {
    /// A record with the RAND that the profile prescribes for its TYPE.
    pub(crate) fn new(kind: Kind, timing: Timing, message: &[u8]) -> Self {
        let mut rand = match kind {
            Kind::None | Kind::Masking => Vec::new(),
            Kind::Padding => vec![0; length_between(0, 255)],
            Kind::Jitter => vec![0; 8],
            Kind::Full => vec![0; length_between(8, 255)],
        };
        random::fill(&mut rand);
        if kind.announces_timing() {
            rand[..8].copy_from_slice(&timing.encode());
        }
        Self { kind, rand, message: message.into() }
    }

    pub(crate) fn encode_stream(&self, key: &Key) -> Vec<u8> {
        let length = u16::try_from(self.message.len()).expect("a MESSAGE of at most 65,535 bytes");
        self.encode(key, &[&length.to_be_bytes()[..], &self.message].concat())
    }

    pub(crate) fn encode_datagram(&self, key: &Key) -> Vec<u8> {
        self.encode(key, &self.message)
    }

    fn encode(&self, key: &Key, data: &[u8]) -> Vec<u8> {
        let length = u8::try_from(self.rand.len()).expect("a RAND of at most 255 bytes");
        let covered = [&[self.kind as u8, length][..], &self.rand, data].concat();
        [&mac(key, &[&covered])[..2], &covered].concat()
    }

    /// Decodes the first record of a stream, and returns its length. Returns `None` if it is not
    /// complete.
    pub(crate) fn decode_stream(bytes: &[u8], key: &Key) -> Result<Option<(Self, usize)>, String> {
        let Some(rand_end) = bytes.get(3).map(|length| HEADER + usize::from(*length)) else {
            return Ok(None);
        };
        let Some(length) = bytes.get(rand_end..rand_end + 2) else { return Ok(None) };
        let end = rand_end + 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let Some(record) = bytes.get(..end) else { return Ok(None) };
        Ok(Some((Self::decode(record, rand_end, rand_end + 2, key)?, end)))
    }

    pub(crate) fn decode_datagram(bytes: &[u8], key: &Key) -> Result<Self, String> {
        match bytes.get(3).map(|length| HEADER + usize::from(*length)) {
            Some(rand_end) if rand_end <= bytes.len() => Self::decode(bytes, rand_end, rand_end, key),
            _ => Err("a datagram that is shorter than its RAND_LEN".into()),
        }
    }

    fn decode(record: &[u8], rand_end: usize, message: usize, key: &Key) -> Result<Self, String> {
        if mac(key, &[&record[2..]])[..2] != record[..2] {
            return Err("a record with a wrong SIG".into());
        }
        Ok(Self {
            kind: Kind::of(record[2])?,
            rand: record[HEADER..rand_end].into(),
            message: record[message..].into(),
        })
    }

    /// Holds a sender to the RAND of its TYPE and to the limit of MESSAGE. Returns the announced
    /// timing.
    pub(crate) fn check(&self) -> Result<Option<Timing>, String> {
        let sound = match self.kind {
            Kind::None | Kind::Masking => self.rand.is_empty(),
            Kind::Padding => true,
            Kind::Jitter => self.rand.len() == 8,
            Kind::Full => self.rand.len() >= 8,
        };
        if !sound {
            return Err(format!("a RAND of {} bytes in a record of {:?}", self.rand.len(), self.kind));
        }
        match self.rand.first_chunk() {
            Some(rand) if self.kind.announces_timing() => Timing::decode(*rand).map(Some),
            _ => Ok(None),
        }
    }

    /// The random bytes of RAND.
    pub(crate) fn padding(&self) -> &[u8] {
        match self.kind {
            Kind::Padding => &self.rand,
            Kind::Full => &self.rand[8.min(self.rand.len())..],
            Kind::None | Kind::Jitter | Kind::Masking => &[],
        }
    }
}

fn length_between(least: u64, most: u64) -> usize {
    usize::try_from(random::between(least, most)).expect("a length")
}
