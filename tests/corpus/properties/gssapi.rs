//! GSS-API: the input is the mechanism's legs, the level, the chunks, and what happens to the
//! proxy's messages. Then it is those messages themselves.

use super::dice::Dice;
use super::mechanism::{CONTEXT, DATA, End, Fake, HEADER, LEVEL, message, octet};
use anysocks::gssapi::Level;
use anysocks::protocol::{Command, Conversation, Established, Frames, Scratch, Socks5, Step};
use anysocks::{Auth, Error, Target};

const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let setting = Setting {
        legs: 1 + usize::from(dice.byte() % 4),
        level: [None, Some(Level::Integrity), Some(Level::Confidentiality)][usize::from(dice.byte() % 3)],
        is_pipelined: dice.byte() % 2 == 1,
    };
    let is_empty_sent = dice.byte() % 2 == 1;
    let (flip, at) = (dice.byte(), u16::from_be_bytes(dice.array()));
    let chunks = dice.chunks();
    setting.alike(dice.0, chunks);
    let (mut wire, end) = setting.granted(is_empty_sent);
    // Without protection, the reply may be changed.
    let protected = if setting.level.is_some() { wire.len() } else { wire.len() - REPLY.len() };
    let at = usize::from(at) % protected;
    wire[at] ^= flip;
    let ended = setting.alike(&wire, chunks);
    // Each bit matters.
    assert_eq!(ended.starts_with("Ok"), flip == 0, "{setting:?}: {ended}");
    if flip == 0 {
        setting.tunnel(end, &wire, &mut dice);
    }
}

#[derive(Debug)]
struct Setting {
    legs: usize,
    level: Option<Level>,
    is_pipelined: bool,
}

impl Setting {
    fn auth(&self) -> Auth {
        let auth = Fake::new(self.legs).auth(self.level).pipelined(self.is_pipelined);
        auth.prepare(Command::Connect).expect("it was prepared")
    }

    /// The messages of a proxy that grants the request, and its end of the context.
    fn granted(&self, is_empty_sent: bool) -> (Vec<u8>, End) {
        let (fake, mut end, mut wire) = (Fake::new(self.legs), End::proxy(), vec![5, 1]);
        for leg in (2..=self.legs).step_by(2) {
            wire.extend(message(CONTEXT, &fake.token(leg)));
        }
        if is_empty_sent {
            wire.extend(message(CONTEXT, b""));
        }
        wire.extend(end.message(LEVEL, false, &[octet(self.level)]));
        match self.level {
            None => wire.extend(REPLY),
            Some(level) => wire.extend(end.message(DATA, level == Level::Confidentiality, REPLY)),
        }
        (wire, end)
    }

    /// The outcome is the same for all chunks, and so is what the client says.
    fn alike(&self, wire: &[u8], chunks: &[u8]) -> String {
        let outcomes: Vec<_> = [&[0][..], &[1], chunks].map(|sizes| self.outcome(wire, sizes)).into();
        assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "{self:?}: {outcomes:?}");
        outcomes.into_iter().next().expect("an outcome").1
    }

    fn outcome(&self, wire: &[u8], sizes: &[u8]) -> (Vec<u8>, String) {
        let (said, ended) = self.drive(wire, sizes);
        let ended = match ended {
            Ok((read, established)) => {
                format!("Ok after {read} of {}, {}", wire.len(), established.bound)
            }
            Err(error) => format!("{} {error:#}", error.stage()),
        };
        (said, ended)
    }

    /// Plays the proxy's bytes, and then the end of the stream.
    fn drive(&self, wire: &[u8], sizes: &[u8]) -> (Vec<u8>, Result<(usize, Established), Error>) {
        let auth = self.auth();
        let target = Target::try_from("a.b:80").expect("a target");
        let mut request = Socks5::connect(&auth, target).expect("a request");
        let mut sizes = sizes.iter().cycle().map(|&size| if size == 0 { usize::MAX } else { size.into() });
        let (mut said, mut read) = (Vec::new(), 0);
        loop {
            let size = sizes.next().unwrap_or(usize::MAX);
            let moved = match request.step(&mut Scratch::new()) {
                Step::Write(bytes) => {
                    let n = size.min(bytes.len());
                    assert!(n > 0, "a write of nothing would never end");
                    said.extend(&bytes[..n]);
                    n
                }
                Step::Read(room) => {
                    let n = size.min(room.len()).min(wire.len() - read);
                    room[..n].copy_from_slice(&wire[read..read + n]);
                    read += n;
                    n
                }
                Step::Done(established) => return (said, Ok((read, established))),
            };
            if let Err(error) = request.advance(moved) {
                return (said, Err(error));
            }
        }
    }

    /// Frames that are delivered, lost, doubled, swapped or forged: the content up to the first
    /// one that is not in order.
    fn tunnel(&self, mut end: End, wire: &[u8], dice: &mut Dice<'_>) {
        let (_, ended) = self.drive(wire, &[0]);
        let (_, mut established) = ended.expect("the tunnel");
        let Some(Frames { mut incoming, .. }) = established.take_frames() else { return };
        incoming.read_ahead();
        let confidential = self.level == Some(Level::Confidentiality);
        let (mut frames, mut expected, mut is_whole) = (Vec::new(), Vec::<u8>::new(), true);
        for _ in 0..dice.byte() % 16 {
            let content = dice.bytes();
            let frame = end.message(DATA, confidential, content);
            let next = match dice.byte() % 8 {
                0 => vec![],
                1 => [&frame[..], &frame].concat(),
                2 => [end.message(DATA, confidential, content), frame.clone()].concat(),
                3 => {
                    let mut forged = frame.clone();
                    let at = HEADER + usize::from(dice.byte()) % (frame.len() - HEADER);
                    forged[at] ^= 1 + dice.byte() % 255;
                    forged
                }
                _ => frame.clone(),
            };
            if is_whole && next.starts_with(&frame) {
                expected.extend(content);
            }
            is_whole &= next == frame;
            frames.extend(next);
        }
        // A frame behind those that were lost shows it.
        frames.extend(end.message(DATA, confidential, b"last"));
        if is_whole {
            expected.extend(b"last");
        }
        let (mut heard, mut rest, mut buf) = (Vec::new(), &frames[..], [0; 40]);
        let failed = loop {
            match incoming.take(&mut buf) {
                Err(_) => break true,
                Ok(0) if rest.is_empty() => break false,
                Ok(0) => {
                    let room = incoming.room();
                    let n = room.len().min(rest.len()).min(1 + usize::from(dice.byte()));
                    room[..n].copy_from_slice(&rest[..n]);
                    incoming.filled(n);
                    rest = &rest[n..];
                }
                Ok(n) => heard.extend(&buf[..n]),
            }
        };
        assert_eq!((heard, failed), (expected, !is_whole));
    }
}
