//! The client's side of a comparison in turns.

use super::way::Way;
use nix::time::{ClockId, clock_gettime};
use std::io::stdin;
use std::time::Duration;

/// Connects a number of times for each line, and prints the microseconds.
pub(super) fn turns(way: &Way, number: usize) {
    while stdin().read_line(&mut String::new()).is_ok_and(|n| n > 0) {
        let start = now();
        way.repeat(number);
        let micros = now().saturating_sub(start).as_secs_f64() * 1e6;
        println!("{}", micros / f64::from(u32::try_from(number).expect("a small number")));
    }
}

/// The time for which the threads of this process have run.
fn now() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("a clock").into()
}
