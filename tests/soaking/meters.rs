//! What the process holds, and whether that grows.

use crate::Load;
use cap::Cap;
use std::alloc::System;
use std::fmt;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(1);
const MIB: usize = 1 << 20;

/// What the process holds at some time.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    descriptors: usize,
    threads: usize,
    heap: usize,
    resident: usize,
}

impl Reading {
    pub(crate) fn take(heap: &Cap<System>) -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("the process's status");
        let number = |name: &str| -> usize {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the status");
            line.trim_end_matches("kB").trim().parse().expect("a number")
        };
        Self {
            descriptors: fs::read_dir("/proc/self/fd").expect("the descriptors").count(),
            threads: number("Threads:"),
            heap: heap.allocated(),
            resident: number("VmRSS:") * 1024,
        }
    }

    /// Whether an idle process holds no more than it did.
    pub(crate) fn is_back_at(&self, before: &Self) -> bool {
        let limits = [
            ("descriptors", self.descriptors, before.descriptors + 8),
            ("threads", self.threads, before.threads + 4),
            // The runtimes keep what they have allocated for tasks and timers.
            ("heap", self.heap, before.heap + 16 * MIB),
        ];
        all_below("after the load", &limits)
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { descriptors, threads, heap, resident } = self;
        let (heap, resident) = (heap / 1024, resident / 1024);
        write!(f, "{descriptors} descriptors, {threads} threads, {heap} KiB heap, {resident} KiB resident")
    }
}

fn all_below(when: &str, limits: &[(&str, usize, usize)]) -> bool {
    let exceeded = limits.iter().filter(|(_, held, limit)| held > limit);
    exceeded.map(|(name, held, limit)| println!("FAILED {when}: {name} {held}, more than {limit}")).count()
        == 0
}

/// The readings of the whole load.
pub(crate) struct Meters(Vec<Reading>);

impl Meters {
    /// Reads until the load ends. Prints about twenty readings.
    pub(crate) fn watch(heap: &Cap<System>, load: &Load) -> Self {
        let (mut readings, began) = (Vec::new(), Instant::now());
        let mut to_print = Duration::ZERO;
        while Instant::now() < load.end {
            thread::sleep(EVERY.min(load.end.saturating_duration_since(Instant::now())));
            readings.push(Reading::take(heap));
            if let (true, Some(reading)) = (began.elapsed() >= to_print, readings.last()) {
                println!("{:>5} s: {reading}", began.elapsed().as_secs());
                to_print += (load.end - began) / 20;
            }
        }
        Self(readings)
    }

    /// Compares the last sixth with the second half of the first third.
    pub(crate) fn are_flat(&self) -> bool {
        let sixth = self.0.len() / 6;
        // While the load ends, there is less of everything.
        let last = self.0.len() - 2;
        let (then, now) = (mean(&self.0[sixth..2 * sixth]), mean(&self.0[last - sixth..last]));
        println!("first third: {then}");
        println!("last sixth: {now}");
        let part = |of: usize, percent: usize| of + of * percent / 100;
        let limits = [
            ("descriptors", now.descriptors, part(then.descriptors, 3) + 64),
            ("threads", now.threads, then.threads + 40),
            ("heap", now.heap, part(then.heap, 5) + MIB),
            ("resident memory", now.resident, part(then.resident, 5) + 8 * MIB),
        ];
        // A load that has decreased proves nothing.
        let minimums = [
            ("half of the descriptors", then.descriptors / 2, now.descriptors),
            ("half of the threads", then.threads / 2, now.threads),
        ];
        all_below("under load", &limits) & all_below("under load, of what it was", &minimums)
    }
}

fn mean(readings: &[Reading]) -> Reading {
    let of = |held: fn(&Reading) -> usize| readings.iter().map(held).sum::<usize>() / readings.len();
    Reading {
        descriptors: of(|reading| reading.descriptors),
        threads: of(|reading| reading.threads),
        heap: of(|reading| reading.heap),
        resident: of(|reading| reading.resident),
    }
}
