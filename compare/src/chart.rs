//! The chart of the README: recorded numbers as bars.

use crate::connects::{Case, FrontEnd, Recorded, recorded};
use crate::datagrams::Kind;
use crate::ratios::ratio;
use crate::svg::{Bar, Chart, Panel};

/// The length of the datagrams that are shown.
const BYTES: usize = 1200;

/// The connects that are shown: label, front end, the call as the records name it, whether it is
/// ours.
const CONNECTS: &[(&str, FrontEnd, &str, bool)] = &[
    ("by hand", FrontEnd::Tokio, "by hand", false),
    ("anysocks", FrontEnd::Tokio, "anysocks, by &Proxy", true),
    ("tokio-socks 0.5.3", FrontEnd::Tokio, "tokio-socks 0.5.3", false),
    ("better-socks 0.1.2", FrontEnd::Tokio, "better-socks 0.1.2", false),
    ("fast-socks5 1.0.0", FrontEnd::Tokio, "fast-socks5 1.0.0", false),
    ("by hand, blocking", FrontEnd::Blocking, "by hand", false),
    ("anysocks, blocking", FrontEnd::Blocking, "anysocks, by &Proxy", true),
    ("socks 0.3.4, blocking", FrontEnd::Blocking, "socks 0.3.4", false),
];

/// The calls that are shown: label, kind, the call as the benchmark names it, whether it is ours.
const DATAGRAMS: &[(&str, Kind, &str, bool)] = &[
    ("anysocks", Kind::TokioReceive, "anysocks recv_from", true),
    ("anysocks, batches of 48", Kind::TokioReceive, "anysocks recv_batch", true),
    ("fast-socks5 1.0.0", Kind::TokioReceive, "fast-socks5 recv_from", false),
    ("async-socks5 0.6.0", Kind::TokioReceive, "async-socks5 recv_from", false),
    ("anysocks, blocking", Kind::BlockingReceive, "anysocks recv_from", true),
    ("socks 0.3.4, blocking", Kind::BlockingReceive, "socks recv_from", false),
];

/// The chart as SVG.
pub(crate) fn svg() -> String {
    let chart = Chart {
        title: "What SOCKS5 costs: anysocks beside other crates",
        subtitle: "Shorter bars are better.",
        panels: [
            connects("System calls per connect", "from socket to close, the handshake included", |row| {
                row.system_calls
            }),
            connects("Heap allocations per connect", "calls to the allocator", |row| row.allocations),
            connects("Bytes per pending connect", "on the heap, tokio's task and socket included", |row| {
                row.pending
            }),
            Panel {
                title: "Time to receive a datagram",
                subtitle: "1,200 bytes; a plain UDP socket without SOCKS takes 1",
                bars: DATAGRAMS
                    .iter()
                    .map(|&(label, kind, call, ours)| received(label, kind, call, ours))
                    .collect(),
                mark: Some(1.0),
            },
        ],
        notes: vec![
            "Connects: SOCKS5 without authentication over TCP. Only anysocks has a deadline for all of it."
                .into(),
            "Datagrams: medians of one run on one machine; tokio-socks has no UDP.".into(),
        ],
    };
    chart.svg()
}

/// The panel of a number. A call that blocks has no future.
fn connects(title: &'static str, subtitle: &'static str, get: impl Fn(Recorded) -> Option<usize>) -> Panel {
    let bars = CONNECTS.iter().filter_map(|&(label, front_end, name, ours)| {
        let count = get(recorded(front_end, Case::NoAuth, name).unwrap_or_default())?;
        let value = f64::from(u32::try_from(count).expect("a small number"));
        Some(Bar { label: label.into(), ours, value: Some(value), text: thousands(count) })
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
