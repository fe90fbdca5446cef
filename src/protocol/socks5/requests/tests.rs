use super::*;
use crate::error::ErrorKind;
use crate::protocol::conversation::{Conversation, Scratch, Step};
use crate::protocol::encapsulation::{Encapsulation, Extent, FrameError, Open, Seal};
use crate::protocol::pause::Pause;
use crate::protocol::socks5::silent::Silent;
use std::ops::Range;
use std::time::Duration;

const GRANTED: &[u8] = b"\x05\0\0\x01\xC0\0\x02\x07\0\x50";

/// Plays these answers, and returns what the client wrote.
fn play(request: &mut Socks5<'_>, mut answers: &[u8]) -> (Vec<u8>, Established) {
    let mut written = Vec::new();
    loop {
        let mut scratch = Scratch::new();
        let n = match request.step(&mut scratch) {
            Step::Write(bytes) => {
                written.extend_from_slice(bytes);
                bytes.len()
            }
            Step::Read(buf) => {
                let n = buf.len().min(answers.len());
                buf[..n].copy_from_slice(&answers[..n]);
                answers = &answers[n..];
                n
            }
            Step::Done(established) => return (written, established),
        };
        request.advance(n).unwrap();
    }
}

fn auth(negotiated: fn() -> Negotiated) -> Auth {
    Auth::method(0x80, move |_| Ok(Box::new(Silent { negotiated, opening: b"" }))).unwrap()
}

fn opening() -> Auth {
    let silent = || Silent { negotiated: Negotiated::nothing, opening: b"opening" };
    Auth::prepared_method(0x80, move |_| Ok(Box::new(silent()))).unwrap()
}

#[test]
fn several_requests_on_one_connection() {
    let auth = auth(|| Negotiated::nothing().session(7_u32).several_requests());
    let target = || Target::try_from("192.0.2.1:80").unwrap();
    let first = [b"\x05\x80", GRANTED].concat();
    let (_, mut established) = play(&mut Socks5::connect(&auth, target()).unwrap(), &first);
    for command in [Command::Connect, Command::Bind] {
        let mut next = Socks5::after(established, command, target()).unwrap();
        let (written, next) = play(&mut next, GRANTED);
        assert_eq!(written, [5, command as u8, 0, 1, 192, 0, 2, 1, 0, 80]);
        assert_eq!((next.session(), next.session::<u8>()), (Some(&7_u32), None));
        established = next;
    }
}

#[test]
fn one_request_by_default() {
    let auth = auth(Negotiated::nothing);
    let target = || Target::try_from("192.0.2.1:80").unwrap();
    let first = [b"\x05\x80", GRANTED].concat();
    let (_, established) = play(&mut Socks5::connect(&auth, target()).unwrap(), &first);
    let error = Socks5::after(established, Command::Connect, target()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Invalid(Invalid::OneRequest)), "{error}");
}

/// What was sent with the greeting must be what the METHOD would send first.
#[test]
fn another_opening() {
    let auth = opening().prepare(Command::Connect).unwrap();
    let target = Target::try_from("192.0.2.1:80").unwrap();
    let mut request = Socks5::connect(&auth, target).unwrap();
    assert!(matches!(request.step(&mut Scratch::new()), Step::Write(b"\x05\x01\x80opening")));
    request.advance(10).unwrap();
    let mut scratch = Scratch::new();
    let Step::Read(room) = request.step(&mut scratch) else { panic!("nothing to read") };
    room.copy_from_slice(&[5, 0x80]);
    let error = request.advance(2).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Method(_)), "{error}");
}

/// Where another METHOD can be chosen, the opening is not sent.
#[test]
fn no_opening_with_a_choice() {
    let auth = opening().or(Auth::none()).unwrap().prepare(Command::Connect).unwrap();
    let target = Target::try_from("192.0.2.1:80").unwrap();
    let (written, _) = play(&mut Socks5::connect(&auth, target).unwrap(), &[b"\x05\x80", GRANTED].concat());
    assert_eq!(written[..4], [5, 2, 0x80, 0]);
    assert_eq!(written[4..7], [5, 1, 0]);
}

/// Frames of one byte, each after a pause.
struct Paced;

impl Seal for Paced {
    fn seal(&mut self, plain: &[u8], frames: &mut Vec<u8>) -> Result<usize, FrameError> {
        frames.extend([b'>', plain[0]]);
        Ok(1)
    }

    fn pause(&mut self) -> Duration {
        Duration::from_millis(7)
    }
}

impl Open for Paced {
    fn extent(&self, _: &[u8]) -> Extent {
        Extent::Exactly(1)
    }

    fn open(&mut self, _: &mut [u8]) -> Result<Range<usize>, FrameError> {
        Ok(0..1)
    }
}

/// Each frame of a request has its own pause, and leaves by itself.
#[test]
fn a_request_in_paced_frames() {
    let paced = || Encapsulation::new(Paced, Paced).into();
    let auth = auth(paced);
    let target = Target::try_from("192.0.2.1:80").unwrap();
    let mut request = Socks5::connect(&auth, target).unwrap();
    let mut answers = &[b"\x05\x80", GRANTED].concat()[..];
    let mut frames = Vec::new();
    loop {
        if let Some(pause) = request.pause().and_then(Pause::pending) {
            assert_eq!(pause.duration(), Duration::from_millis(7));
            pause.end();
            frames.push(Vec::new());
        }
        let mut scratch = Scratch::new();
        let n = match request.step(&mut scratch) {
            // Also in two writes.
            Step::Write(bytes) => {
                if let Some(frame) = frames.last_mut() {
                    frame.push(bytes[0]);
                    1
                } else {
                    bytes.len()
                }
            }
            Step::Read(buf) => {
                let n = buf.len().min(answers.len());
                buf[..n].copy_from_slice(&answers[..n]);
                answers = &answers[n..];
                n
            }
            Step::Done(_) => break,
        };
        request.advance(n).unwrap();
    }
    let expected = [5, 1, 0, 1, 192, 0, 2, 1, 0, 80].map(|byte| vec![b'>', byte]);
    assert_eq!(frames, expected);
}
