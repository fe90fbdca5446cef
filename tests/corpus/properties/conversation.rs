//! A proxy that sends the input, and the expected outcome of a handshake with it, for any chunks.

use anysocks::protocol::{Conversation, Established, Scratch, Socks5, Step};
use anysocks::{Error, ErrorKind, Stage};
use std::io;

/// The result of a reference parser for all bytes of a proxy so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The tunnel begins here, and this is BND.ADDR and BND.PORT.
    Open { at: usize, bound: String },
    /// No tunnel will come of it.
    Failed(Failure),
    /// The same, and at least `least` more bytes of the details must arrive.
    #[cfg_attr(not(feature = "socks5a"), allow(dead_code, reason = "details are SOCKS5a's"))]
    Refused { least: usize, failure: Failure },
    /// At least `least` more bytes must arrive; `received` bytes of the present message have
    /// arrived.
    Wants { least: usize, stage: Stage, received: usize },
}

pub(crate) type Failure = (Stage, Reason);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    NotSocks(u8),
    MethodsRefused,
    MethodNotOffered(u8),
    PasswordRefused(u8),
    Refused(u8),
    /// A code of SOCKS5a, and its details.
    Extended(u8, Option<(u16, String)>),
    EndedEarly(usize),
    Malformed(&'static str, u8),
}

/// The meaning of a proxy's bytes, by the simplest possible parser.
pub(crate) trait Reference {
    /// The result of these first bytes of a proxy, and the client's messages up to there.
    fn read(&self, wire: &[u8]) -> (Heard, Messages);
}

pub(crate) type Messages = Vec<Vec<u8>>;

/// Checks that the handshake has the result of the reference, in one piece, byte by byte and in
/// these chunks.
pub(crate) fn check<C>(talk: impl Fn() -> C, reference: &impl Reference, wire: &[u8], chunks: &[u8])
where
    C: Conversation<Outcome = Established>,
{
    let (heard, messages) = reference.read(wire);
    let expected = match heard {
        Heard::Open { at, bound } => Ok((at, bound)),
        Heard::Failed(failure) | Heard::Refused { failure, .. } => Err(failure),
        Heard::Wants { stage, received, .. } => Err((stage, Reason::EndedEarly(received))),
    };
    for sizes in [&[0][..], &[1], chunks] {
        let (said, ended) = hold(talk(), reference, wire, sizes);
        assert_eq!(ended, expected, "in chunks of {sizes:?}");
        assert_eq!(said, messages, "in chunks of {sizes:?}");
    }
}

/// Returns the outcome of a conversation that these bytes let succeed, and removes its answers from
/// them.
pub(crate) fn granted(talk: &mut Socks5<'_>, wire: &mut &[u8]) -> Established {
    loop {
        let moved = match talk.step(&mut Scratch::new()) {
            Step::Write(bytes) => bytes.len(),
            Step::Read(room) => {
                let (read, unread) = wire.split_at(room.len().min(wire.len()));
                room[..read.len()].copy_from_slice(read);
                *wire = unread;
                read.len()
            }
            Step::Done(established) => return established,
        };
        talk.advance(moved).expect("a grant");
    }
}

/// Drives the conversation to its end, with `sizes[i]` bytes at a time in turn. 0 means all
/// offered bytes.
fn hold(
    mut talk: impl Conversation<Outcome = Established>,
    reference: &impl Reference,
    wire: &[u8],
    sizes: &[u8],
) -> (Messages, Result<(usize, String), Failure>) {
    let mut sizes = sizes.iter().cycle().map(|&size| if size == 0 { usize::MAX } else { size.into() });
    let mut said = Vec::new();
    let mut to_write = Vec::new();
    let mut consumed = 0;
    let ended = loop {
        if let Some(Established { bound, .. }) = ask_again(&mut talk) {
            break Ok((consumed, bound.to_string()));
        }
        let size = sizes.next().unwrap_or(usize::MAX);
        let moved = match talk.step(&mut Scratch::new()) {
            Step::Write(bytes) => {
                assert!(!bytes.is_empty(), "a write of nothing would never end");
                if to_write.is_empty() {
                    said.push(bytes.to_vec());
                    to_write = bytes.to_vec();
                }
                assert_eq!(bytes, to_write, "a message that was begun is gone on with");
                let n = size.min(bytes.len());
                to_write.drain(..n);
                n
            }
            Step::Read(buf) => {
                let least = match reference.read(&wire[..consumed]).0 {
                    Heard::Wants { least, .. } | Heard::Refused { least, .. } => least,
                    Heard::Open { .. } | Heard::Failed(_) => panic!("a read was asked for after the end"),
                };
                assert!((1..=least).contains(&buf.len()), "{} of {least}", buf.len());
                let n = size.min(buf.len()).min(wire.len() - consumed);
                buf[..n].copy_from_slice(&wire[consumed..][..n]);
                consumed += n;
                n
            }
            Step::Done(_) => panic!("nothing has happened since there was more to do"),
        };
        if let Err(error) = talk.advance(moved) {
            break Err(failure(&error));
        }
        assert!(moved > 0, "the end is an error, or it would be waited for ever");
    };
    assert_over(&mut talk);
    (said, ended)
}

/// Calls `step` again, as an interrupted driver may: nothing changes, whatever the driver left in
/// the buffer. Returns the outcome, if there is one.
fn ask_again<C: Conversation>(talk: &mut C) -> Option<C::Outcome> {
    let stage = talk.stage();
    let mut first = None;
    for _ in 0..2 {
        let mut scratch = Scratch::new();
        let offer = match talk.step(&mut scratch) {
            Step::Write(bytes) => (Some(bytes.to_vec()), bytes.len()),
            Step::Read(buf) => {
                buf.fill(0x5A);
                (None, buf.len())
            }
            Step::Done(outcome) => {
                assert_eq!(first, None, "nothing has happened since there was more to do");
                return Some(outcome);
            }
        };
        assert_eq!(first.get_or_insert_with(|| offer.clone()), &offer);
        talk.report(Err(io::ErrorKind::Interrupted.into())).unwrap();
        talk.report(Err(io::ErrorKind::WouldBlock.into())).unwrap_err();
        assert_eq!(talk.stage(), stage);
    }
    None
}

/// A finished conversation requests a read of no bytes, and the end of the stream is the only
/// valid report.
fn assert_over(talk: &mut impl Conversation) {
    for _ in 0..2 {
        assert!(matches!(talk.step(&mut Scratch::new()), Step::Read([])), "after the end");
        talk.advance(0).unwrap_err();
    }
}

pub(crate) fn failure(error: &Error) -> Failure {
    let reason = match *error.kind() {
        ErrorKind::NotSocks { first } => Reason::NotSocks(first),
        ErrorKind::MethodsRefused => Reason::MethodsRefused,
        ErrorKind::MethodNotOffered(code) => Reason::MethodNotOffered(code),
        ErrorKind::PasswordRefused(status) => Reason::PasswordRefused(status),
        ErrorKind::Refused(reply) => Reason::Refused(reply.code()),
        ErrorKind::RefusedExtended { reply, ref details } => {
            let details = details.as_ref().map(|details| (details.code, details.message.clone()));
            Reason::Extended(reply.code(), details)
        }
        ErrorKind::EndedEarly { received } => Reason::EndedEarly(received),
        // None of the bytes of a custom METHOD count.
        ErrorKind::ClosedDuringMethod { .. } => Reason::EndedEarly(0),
        ErrorKind::Malformed { field, byte } => Reason::Malformed(field, byte),
        ref other => panic!("{other:?} of a proxy's bytes"),
    };
    (error.stage(), reason)
}
