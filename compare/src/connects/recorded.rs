//! The rows that `cargo run -- --record connects.tsv` has written, for the chart.

use super::case::Case;
use super::counted::Row;
use super::way::FrontEnd;

const RECORDED: &str = include_str!("../../connects.tsv");
const HEAD: &str =
    "front end\tcase\tcall\tsystem calls\tallocations\tbytes of the future\tbytes while pending\n";

/// The numbers of a row that is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) system_calls: Option<usize>,
    pub(crate) allocations: Option<usize>,
    pub(crate) future: Option<usize>,
    pub(crate) pending: Option<usize>,
}

pub(crate) fn recorded(front_end: FrontEnd, case: Case, name: &str) -> Option<Recorded> {
    let key = format!("{}\t{}\t{name}\t", front_end.title(), case.title());
    let mut cells =
        RECORDED.lines().find_map(|line| line.strip_prefix(&key))?.split('\t').map(|cell| cell.parse().ok());
    let mut next = || cells.next().flatten();
    Some(Recorded { system_calls: next(), allocations: next(), future: next(), pending: next() })
}

pub(crate) fn record(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let cell = |count: Option<usize>| count.map(|count| count.to_string()).unwrap_or_default();
        format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
            row.front_end.title(),
            row.case.title(),
            row.name,
            cell(row.system_calls),
            row.allocations,
            cell(row.future),
            cell(row.pending)
        )
    });
    HEAD.to_owned() + &lines.collect::<String>()
}
