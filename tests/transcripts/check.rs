//! Plays a row on a driver and compares.

use crate::row::{Expected, Row};
use crate::support::blocked::{Tunnel, receive, send};
use crate::support::case::Case;
use crate::support::drivers::{DRIVERS, Driver};
use crate::support::listening::{Accept, Listening};
use crate::support::script::{Line, Manner, Script, Stall};
use crate::{bind, pipelined, socks4, socks5_methods, socks5_replies, socks5_requests};
use anysocks::{Address, Error, ErrorKind, Stage};
use std::io;
use std::task::Poll;

/// What the target sends as soon as it can. It begins with what may be taken for a reply.
const APPLICATION: &[u8] = b"\x05\x00\x00\x01 banner";

pub(crate) fn rows() -> Vec<Row> {
    [
        socks4::rows(),
        socks5_methods::rows(),
        socks5_requests::rows(),
        socks5_replies::rows(),
        pipelined::rows(),
        bind::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Each row on each driver.
pub(crate) fn each(test: impl Fn(&Row, &Driver)) {
    for row in &rows() {
        for driver in DRIVERS {
            test(row, driver);
        }
    }
}

/// The proxy's listening address, if BIND was requested, and BND.ADDR and BND.PORT of the last
/// reply.
type Outcome = Result<(Option<Address>, Address), Error>;

/// Plays a conversation.
pub(crate) fn check(row: &Row, driver: &Driver, manner: Manner) {
    let _case = Case::new(format!("{} on {}, {manner:?}", row.name, driver.name));
    let script = script(row, manner);
    let mut talk = row.dialogue.talk();
    let outcome = (driver.converse)(&mut script.clone(), &mut talk);
    let outcome = outcome.map(|established| {
        assert!(established.frames().is_none(), "nobody negotiated an encapsulation");
        (talk.bound().cloned(), established.bound)
    });
    compare(row, &script, manner, &outcome);
}

/// Plays a handshake and goes on with the stream.
pub(crate) fn check_stream(row: &Row, driver: &Driver, manner: Manner) {
    let _case = Case::new(format!("{} as a stream of {}, {manner:?}", row.name, driver.name));
    let script = script(row, manner);
    let (outcome, stream) = match open(row, driver, script.clone()) {
        Ok((outcome, stream)) => (Ok(outcome), Some(stream)),
        Err(error) => (Err(error), None),
    };
    compare(row, &script, manner, &outcome);
    if let Some(mut stream) = stream {
        pass_through(&mut *stream, &script);
    }
}

type Stream = ((Option<Address>, Address), Box<dyn Tunnel>);

fn open(row: &Row, driver: &Driver, script: Script) -> Result<Stream, Error> {
    if !row.dialogue.binds() {
        return (driver.handshake)(script, &row.dialogue).map(|(bound, stream)| ((None, bound), stream));
    }
    let mut listener = (driver.bind)(script, &row.dialogue)?;
    let accepted = listener.accept();
    Ok(accepted_once(&mut *listener, accepted?))
}

/// A listener has had its one peer.
fn accepted_once(listener: &mut dyn Listening, accept: Accept) -> Stream {
    assert_eq!(listener.bound(), listener.raw_bound(), "nobody knows where the proxy is");
    assert_eq!(listener.bound(), &accept.bound);
    let over = listener.accept().err().expect("the second peer");
    assert_eq!(describe(over.stage(), over.kind()), describe(Stage::SecondReply, &ErrorKind::Over));
    ((Some(accept.bound), accept.peer), accept.stream)
}

/// Binds, and accepts with a call that is cancelled before each byte.
pub(crate) fn check_given_up(row: &Row, driver: &Driver, buffered: bool) {
    let _case = Case::new(format!("{} given up on {}, buffered: {buffered}", row.name, driver.name));
    let script = script(row, Manner { buffered, ..Manner::default() });
    // What fails in the first reply is another test's.
    let Ok(mut listener) = (driver.bind)(script.clone(), &row.dialogue) else { return };
    script.state().manner =
        Manner { crumbs: true, stall: Some(Stall::Blocked), buffered, ..Manner::default() };
    let mut given_up = 0;
    let accepted = loop {
        match listener.accept_once() {
            Poll::Ready(accepted) => break accepted,
            Poll::Pending => given_up += 1,
        }
    };
    script.state().manner = Manner::default();
    let decides = match &row.lines[..] {
        [.., Line::Proxy(Stage::SecondReply, second)] => second.len(),
        lines => panic!("a BIND ends with a second reply, not with {lines:?}"),
    };
    match &row.expected {
        Expected::Fails { .. } => assert!(given_up > 0),
        _ => assert_eq!(given_up, decides, "given up before each byte"),
    }
    let stream = accepted.map(|accept| accepted_once(&mut *listener, accept));
    let (outcome, stream) = match stream {
        Ok((outcome, stream)) => (Ok(outcome), Some(stream)),
        Err(error) => (Err(error), None),
    };
    compare(row, &script, Manner::default(), &outcome);
    if let Some(mut stream) = stream {
        pass_through(&mut *stream, &script);
    }
}

fn pass_through(stream: &mut dyn Tunnel, script: &Script) {
    send(stream, b"to the target").expect("an open stream");
    assert_eq!(script.state().beyond, b"to the target");
    assert_eq!(receive(stream, 4).expect("an open stream"), APPLICATION);
}

fn script(row: &Row, manner: Manner) -> Script {
    match row.expected {
        Expected::Bound(_) | Expected::Accepted { .. } => {
            Script::new(&row.lines, APPLICATION, manner).guarded(row.answers())
        }
        Expected::Fails { .. } => Script::new(&row.lines, &[], manner),
    }
}

/// The error is the refusal or the failed write, and nothing behind a grant is read.
fn compare_broken(row: &Row, script: &Script, manner: Manner, broken: usize, outcome: &Outcome) {
    let error = outcome.as_ref().expect_err("half a handshake");
    let broken_pipe = ErrorKind::Io(io::ErrorKind::BrokenPipe.into());
    let (stage, kind) = match &row.expected {
        Expected::Fails { stage, kind, .. } if manner.glued && row.is_refused() => (*stage, kind),
        _ => (row.written_at(broken), &broken_pipe),
    };
    assert_eq!(describe(error.stage(), error.kind()), describe(stage, kind));
    let played = script.state();
    assert!(played.failed_writes <= 1 || manner.buffered, "{} writes have failed", played.failed_writes);
    let behind = match (&row.expected, row.lines.last()) {
        (Expected::Bound(_), _) => APPLICATION.len(),
        (Expected::Accepted { .. }, Some(Line::Proxy(_, second))) => second.len() + APPLICATION.len(),
        _ => 0,
    };
    assert!(played.unread().len() >= behind, "more was read than the first reply");
}

fn compare(row: &Row, script: &Script, manner: Manner, outcome: &Outcome) {
    if let Some(broken) = manner.broken {
        return compare_broken(row, script, manner, broken, outcome);
    }
    let end = manner.end;
    let (said, expected) = match &row.expected {
        Expected::Bound(bound) if end.is_none() => (row.said(), Ok((None, bound.clone()))),
        Expected::Accepted { bound, peer } if end.is_none() => {
            (row.said(), Ok((Some(bound.clone()), peer.clone())))
        }
        Expected::Fails { stage, kind, decided } if end.is_none_or(|end| end >= *decided) => {
            (row.said(), Err(describe(*stage, kind)))
        }
        _ => {
            let (said, stage, received) = row.after(end.unwrap_or_default());
            (said, Err(describe(stage, &ErrorKind::EndedEarly { received })))
        }
    };
    let outcome = outcome.as_ref().map_err(|error| describe(error.stage(), error.kind()));
    assert_eq!(outcome, expected.as_ref().map_err(Clone::clone));
    let state = script.state();
    assert_eq!(state.accepted(), said, "the client has not said its part, or not stopped");
    if outcome.is_ok() {
        assert_eq!(state.unread(), APPLICATION, "the application's bytes are not all there");
    }
}

/// Errors hold I/O errors and cannot be compared; their text can.
fn describe(stage: Stage, kind: &ErrorKind) -> String {
    format!("{stage:?}: {kind:?}")
}
