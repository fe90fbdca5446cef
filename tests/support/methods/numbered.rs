//! An encapsulation with a state: frames and datagrams are numbered, so that each one that is lost,
//! swapped or doubled is an error.
//!
//! ```text
//! frame:  MARK | NUMBER (4) | LEN (2) | content | SUM    MARK: the METHOD's code, the direction
//! UDP:    MARK | NUMBER (4) | datagram | SUM             content, datagram: xor a key of NUMBER
//! ```

use anysocks::protocol::{Encapsulation, Extent, FrameError, Negotiated, Open, Seal};
use anysocks::udp::Datagrams;
use std::ops::Range;
use std::sync::Mutex;

/// The most content of one frame that the client sends.
pub(crate) const MOST: usize = 11;
const HEADER: usize = 7;
const DATAGRAM_HEADER: usize = 5;
/// By how much a datagram is longer.
pub(crate) const OVERHEAD: usize = DATAGRAM_HEADER + 1;

/// The encapsulation of the client.
pub(crate) fn encapsulation(code: u8) -> Encapsulation {
    Encapsulation::new(Side::client(code), Side::proxy(code)).datagrams(Letters::client(code))
}

/// The same, as what a METHOD hands over.
pub(crate) fn negotiated(code: u8) -> Negotiated {
    encapsulation(code).into()
}

/// The frames of one direction, in their order.
pub(crate) struct Side {
    mark: u8,
    next: u32,
}

impl Side {
    /// What the client sends.
    pub(crate) const fn client(code: u8) -> Self {
        Self { mark: code, next: 0 }
    }

    /// What the proxy sends.
    pub(crate) const fn proxy(code: u8) -> Self {
        Self { mark: !code, next: 0 }
    }

    /// The next frame, with content of any length.
    pub(crate) fn frame(&mut self, content: &[u8]) -> Vec<u8> {
        let mut frame = header(self.mark, self.next);
        frame.extend(u16::try_from(content.len()).expect("it fits").to_be_bytes());
        frame.extend(content.iter().map(|byte| byte ^ key(self.next)));
        frame.push(sum(&frame));
        self.next += 1;
        frame
    }

    /// The frames of a message, with at most so much content each.
    pub(crate) fn frames(&mut self, message: &[u8], most: usize) -> Vec<u8> {
        message.chunks(most).flat_map(|content| self.frame(content)).collect()
    }
}

fn header(mark: u8, number: u32) -> Vec<u8> {
    [&[mark][..], &number.to_be_bytes()].concat()
}

fn key(number: u32) -> u8 {
    number.to_le_bytes()[0] ^ 0x5A
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0x11, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(*byte))
}

impl Seal for Side {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        let content = &plain[..plain.len().min(MOST)];
        frames.extend(self.frame(content));
        Ok(content.len())
    }

    fn capacity(&self) -> usize {
        MOST
    }
}

impl Open for Side {
    fn extent(&self, start: &[u8]) -> Extent {
        match start {
            // Refused as soon as it is opened.
            [mark, ..] if *mark != self.mark => Extent::Exactly(1),
            [_, _, _, _, _, high, low, ..] => {
                Extent::Exactly(HEADER + usize::from(u16::from_be_bytes([*high, *low])) + 1)
            }
            _ => Extent::AtLeast(HEADER + 1),
        }
    }

    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        if frame[0] != self.mark {
            return Err(format!("not a frame of this side: it begins with X'{:02X}'", frame[0]).into());
        }
        let (given, signed) = frame.split_last().ok_or("no sum")?;
        if *given != sum(signed) {
            return Err("a forged frame".into());
        }
        if frame[..5] != header(self.mark, self.next) {
            return Err(format!("frame {:?} where {} was expected", &frame[1..5], self.next).into());
        }
        let content = HEADER..frame.len() - 1;
        frame[content.clone()].iter_mut().for_each(|byte| *byte ^= key(self.next));
        self.next += 1;
        Ok(content)
    }
}

/// The datagrams of both directions. Those that come may be lost, but not swapped or doubled.
pub(crate) struct Letters {
    /// The number of the next one, of each direction.
    sent: Mutex<u32>,
    expected: Mutex<u32>,
    code: u8,
    is_client: bool,
}

impl Letters {
    pub(crate) fn client(code: u8) -> Self {
        Self { sent: Mutex::new(0), expected: Mutex::new(0), code, is_client: true }
    }

    /// For the relay.
    pub(crate) fn relay(code: u8) -> Self {
        Self { is_client: false, ..Self::client(code) }
    }

    const fn mark(&self, from_client: bool) -> u8 {
        if from_client { self.code } else { !self.code }
    }

    /// The number of the next datagram that this end accepts.
    pub(crate) fn expected(&self) -> u32 {
        *self.expected.lock().expect("no panic")
    }
}

impl Datagrams for Letters {
    fn overhead(&self) -> usize {
        OVERHEAD
    }

    fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError> {
        let mut next = self.sent.lock().expect("no panic");
        let start = sealed.len();
        sealed.extend(header(self.mark(self.is_client), *next));
        sealed.extend(datagram.iter().map(|byte| byte ^ key(*next)));
        sealed.push(sum(&sealed[start..]));
        *next += 1;
        Ok(())
    }

    /// A datagram without content is cover.
    fn open(&self, sealed: &mut [u8]) -> Result<Option<Range<usize>>, FrameError> {
        let (given, signed) = sealed.split_last().ok_or("no sum")?;
        let [mark, a, b, c, d, ..] = *signed else { return Err("no number".into()) };
        if *given != sum(signed) || mark != self.mark(!self.is_client) {
            return Err("a forged datagram".into());
        }
        let number = u32::from_be_bytes([a, b, c, d]);
        let mut expected = self.expected.lock().expect("no panic");
        if number < *expected {
            return Err("a datagram that is late or doubled".into());
        }
        *expected = number + 1;
        let content = DATAGRAM_HEADER..sealed.len() - 1;
        sealed[content.clone()].iter_mut().for_each(|byte| *byte ^= key(number));
        Ok((!content.is_empty()).then_some(content))
    }
}
