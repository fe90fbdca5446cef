//! How often each thing has happened, and how often it must have happened at least.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a front end does.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    Cancelled,
    Failed,
    Connected,
    Associated,
    Echoed,
}

const EVENTS: [&str; 5] = ["cancelled", "failed", "connected", "associations", "datagrams echoed"];

/// Each front end, and the least number of each event in 10 seconds. A machine without other work
/// has several times as many. A blocking call can't be cancelled.
const FRONTS: [(&str, [u64; 5]); 4] = [
    ("tokio", [50, 50, 10, 10, 50]),
    ("smol", [50, 50, 10, 10, 50]),
    ("async_std", [50, 50, 10, 10, 50]),
    ("blocking", [0, 10, 2, 10, 50]),
];
/// The same for the streams and the datagrams of the forwarders' good clients, and for errors.
const OF_FORWARDERS: [u64; 3] = [1, 5, 1];

#[derive(Default)]
pub(crate) struct Tally {
    counts: [[AtomicU64; EVENTS.len()]; FRONTS.len()],
    forwarder_errors: AtomicU64,
}

impl Tally {
    pub(crate) fn count(&self, front: &str, event: Event) {
        let row = FRONTS.iter().position(|(name, _)| *name == front).expect("a front end");
        self.counts[row][event as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_forwarder_error(&self) {
        self.forwarder_errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether everything has happened often enough in this time. Prints what has not.
    pub(crate) fn is_enough(&self, served: [u64; 2], length: Duration) -> bool {
        let of_fronts = FRONTS.iter().zip(&self.counts).flat_map(|((front, least), counts)| {
            let row = EVENTS.iter().zip(counts).zip(least);
            row.map(move |((event, count), least)| (*front, *event, count.load(Ordering::Relaxed), *least))
        });
        let errors = self.forwarder_errors.load(Ordering::Relaxed);
        let of_forwarders =
            ["streams", "datagrams", "errors"].into_iter().zip([served[0], served[1], errors]);
        let of_forwarders = of_forwarders.zip(OF_FORWARDERS);
        let of_forwarders = of_forwarders.map(|((event, count), least)| ("forwarders", event, count, least));
        let mut is_enough = true;
        for (part, event, count, least) in of_fronts.chain(of_forwarders) {
            let least = least * length.as_secs() / 10;
            if count < least {
                println!("FAILED: {part}: {event} {count}, less than {least}");
                is_enough = false;
            }
        }
        is_enough
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((front, _), counts) in FRONTS.iter().zip(&self.counts) {
            let counts: Vec<_> = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
            let row = EVENTS.iter().zip(counts).map(|(event, count)| format!("{count} {event}"));
            writeln!(f, "  {front}: {}", row.collect::<Vec<_>>().join(", "))?;
        }
        write!(f, "  forwarders: {} connections failed", self.forwarder_errors.load(Ordering::Relaxed))
    }
}
