//! How many allocations a datagram takes.

use crate::datagrams::{BATCH, Kind, Role, SIZES, Way, ways};
use allocation_counter::measure;

/// A way, and how many allocations a batch takes with it, for each size.
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) batch: [u32; SIZES.len()],
}

pub(crate) fn rows() -> Vec<Row> {
    let ways = Kind::ALL.into_iter().flat_map(|kind| ways(kind).into_iter().map(move |way| (kind, way)));
    ways.map(|(kind, way)| row(kind, way)).collect()
}

fn row(kind: Kind, mut way: Way) -> Row {
    let mut count = |size| {
        let counted = way.go(size, |calls| measure(|| _ = calls()));
        u32::try_from(counted.count_total).expect("a number to be looked at")
    };
    // The first time may set up what stays.
    let _ = SIZES.map(&mut count);
    let batch = SIZES.map(count);
    Row { kind, name: way.name, role: way.role, batch }
}

pub(crate) fn markdown(rows: &[Row]) -> String {
    let sizes = SIZES.map(|size| format!(" {size} B |"));
    let mut text = format!("| |{}\n|---|{}\n", sizes.concat(), "---|".repeat(SIZES.len()));
    for row in rows.iter().filter(|row| row.role != Role::BareAgain) {
        text += &line(row);
    }
    text
}

fn line(row: &Row) -> String {
    let cells = row.batch.map(|count| format!(" {:.2} |", f64::from(count) / f64::from(BATCH)));
    format!("| {}: {} |{}\n", row.kind.title(), row.name, cells.concat())
}
