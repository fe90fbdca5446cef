//! The columns as a Markdown table.

use crate::handshakes::measure::Column;

/// The function that returns a column's value in a row.
type Get = fn(&Column) -> String;

const ROWS: &[(&str, Get)] = &[
    ("write calls", |column| cell(column.writes)),
    ("read calls", |column| cell(column.reads)),
    ("bytes sent", |column| column.sent.to_string()),
    ("allocations", |column| column.allocations.to_string()),
    ("allocated bytes", |column| column.allocated.to_string()),
    ("bytes of the pending future", |column| cell(column.future)),
    ("its bytes on the heap", |column| cell(column.heap)),
    ("both", |column| cell(column.pending())),
    ("the destination's first bytes, glued to the reply", |column| column.banner.into()),
    ("a vectored write of 16 x 1 KiB", |column| column.vectored.clone()),
    ("reply code X'09'", |column| column.unassigned.clone()),
    ("RSV = 1 in the reply", |column| column.not_reserved.clone()),
    ("refusal X'05' that ends there", |column| column.cut.clone()),
    ("refusal X'05' with ATYP X'09'", |column| column.odd_address.clone()),
];

pub(crate) fn markdown(columns: &[Column]) -> String {
    let mut text = line("", columns.iter().map(|column| column.name.into()));
    text += &line("---", columns.iter().map(|_| "---".into()));
    for (label, get) in ROWS {
        text += &line(label, columns.iter().map(get));
    }
    text
}

fn line(label: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = cells.collect();
    format!("| {label} | {} |\n", cells.join(" | "))
}

fn cell(count: Option<usize>) -> String {
    count.map(|count| count.to_string()).unwrap_or_default()
}
