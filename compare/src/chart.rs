//! The chart of the README: the numbers of the tables as bars.

use crate::datagrams::Kind;
use crate::handshakes::Column;
use crate::ratios::ratio;
use crate::svg::{Bar, Chart, Panel};

/// The length of the datagrams that are shown.
const BYTES: usize = 1200;
/// Marks the crates that [`LOSES`] is about.
const MARK: char = '*';
const LOSES: &str = "loses what the target sends in one segment with the proxy's reply";

/// The calls that are shown: label, kind, the call as the benchmark names it, whether it is ours.
const CALLS: &[(&str, Kind, &str, bool)] = &[
    ("anysocks", Kind::TokioReceive, "anysocks recv_from", true),
    ("anysocks, batches of 48", Kind::TokioReceive, "anysocks recv_batch", true),
    ("fast-socks5 1.0.0", Kind::TokioReceive, "fast-socks5 recv_from", false),
    ("async-socks5 0.6.0", Kind::TokioReceive, "async-socks5 recv_from", false),
    ("anysocks, blocking", Kind::BlockingReceive, "anysocks recv_from", true),
    ("socks 0.3.4, blocking", Kind::BlockingReceive, "socks recv_from", false),
];

/// The chart as SVG. The columns are those without authentication, ours first.
pub(crate) fn svg(columns: &[Column]) -> String {
    let mut notes = vec![
        "Handshakes: SOCKS5 without authentication, counted over a stream in memory.".into(),
        "Datagrams: medians of one run on one machine; tokio-socks and hyper-util have no UDP.".into(),
    ];
    if columns.iter().any(loses) {
        notes.push(format!("{MARK} {LOSES}"));
    }
    let chart = Chart {
        title: "What SOCKS5 costs: anysocks beside other crates",
        subtitle: "Shorter bars are better.",
        panels: [
            handshake(
                columns,
                "Reads and writes per handshake",
                "each is one system call on a socket",
                calls,
            ),
            handshake(columns, "Heap allocations per handshake", "calls to the allocator", |column| {
                Some(usize::try_from(column.allocations).expect("a number of allocations"))
            }),
            handshake(
                columns,
                "Bytes per pending handshake",
                "future and heap, with the TcpStream in it",
                Column::pending,
            ),
            Panel {
                title: "Time to receive a datagram",
                subtitle: "1,200 bytes; a plain UDP socket without SOCKS takes 1",
                bars: CALLS
                    .iter()
                    .map(|&(label, kind, call, ours)| received(label, kind, call, ours))
                    .collect(),
                mark: Some(1.0),
            },
        ],
        notes,
    };
    chart.svg()
}

fn calls(column: &Column) -> Option<usize> {
    Some(column.reads? + column.writes?)
}

fn loses(column: &Column) -> bool {
    column.banner == "lost"
}

fn handshake(
    columns: &[Column],
    title: &'static str,
    subtitle: &'static str,
    get: impl Fn(&Column) -> Option<usize>,
) -> Panel {
    let bars = columns.iter().enumerate().map(|(place, column)| {
        let label = match (column.name, loses(column)) {
            (name, true) => format!("{name} {MARK}"),
            (name, false) => name.into(),
        };
        let count = get(column);
        Bar {
            label,
            ours: place == 0,
            value: count.map(|count| f64::from(u32::try_from(count).expect("a small number"))),
            text: count.map_or_else(|| "not counted: it blocks".into(), thousands),
        }
    });
    Panel { title, subtitle, bars: bars.collect(), mark: None }
}

fn received(label: &str, kind: Kind, call: &str, ours: bool) -> Bar {
    let value = ratio(kind.title(), call, BYTES);
    let text = value.map_or_else(|| "not measured".into(), |ratio| format!("{ratio:.2}"));
    Bar { label: label.into(), ours, value, text }
}

/// A number below a million, as `17,019`.
fn thousands(count: usize) -> String {
    if count < 1000 { count.to_string() } else { format!("{},{:03}", count / 1000, count % 1000) }
}
