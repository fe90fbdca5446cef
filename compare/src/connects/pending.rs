//! The memory of many pending connects: the proxy accepts them and never answers.

use super::client::{HOLD, order};
use super::held::Held;
use super::proxy::{Manner, Proxy};
use std::io::{Read, Write};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_mins(2);

/// Memory for each of so many connects by the way at this place.
pub(super) fn pending(way: usize, number: usize) -> Held {
    let proxy = Proxy::start(Manner::Never);
    let mut command = order(way, proxy.addr, HOLD, number).command(&[]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process");
    let start = Instant::now();
    while proxy.waiting() < number {
        assert!(start.elapsed() < LIMIT, "{} of {number} connects are pending", proxy.waiting());
        sleep(Duration::from_millis(10));
    }
    child.stdin.take().expect("a pipe").write_all(b"\n").expect("a client that reads");
    let mut told = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut told).expect("the numbers");
    assert!(child.wait().expect("an end").success(), "{told}");
    Held::find(&told).expect("the numbers")
}
