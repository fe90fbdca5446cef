//! Times a datagram through an association: this crate beside others, and beside a connected
//! socket without SOCKS, in one run.
//!
//! `cargo bench` prints a Markdown table for each kind of call. It fails where anysocks exceeds its
//! limits or is behind another crate. `cargo bench -- --record datagrams.tsv` also writes the
//! ratios, for the chart that `cargo run -- --chart` draws.
//!
//! The ways take turns in an order that rotates, so that other work on the machine slows all of
//! them alike. Each turn gives the ratio of two ways' times; a table shows the median of these. The
//! bare socket takes part twice: the limits grow by as much as the ratio of the two differs from 1.
//! `cargo run` counts the allocations, because counting them here would slow down those that occur.

#[path = "../src/datagrams/mod.rs"]
mod datagrams;
#[path = "measuring/median.rs"]
mod median;

use datagrams::{BATCH, Kind, Role, SIZES, Way, ways};
use median::median;
use std::env;
use std::fs;
use std::process::ExitCode;

const TURNS: usize = 201;
/// Of so many batches, one after the other, the middle one counts: the first of them find the
/// caches full of what others did.
const BATCHES: usize = 15;

/// What a call may cost, beside one of the bare socket's.
const SINGLE: f64 = 1.15;
/// What a datagram of a batch may cost beside one that moves alone, at the larger size.
const SEND_BATCH: f64 = 0.3;
/// A bare `recvmsg` with `UDP_GRO` takes 0.14 of a single receive here, and there is a datagram to
/// be checked and noted for each.
const RECEIVE_BATCH: f64 = 0.17;

/// A way, and the nanoseconds that a datagram took with it: for each size, in each turn.
struct Row {
    kind: Kind,
    way: Way,
    times: [Vec<f64>; SIZES.len()],
}

fn main() -> ExitCode {
    let mut rows: Vec<Row> =
        Kind::ALL.iter().flat_map(|kind| ways(*kind).into_iter().map(|way| Row::new(*kind, way))).collect();
    let count = rows.len();
    for turn in 0..TURNS {
        for place in 0..count {
            rows[(turn + place) % count].turn();
        }
    }
    let mut failures = Vec::new();
    let mut recorded = String::from("kind\tcall\tbytes\tratio to the bare socket\n");
    for kind in Kind::ALL {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.kind == kind).collect();
        println!("## {}\n\n{}", kind.title(), table(&rows));
        recorded += &record(&rows);
        failures.extend(verdict(kind, &rows));
    }
    if let Some(path) = env::args().skip_while(|argument| argument != "--record").nth(1)
        && let Err(error) = fs::write(&path, recorded)
    {
        failures.push(format!("{path}: {error}"));
    }
    for failure in &failures {
        println!("{failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Row {
    fn new(kind: Kind, mut way: Way) -> Self {
        // The first time may set up what stays.
        for size in SIZES {
            way.go(size, |calls| calls());
        }
        Self { kind, way, times: Default::default() }
    }

    fn turn(&mut self) {
        for (size, times) in SIZES.into_iter().zip(&mut self.times) {
            let batches = (0..BATCHES).map(|_| self.way.go(size, |calls| calls()));
            let batch = median(batches.map(|took| took.as_secs_f64()));
            times.push(batch * 1e9 / f64::from(BATCH));
        }
    }

    /// What this costs in units of what the other does.
    fn to(&self, other: &Self, size: usize) -> f64 {
        median(self.times[size].iter().zip(&other.times[size]).map(|(ours, theirs)| ours / theirs))
    }
}

/// The times of one kind. The bare socket comes first.
fn table(rows: &[&Row]) -> String {
    let sizes = SIZES.map(|size| format!(" {size} B, ns | to bare |"));
    let mut text = format!("| |{}\n|---|{}\n", sizes.concat(), "---|---|".repeat(SIZES.len()));
    for row in rows {
        text += &line(row, rows[0]);
    }
    text
}

fn line(row: &Row, bare: &Row) -> String {
    let cells = (0..SIZES.len()).map(|size| {
        let time = median(row.times[size].iter().copied());
        format!("{time:.0} | {:.2}", row.to(bare, size))
    });
    format!("| {} | {} |\n", row.way.name, cells.collect::<Vec<_>>().join(" | "))
}

/// The ratios of one kind, as lines of tab-separated values. The bare socket comes first.
fn record(rows: &[&Row]) -> String {
    let line = |row: &Row, size: usize| {
        let (kind, name, bytes) = (row.kind.title(), row.way.name, SIZES[size]);
        format!("{kind}\t{name}\t{bytes}\t{:.2}\n", row.to(rows[0], size))
    };
    rows.iter().flat_map(|row| (0..SIZES.len()).map(move |size| line(row, size))).collect()
}

/// What is not as it should be.
fn verdict(kind: Kind, rows: &[&Row]) -> Vec<String> {
    let of = |role| rows.iter().filter(move |row| row.way.role == role);
    let batch = match kind {
        Kind::BlockingSend | Kind::TokioSend => SEND_BATCH,
        Kind::BlockingReceive | Kind::TokioReceive => RECEIVE_BATCH,
    };
    let largest = SIZES.len() - 1;
    let mut failures = Vec::new();
    for (size, bytes) in SIZES.into_iter().enumerate() {
        let noise = of(Role::BareAgain).map(|again| (again.to(rows[0], size) - 1.0).abs()).sum::<f64>();
        let mut hold = |ours: &Row, other: &Row, limit: f64| {
            let ratio = ours.to(other, size);
            if ratio > limit * (1.0 + noise) {
                let (kind, ours, other) = (kind.title(), ours.way.name, other.way.name);
                failures.push(format!(
                    "{kind}, {bytes} B: {ours} costs {ratio:.3} of {other}, and not {limit} at most (noise: {noise:.3})"
                ));
            }
        };
        for ours in of(Role::Ours) {
            hold(ours, rows[0], SINGLE);
            of(Role::Rival).for_each(|rival| hold(ours, rival, 1.0));
        }
        if size == largest {
            for ours in of(Role::OurBatch) {
                of(Role::Ours).take(1).for_each(|single| hold(ours, single, batch));
            }
        }
    }
    failures
}
