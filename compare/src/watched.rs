//! What programs count that watch a process.
//!
//! The difference between two numbers of repetitions excludes what a process does otherwise.

use crate::order::Order;
use std::io::ErrorKind;
use std::process::Output;

/// The system calls of one repetition. `None`: there is no `strace`.
///
/// A call that a busy machine adds or saves does not change the rounded mean.
pub(crate) fn system_calls(order: impl Fn(usize) -> Order) -> Option<usize> {
    const FEW: usize = 4;
    const MANY: usize = 24;
    let (few, many) = (traced(&order(FEW))?, traced(&order(MANY))?);
    Some((many - few + (MANY - FEW) / 2) / (MANY - FEW))
}

/// The instructions of one repetition in user mode. `None`: there is no `valgrind`.
pub(crate) fn instructions(order: impl Fn(usize) -> Order, [few, many]: [usize; 2]) -> Option<usize> {
    Some((collected(&order(many))? - collected(&order(few))?) / (many - few))
}

fn traced(order: &Order) -> Option<usize> {
    let calls = told(order, &["strace", "-f", "-qq", "-e", "signal=none"])?;
    // A call that another thread interrupts takes two lines.
    Some(calls.lines().filter(|line| line.contains('(') && !line.contains(" resumed>")).count())
}

fn collected(order: &Order) -> Option<usize> {
    let told = told(order, &["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"])?;
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    Some(collected.expect("a number of instructions").1.trim().parse().expect("a number"))
}

/// What the watcher has printed. `None`: it is not installed.
fn told(order: &Order, watcher: &[&str]) -> Option<String> {
    let Output { status, stderr, .. } = match order.command(watcher).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        output => output.expect("a process"),
    };
    let told = String::from_utf8_lossy(&stderr).into_owned();
    assert!(status.success(), "{told}");
    Some(told)
}
