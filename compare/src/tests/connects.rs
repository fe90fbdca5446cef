//! Connects over TCP.

use crate::connects::{Case, FrontEnd, Recorded, Row, recorded, rows};
use FrontEnd::{Blocking, Tokio};

/// A tenth of what the records are of: the test takes seconds.
const AT_ONCE: usize = 1000;
/// Of a pending call, a runtime has allocated more or less of its own.
const TOLERANCE: usize = 32;

/// The most that a call of ours may take.
struct Limit {
    front_end: FrontEnd,
    name: &'static str,
    /// For each case. One of them is `TCP_NODELAY`.
    system_calls: [usize; 3],
    allocations: u64,
    future: usize,
    pending: usize,
}

const LIMITS: &[Limit] = &[
    Limit {
        front_end: Tokio,
        name: "anysocks, by &Proxy",
        system_calls: [15, 18, 11],
        allocations: 2,
        future: 800,
        pending: 1300,
    },
    Limit {
        front_end: Tokio,
        name: "anysocks, by text",
        system_calls: [15, 18, 11],
        // The credentials and the names that a URL contains.
        allocations: 8,
        future: 900,
        pending: 1664,
    },
    Limit {
        front_end: Tokio,
        name: "anysocks, by Connector",
        system_calls: [15, 18, 11],
        allocations: 2,
        future: 900,
        pending: 1408,
    },
    Limit {
        front_end: Blocking,
        name: "anysocks, by &Proxy",
        system_calls: [14, 17, 10],
        allocations: 1,
        future: 0,
        pending: 0,
    },
    Limit {
        front_end: Blocking,
        name: "anysocks, no deadline",
        system_calls: [9, 11, 6],
        allocations: 1,
        future: 0,
        pending: 0,
    },
];

#[test]
fn within_their_limits_and_as_recorded() {
    let rows = rows(AT_ONCE);
    for row in &rows {
        as_recorded(row);
        let limit = LIMITS.iter().find(|limit| limit.name == row.name && limit.front_end == row.front_end);
        if let Some(limit) = limit {
            within(limit, row);
        }
    }
    not_behind(&rows);
    if rows.iter().any(|row| row.system_calls.is_none()) {
        println!("left out: the numbers of system calls, because strace is not installed");
    }
}

fn within(limit: &Limit, row: &Row) {
    let place = Case::ALL.iter().position(|case| *case == row.case).expect("a case");
    assert!(row.system_calls.is_none_or(|calls| calls <= limit.system_calls[place]), "{row:?}");
    assert!(row.allocations <= limit.allocations, "{row:?}");
    assert!(row.future.is_none_or(|bytes| bytes <= limit.future), "{row:?}");
    assert!(row.pending.is_none_or(|bytes| bytes <= limit.pending), "{row:?}");
}

/// The system calls of a connect with SOCKS5 on tokio, `TCP_NODELAY` included.
fn not_behind(rows: &[Row]) {
    let of_socks5 = |row: &&Row| row.front_end == Tokio && row.case != Case::Socks4a;
    let (ours, others): (Vec<_>, Vec<_>) =
        rows.iter().filter(of_socks5).partition(|row| row.name.starts_with("anysocks"));
    for ours in ours {
        // Dialling by hand is the floor.
        for other in others.iter().filter(|other| other.case == ours.case && other.name != "by hand") {
            let calls = ours.system_calls.zip(other.system_calls);
            assert!(calls.is_none_or(|(ours, other)| ours <= other), "{ours:?} is behind {other:?}");
        }
    }
}

/// The chart shows what is counted here.
fn as_recorded(row: &Row) {
    let recorded = recorded(row.front_end, row.case, row.name);
    let counted = Recorded {
        system_calls: row.system_calls,
        allocations: usize::try_from(row.allocations).ok(),
        future: row.future,
        pending: row.pending,
    };
    let differ = |one: Option<usize>, other: Option<usize>, by| {
        one.zip(other).map_or(one != other, |(one, other)| one.abs_diff(other) > by)
    };
    let out_of_date = recorded.is_none_or(|recorded| {
        // A client that is late finds an answer, and waits less often.
        counted.system_calls.zip(recorded.system_calls).is_some_and(|(counted, most)| counted > most)
            || counted.allocations != recorded.allocations
            || counted.future != recorded.future
            || differ(counted.pending, recorded.pending, TOLERANCE)
    });
    assert!(!out_of_date, "{row:?}, recorded: {recorded:?}; to record it anew: compare/renew");
}
