//! A custom METHOD: two rounds, in which the proxy sends first, and an encapsulation if the proxy
//! chooses one.
//!
//! ```text
//! proxy:  A0 01 CHALLENGE          client: A0 02 CHALLENGE xor FF
//! proxy:  A0 03 LEVEL KEY          client: A0 04
//! frame:  LEN | COUNT | content and padding        LEN: 2 to 40 bytes follow, all of them xor KEY; COUNT of them are content
//! UDP:    datagram | SUM                           all of it xor KEY; SUM is that of the datagram's bytes
//! ```

use crate::support::script::{Line, client, proxy};
use anysocks::protocol::{
    Conversation, Encapsulation, Extent, FrameError, Method, Negotiated, Open, Scratch, Seal, Step,
};
use anysocks::udp::Datagrams;
use anysocks::{Auth, Error, Stage};
use std::ops::Range;
use std::time::Duration;

pub(crate) const CODE: u8 = 0xA0;
pub(crate) const KEY: u8 = 0x5A;
/// The content of one frame that the client sends. The proxy may put more into one.
pub(crate) const MOST: usize = 7;
/// How long a datagram waits.
pub(crate) const PAUSE: Duration = Duration::from_millis(40);
/// LEN of the longest frame.
pub(crate) const LONGEST: u8 = 40;
const CHALLENGE: u8 = 0x37;

/// What the proxy chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Bare = 0,
    Framed = 1,
    /// The same, but for datagrams: they would be bare.
    Streams = 2,
    /// The same as `Framed`, but each datagram waits for [`PAUSE`].
    Paused = 3,
    /// Each datagram waits for an hour, and has one without content before it.
    PausedLong = 4,
    /// The pauses can't be determined.
    PauseUnknown = 5,
    /// A level that the client does not take.
    Unknown = 6,
}

/// Offers this METHOD alone.
pub(crate) fn auth() -> Auth {
    Auth::method(CODE, |_| Ok(Box::new(Toy::default()))).expect("a method")
}

/// The whole of it as a transcript, from the greeting on.
pub(crate) fn lines(level: Level) -> Vec<Line> {
    vec![
        client([5, 1, CODE]),
        proxy(Stage::MethodSelection, [5, CODE]),
        proxy(Stage::Authentication, [CODE, 1, CHALLENGE]),
        client([CODE, 2, !CHALLENGE]),
        proxy(Stage::Authentication, [CODE, 3, level as u8, KEY]),
        client([CODE, 4]),
    ]
}

/// The whole connection as a transcript, with the request and its reply on this level.
pub(crate) fn connection(level: Level, request: &[u8], reply: &[u8]) -> Vec<Line> {
    let carried = |message: &[u8]| if level == Level::Bare { message.to_vec() } else { sealed(message) };
    let request = [client(carried(request)), proxy(Stage::Request, carried(reply))];
    [lines(level), request.to_vec()].concat()
}

/// These lines of a later proxy, as this level has them.
pub(crate) fn carried(level: Level, lines: &[Line]) -> Vec<Line> {
    let carried = |line: &Line| match (level, line) {
        (Level::Bare, line) => line.clone(),
        (_, Line::Client(bytes)) => client(sealed(bytes)),
        (_, Line::Proxy(stage, bytes)) => proxy(*stage, sealed(bytes)),
    };
    lines.iter().map(carried).collect()
}

#[derive(Default)]
struct Toy {
    round: usize,
    heard: [u8; 4],
    moved: usize,
}

impl Toy {
    /// The bytes to send in this round, or the number to receive.
    fn message(&self) -> Result<Vec<u8>, usize> {
        match self.round {
            0 => Err(3),
            1 => Ok(vec![CODE, 2, !self.heard[2]]),
            2 => Err(4),
            3 => Ok(vec![CODE, 4]),
            _ => Err(0),
        }
    }
}

impl Conversation for Toy {
    type Outcome = Negotiated;

    fn step<'s>(&'s mut self, scratch: &'s mut Scratch) -> Step<'s, Self::Outcome> {
        match self.message() {
            Ok(message) => {
                let room = &mut scratch.room()[..message.len()];
                room.copy_from_slice(&message);
                Step::Write(&room[self.moved..])
            }
            Err(0) => Step::Done(negotiated(self.heard[2], self.heard[3])),
            Err(len) => Step::Read(&mut self.heard[self.moved..len]),
        }
    }

    fn advance(&mut self, n: usize) -> Result<(), Error> {
        let len = self.message().map_or_else(|len| len, |message| message.len());
        self.moved += n;
        if self.moved > len {
            return Err(Error::method("the driver says that more was moved than there was"));
        }
        if self.moved < len {
            return Ok(());
        }
        let heard = self.message().is_err();
        if heard && (self.heard[0] != CODE || usize::from(self.heard[1]) != self.round + 1) {
            return Err(Error::method("the proxy is out of step"));
        }
        if self.round == 2 && self.heard[2] >= Level::Unknown as u8 {
            return Err(Error::method("no such level"));
        }
        self.round += 1;
        self.moved = 0;
        Ok(())
    }

    fn stage(&self) -> Stage {
        Stage::Authentication
    }
}

impl Method for Toy {
    fn name(&self) -> &'static str {
        "the toy METHOD"
    }
}

struct Xor(u8);

/// For datagrams.
struct Summed {
    key: u8,
    pause: Option<Duration>,
    is_covered: bool,
}

fn negotiated(level: u8, key: u8) -> Negotiated {
    let streams = || Encapsulation::new(Xor(key), Xor(key));
    let is_covered = level == Level::PausedLong as u8;
    let with_datagrams = |pause| streams().datagrams(Summed { key, pause, is_covered }).into();
    let negotiated = match level {
        _ if level == Level::Framed as u8 => with_datagrams(Some(Duration::ZERO)),
        _ if level == Level::Paused as u8 => with_datagrams(Some(PAUSE)),
        _ if level == Level::PausedLong as u8 => with_datagrams(Some(Duration::from_secs(3600))),
        _ if level == Level::PauseUnknown as u8 => with_datagrams(None),
        _ if level == Level::Streams as u8 => streams().into(),
        _ => Negotiated::nothing(),
    };
    negotiated.several_requests()
}

/// A frame around content that fits, padded to at least two bytes.
pub(crate) fn frame(content: &[u8]) -> Vec<u8> {
    let count = u8::try_from(content.len()).expect("it fits");
    let mut payload = vec![count];
    payload.extend(content);
    payload.resize(payload.len().max(2), 0xEE);
    let len = u8::try_from(payload.len()).expect("it fits");
    [len].into_iter().chain(payload.into_iter().map(|byte| byte ^ KEY)).collect()
}

/// The frames of a whole message.
pub(crate) fn sealed(plain: &[u8]) -> Vec<u8> {
    plain.chunks(MOST).flat_map(frame).collect()
}

/// The content of whole frames.
pub(crate) fn opened(mut frames: &[u8]) -> Result<Vec<u8>, FrameError> {
    let mut plain = Vec::new();
    while let Some(len) = frames.first() {
        let (frame, rest) =
            frames.split_at_checked(1 + usize::from(*len)).ok_or("the last frame is not whole")?;
        let mut frame = frame.to_vec();
        let content = Xor(KEY).open(&mut frame)?;
        plain.extend(&frame[content]);
        frames = rest;
    }
    Ok(plain)
}

impl Seal for Xor {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        let content = &plain[..plain.len().min(MOST)];
        frames.extend(frame(content).into_iter().enumerate().map(|(at, byte)| match at {
            0 => byte,
            // `frame` has used the key of the transcripts; this is the one that was negotiated.
            _ => byte ^ KEY ^ self.0,
        }));
        Ok(content.len())
    }
}

impl Open for Xor {
    fn extent(&self, start: &[u8]) -> Extent {
        match start.first() {
            None => Extent::AtLeast(3),
            Some(len @ 2..=LONGEST) => Extent::Exactly(1 + usize::from(*len)),
            // Not a frame: refused as soon as it is opened.
            Some(_) => Extent::Exactly(1),
        }
    }

    fn open(&mut self, frame: &mut [u8]) -> Result<Range<usize>, FrameError> {
        let [2..=LONGEST, payload @ ..] = frame else { return Err("a length out of range".into()) };
        for byte in payload.iter_mut() {
            *byte ^= self.0;
        }
        let count = usize::from(payload[0]);
        if count >= payload.len() {
            return Err("a forged count".into());
        }
        Ok(2..2 + count)
    }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// A datagram as it goes over the wire.
pub(crate) fn sealed_datagram(datagram: &[u8]) -> Vec<u8> {
    datagram.iter().copied().chain([sum(datagram)]).map(|byte| byte ^ KEY).collect()
}

impl Datagrams for Summed {
    fn overhead(&self) -> usize {
        1
    }

    fn seal(&self, datagram: &[u8], sealed: &mut Vec<u8>) -> Result<(), FrameError> {
        // As for a frame: the key is the one that was negotiated.
        sealed.extend(sealed_datagram(datagram).into_iter().map(|byte| byte ^ KEY ^ self.key));
        Ok(())
    }

    fn pause(&self) -> Result<Duration, FrameError> {
        self.pause.ok_or_else(|| "no clock".into())
    }

    fn cover(&self, sealed: &mut Vec<u8>) -> bool {
        self.is_covered && self.seal(b"", sealed).is_ok()
    }

    fn open(&self, sealed: &mut [u8]) -> Result<Option<Range<usize>>, FrameError> {
        for byte in sealed.iter_mut() {
            *byte ^= self.key;
        }
        let (given, datagram) = sealed.split_last().ok_or("no sum")?;
        if *given == sum(datagram) { Ok(Some(0..datagram.len())) } else { Err("a forged sum".into()) }
    }
}
