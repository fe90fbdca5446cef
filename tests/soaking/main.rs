//! Thousands of handshakes, associations and a forwarder's clients for a long time: what a process
//! holds must not grow.
//!
//! ```text
//! soaking [SECONDS]     1200 by default
//! ```
//!
//! `tests/soak` runs it. The proxies and the forwarder's clients run in a second process, so that
//! the first one's numbers are those of this crate.

mod associations;
mod dice;
mod forwarder;
mod fronts;
mod handshakes;
mod lateness;
mod meters;
mod peers;

use cap::Cap;
use lateness::Lateness;
use meters::{Meters, Reading};
use peers::Child;
use std::alloc::System;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, process, thread};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// How many handshakes are in progress at a time.
const HANDSHAKES: usize = 10_000;
/// How many associations are open at a time.
const ASSOCIATIONS: usize = 2_000;
/// How long an idle thread for lookups exists, and more.
const IDLE_THREADS: Duration = Duration::from_secs(25);

/// What all parts of the load share.
pub(crate) struct Load {
    pub(crate) addresses: peers::Addresses,
    pub(crate) end: Instant,
    /// The longest time that a handshake or an association is kept.
    pub(crate) longest: Duration,
    pub(crate) lateness: Lateness,
    pub(crate) tally: meters::Tally,
}

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == peers::ARGUMENT) {
        return peers::run();
    }
    let seconds = match arguments.first().map(|seconds| seconds.parse()) {
        None => 1200,
        Some(Ok(seconds)) if seconds >= 30 => seconds,
        Some(_) => {
            eprintln!("soaking [SECONDS]: at least 30");
            process::exit(2);
        }
    };
    process::exit(i32::from(!soak(Duration::from_secs(seconds))));
}

/// Returns whether everything stayed flat.
fn soak(length: Duration) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut child = Child::start();
    let longest = (length / 8).min(Duration::from_secs(40));
    idle(&runtime, &child, "before the load");
    let before = Reading::take(&HEAP);
    println!("before the load: {before}");

    let load = Arc::new(Load {
        addresses: child.addresses.clone(),
        end: Instant::now() + length,
        longest,
        lateness: Lateness::default(),
        tally: meters::Tally::default(),
    });
    let forwarder = forwarder::start(&runtime, &load);
    child.abuse(&forwarder.url());
    handshakes::start(&runtime, &load, HANDSHAKES);
    associations::start(&runtime, &load, ASSOCIATIONS);
    let meters = Meters::watch(&HEAP, &load);

    drop(forwarder);
    thread::sleep(IDLE_THREADS);
    let after = Reading::take(&HEAP);
    println!("after the load: {after}");
    println!("{}", load.tally);
    println!("deadlines under load: {}", load.lateness);
    idle(&runtime, &child, "after the load");
    child.end() & meters.are_flat() & after.is_back_at(&before)
}

/// Prints how late deadlines are while nothing else happens. Less than 20 ms are expected, if the
/// machine has no other work.
fn idle(runtime: &tokio::runtime::Runtime, child: &Child, when: &str) {
    let lateness = Lateness::default();
    fronts::silence(runtime, child.addresses.silent, &lateness);
    println!("deadlines {when}: {lateness}");
}
