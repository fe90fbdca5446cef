//! CONNECT and BIND as the proxy sees them: each exchange on each driver, over streams with every
//! valid behaviour.

#[path = "transcripts/bind.rs"]
mod bind;
#[path = "transcripts/check.rs"]
mod check;
#[path = "transcripts/pipelined.rs"]
mod pipelined;
#[path = "transcripts/row.rs"]
mod row;
#[path = "transcripts/socks4.rs"]
mod socks4;
#[path = "transcripts/socks5_methods.rs"]
mod socks5_methods;
#[path = "transcripts/socks5_replies.rs"]
mod socks5_replies;
#[path = "transcripts/socks5_requests.rs"]
mod socks5_requests;
mod support;

use anysocks::Error;
use anysocks::protocol::{Conversation, Established, Scratch, Step};
use check::{check, check_given_up, check_stream, each};
use row::Row;
use std::io::{Read, Write};
use support::dialogue::Talk;
use support::drivers::{DRIVERS, Driver};
use support::script::{Manner, Script, Stall};

const GLUED: Manner = Manner {
    glued: true,
    split: None,
    again: None,
    end: None,
    broken: None,
    crumbs: false,
    stall: None,
    buffered: false,
    early: false,
};

#[test]
fn in_turns() {
    each(|row, driver| check(row, driver, Manner::default()));
}

/// All answers and the application's bytes in one segment, before the client has sent anything.
#[test]
fn all_at_once() {
    each(|row, driver| check(row, driver, GLUED));
}

#[test]
fn split_at_every_byte() {
    each(|row, driver| {
        for split in 1..row.answers() {
            check(row, driver, Manner { split: Some(split), ..Manner::default() });
            check(row, driver, Manner { split: Some(split), ..GLUED });
        }
    });
}

#[test]
fn ended_at_every_byte() {
    each(|row, driver| {
        for end in 0..row.answers() {
            check(row, driver, Manner { end: Some(end), ..Manner::default() });
            check(row, driver, Manner { end: Some(end), ..GLUED });
        }
    });
}

#[test]
fn one_byte_at_a_time() {
    each(|row, driver| {
        check(row, driver, Manner { crumbs: true, ..Manner::default() });
        check(row, driver, Manner { crumbs: true, ..GLUED });
    });
}

/// The proxy has sent everything and closed the connection: its refusal is the error, wherever the
/// write fails.
#[test]
fn broken_at_every_byte() {
    each(|row, driver| {
        for broken in 0..row.said() {
            let manner = Manner { broken: Some(broken), ..Manner::default() };
            let (crumbs, stall) = (row.said() < 64, Some(Stall::Blocked));
            for manner in [manner, Manner { glued: true, ..manner }, Manner { buffered: true, ..manner }] {
                check(row, driver, manner);
                check(row, driver, Manner { crumbs, stall, ..manner });
            }
            // A grant without a request may be complete before anything is flushed.
            if row.is_refused() {
                check(row, driver, Manner { glued: true, buffered: true, crumbs, ..manner });
            }
        }
    });
}

/// The driver of `Conversation`'s documentation, which needs no code of its own for failed writes.
#[test]
fn on_a_driver_by_hand() {
    const BY_HAND: Driver = Driver { name: "by hand", converse: by_hand, ..DRIVERS[0] };
    fn by_hand(stream: &mut Script, talk: &mut Talk<'_>) -> Result<Established, Error> {
        loop {
            let mut scratch = Scratch::new();
            let moved = match talk.step(&mut scratch) {
                Step::Write(bytes) => stream.write(bytes),
                Step::Read([]) => Ok(0),
                Step::Read(buf) => stream.flush().and_then(|()| stream.read(buf)),
                Step::Done(outcome) => return Ok(outcome),
            };
            talk.report(moved)?;
        }
    }
    for row in &check::rows() {
        check(row, &BY_HAND, Manner::default());
        check(row, &BY_HAND, GLUED);
        for broken in 0..row.said() {
            check(row, &BY_HAND, Manner { broken: Some(broken), ..Manner::default() });
            check(row, &BY_HAND, Manner { broken: Some(broken), ..GLUED });
        }
    }
}

/// `Pending` or `WouldBlock`, and `Interrupted`, before each byte and each flush.
#[test]
fn stalled_at_every_byte() {
    each(|row, driver| {
        for stall in [Stall::Blocked, Stall::Interrupted] {
            for buffered in [false, true] {
                let manner = Manner { crumbs: true, stall: Some(stall), buffered, ..Manner::default() };
                check(row, driver, manner);
                check(row, driver, Manner { crumbs: false, ..manner });
            }
        }
    });
}

#[test]
fn through_a_buffered_stream() {
    each(|row, driver| {
        check(row, driver, Manner { buffered: true, ..Manner::default() });
        check(row, driver, Manner { buffered: true, crumbs: true, ..Manner::default() });
    });
}

/// The same, through the resulting stream.
#[test]
fn as_a_stream() {
    each(|row, driver| {
        check_stream(row, driver, Manner::default());
        check_stream(row, driver, GLUED);
        check_stream(row, driver, Manner { crumbs: true, buffered: true, ..Manner::default() });
    });
}

/// BIND's first reply, its second and the application's bytes, in three segments.
#[test]
fn split_at_every_two_bytes() {
    each_bind(|row, driver| {
        // Longer ones are cut into pieces enough by the others.
        let all = row.answers() + 3;
        for split in (1..all).filter(|_| all < 32) {
            for again in split + 1..all {
                check(row, driver, Manner { split: Some(split), again: Some(again), ..GLUED });
            }
        }
    });
}

/// The wait for the peer, begun anew before each byte of the second reply.
#[test]
fn accept_given_up_at_every_byte() {
    each_bind(|row, driver| {
        for buffered in [false, true] {
            check_given_up(row, driver, buffered);
        }
    });
}

fn each_bind(test: impl Fn(&Row, &Driver)) {
    each(|row, driver| {
        if row.dialogue.binds() {
            test(row, driver);
        }
    });
}

/// The name identifies a row that fails. Two rows with one name are probably the same row twice.
#[test]
fn names_are_unique() {
    let mut names: Vec<_> = check::rows().into_iter().map(|row| row.name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}
