//! Plays a row on a driver and compares.

use crate::row::{Expected, Row};
use crate::support::blocked::{Tunnel, receive, send};
use crate::support::case::Case;
use crate::support::drivers::{DRIVERS, Driver};
use crate::support::script::{Manner, Script};
use crate::{pipelined, socks4, socks5_methods, socks5_replies, socks5_requests};
use anysocks::{Address, Error, ErrorKind, Stage};

/// What the target sends as soon as it can. It begins with what may be taken for a reply.
const APPLICATION: &[u8] = b"\x05\x00\x00\x01 banner";

pub(crate) fn rows() -> Vec<Row> {
    [
        socks4::rows(),
        socks5_methods::rows(),
        socks5_requests::rows(),
        socks5_replies::rows(),
        pipelined::rows(),
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

/// Plays a conversation.
pub(crate) fn check(row: &Row, driver: &Driver, manner: Manner) {
    let _case = Case::new(format!("{} on {}, {manner:?}", row.name, driver.name));
    let script = script(row, manner);
    let mut talk = row.dialogue.talk();
    let outcome = (driver.converse)(&mut script.clone(), &mut talk);
    let outcome = outcome.map(|established| {
        assert!(established.frames.is_none(), "nobody negotiated an encapsulation");
        established.bound
    });
    compare(row, &script, manner.end, &outcome);
}

/// Plays a handshake and goes on with the stream.
pub(crate) fn check_stream(row: &Row, driver: &Driver, manner: Manner) {
    let _case = Case::new(format!("{} as a stream of {}, {manner:?}", row.name, driver.name));
    let script = script(row, manner);
    let (bound, stream) = (driver.handshake)(script.clone(), &row.dialogue)
        .map_or_else(|error| (Err(error), None), |(bound, stream)| (Ok(bound), Some(stream)));
    compare(row, &script, manner.end, &bound);
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
        Expected::Bound(_) => Script::new(&row.lines, APPLICATION, manner).guarded(row.answers()),
        Expected::Fails { .. } => Script::new(&row.lines, &[], manner),
    }
}

fn compare(row: &Row, script: &Script, end: Option<usize>, outcome: &Result<Address, Error>) {
    let (said, expected) = match &row.expected {
        Expected::Bound(bound) if end.is_none() => (row.said(), Ok(bound)),
        Expected::Fails { stage, kind, decided } if end.is_none_or(|end| end >= *decided) => {
            (row.said(), Err(describe(*stage, kind)))
        }
        _ => {
            let (said, stage, received) = row.after(end.unwrap_or_default());
            (said, Err(describe(stage, &ErrorKind::EndedEarly { received })))
        }
    };
    let outcome = outcome.as_ref().map_err(|error| describe(error.stage(), error.kind()));
    assert_eq!(outcome, expected);
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
