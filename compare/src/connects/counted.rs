//! Counts of each way to connect: system calls, allocations, the size of the future, and the bytes
//! of a pending call. The first three are the same in every run. The bytes are a mean of many calls
//! and differ slightly between runs.

use super::case::Case;
use super::pending::pending;
use super::proxy::{Manner, Proxy};
use super::watched::system_calls;
use super::way::FrontEnd;
use super::ways::ways;
use std::thread::scope;

/// As many clients as there may be at once: they wait most of the time.
const AT_ONCE: usize = 8;

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) case: Case,
    pub(crate) front_end: FrontEnd,
    /// `None`: there is no `strace`.
    pub(crate) system_calls: Option<usize>,
    pub(crate) allocations: u64,
    /// The bytes of the future that the call returns. `None`: it blocks.
    pub(crate) future: Option<usize>,
    /// Allocated bytes of a pending call, its task included. `None`: it blocks.
    pub(crate) pending: Option<usize>,
}

/// A row for each way. The bytes of a pending call are the mean of so many at once.
pub(crate) fn rows(at_once: usize) -> Vec<Row> {
    let proxy = Proxy::start(Manner::AtOnce);
    let ways = ways(proxy.addr);
    let calls = all_system_calls(ways.len());
    let rows = ways.into_iter().zip(calls).enumerate().map(|(place, (way, system_calls))| Row {
        name: way.name,
        case: way.case,
        front_end: way.front_end,
        system_calls,
        allocations: way.allocations(),
        future: way.future,
        pending: way.future.map(|_| pending(place, at_once).allocated()),
    });
    rows.collect()
}

fn all_system_calls(ways: usize) -> Vec<Option<usize>> {
    let mut calls = vec![None; ways];
    for (chunk, places) in calls.chunks_mut(AT_ONCE).zip((0..).step_by(AT_ONCE)) {
        scope(|scope| {
            for (calls, place) in chunk.iter_mut().zip(places..) {
                scope.spawn(move || *calls = system_calls(place));
            }
        });
    }
    calls
}

/// A table for each case.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let table = |case: Case| {
        let lines: String = rows.iter().filter(|row| row.case == case).map(line).collect();
        format!("### {}\n\n{HEAD}{lines}\n", case.title())
    };
    Case::ALL.map(table).concat()
}

const HEAD: &str = "\
| | system calls | allocations | bytes of the future | bytes while pending |
|---|---|---|---|---|
";

fn line(row: &Row) -> String {
    let cell = |count: Option<usize>| count.map(|count| count.to_string()).unwrap_or_default();
    format!(
        "| {}: {} | {} | {} | {} | {} |\n",
        row.front_end.title(),
        row.name,
        cell(row.system_calls),
        row.allocations,
        cell(row.future),
        cell(row.pending)
    )
}
