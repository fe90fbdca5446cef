//! Thousands of handshakes, associations and two forwarders' clients for a long time: what a
//! process holds must not grow.
//!
//! ```text
//! soaking [SECONDS]     1200 by default
//! ```
//!
//! `tests/soak` runs it. The proxies and the forwarders' clients run in a second process, so that
//! the first one's numbers are those of this crate.

mod associations;
mod dice;
mod forwarder;
mod fronts;
mod handshakes;
mod lateness;
mod meters;
mod peers;
mod tally;

use anysocks::forward::Forwarder;
use cap::Cap;
use lateness::Lateness;
use meters::{Meters, Reading};
use peers::Child;
use std::alloc::System;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, panic, process, thread};

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
    pub(crate) tally: tally::Tally,
}

fn main() {
    // A panic on any thread or in any task is a failure. A runtime would catch that of a task.
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        print(info);
        process::exit(1);
    }));
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

/// Returns whether everything stayed flat, and happened often enough.
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
        tally: tally::Tally::default(),
    });
    let forwarders = forwarder::start(&runtime, &load);
    child.abuse(&forwarders.each_ref().map(Forwarder::url));
    handshakes::start(&runtime, &load, HANDSHAKES);
    associations::start(&runtime, &load, ASSOCIATIONS);
    let meters = Meters::watch(&HEAP, &load);

    let served = child.expect_errors();
    drop(forwarders);
    thread::sleep(IDLE_THREADS);
    let after = Reading::take(&HEAP);
    println!("after the load: {after}");
    println!("{}\n  its clients: {} streams, {} datagrams echoed", load.tally, served[0], served[1]);
    println!("deadlines under load: {}", load.lateness);
    idle(&runtime, &child, "after the load");
    // Each task and thread of the load has a reference.
    let is_over = Arc::strong_count(&load) == 1;
    if !is_over {
        println!("FAILED after the load: calls are pending");
    }
    let is_enough = load.tally.is_enough(served, length);
    child.end() & is_over & is_enough & meters.are_flat() & after.is_back_at(&before)
}

/// Prints how late deadlines are while nothing else happens. Less than 20 ms are expected, if the
/// machine has no other work.
fn idle(runtime: &tokio::runtime::Runtime, child: &Child, when: &str) {
    let lateness = Lateness::default();
    fronts::silence(runtime, child.addresses.silent, &lateness);
    println!("deadlines {when}: {lateness}");
}
