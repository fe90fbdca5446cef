//! Times reads and writes through an encapsulation: beside a plain stream over TCP, in one run.
//!
//! `cargo bench --bench streams` prints a Markdown table for each direction and length of a call.
//! It fails where a read through the encapsulation is slower than [`CALLS`] allows.
//!
//! The peer is a thread that writes before the stream is read, and reads after it was written. What
//! counts is the processor time of the thread that uses the stream, for a KiB of content. The ways
//! take turns, and each turn gives the ratio of two ways' times; a table shows the median of these.
//! The plain stream takes part twice: the limit is lower by as much as the ratio of the two differs
//! from 1.

#[path = "streams/flow.rs"]
mod flow;
#[path = "measuring/median.rs"]
mod median;
#[path = "measuring/pair.rs"]
mod pair;
#[path = "measuring/processor_time.rs"]
mod processor_time;
#[path = "streams/xor.rs"]
mod xor;

use flow::{Direction, Flow, Way};
use median::median;
use std::io::Result;
use std::process::ExitCode;

const TURNS: usize = 101;

/// What one call reads or writes: as much as `std::io::copy` does, and much more. Then the rate of
/// reads through the encapsulation, as a part of a plain stream's, at least.
///
/// A plain read copies each byte once, in the kernel. The pump copies it once more. Long calls of a
/// plain stream cost little else.
const CALLS: [(usize, f64); 2] = [(1 << 13, 0.75), (1 << 16, 0.5)];

const WAYS: [(&str, Way); 6] = [
    ("a plain stream, and the cipher", Way::Plain { cipher: true }),
    ("the same again", Way::Plain { cipher: true }),
    ("a plain stream", Way::Plain { cipher: false }),
    ("frames of 1 KiB", Way::Frames(1 << 10)),
    ("frames of 16 KiB", Way::Frames(1 << 14)),
    ("frames of 64 KiB", Way::Frames(1 << 16)),
];

/// The ways for which the limit holds: shorter frames cost a header and a call for each.
const LIMITED: usize = 4;

fn main() -> Result<ExitCode> {
    let mut is_slow = false;
    for (direction, (call, least)) in
        [Direction::Read, Direction::Write].into_iter().flat_map(|d| CALLS.map(|call| (d, call)))
    {
        let mut flows =
            WAYS.iter().map(|(_, way)| Flow::start(direction, *way, call)).collect::<Result<Vec<_>>>()?;
        let mut times = vec![Vec::new(); WAYS.len()];
        for turn in 0..TURNS {
            for place in 0..WAYS.len() {
                let way = (turn + place) % WAYS.len();
                times[way].push(flows[way].turn()?);
            }
        }
        println!("## {direction:?}, {call} bytes a call\n\n| | ns per KiB | rate to plain |\n|---|---|---|");
        let rate = |way: usize| median(times[0].iter().zip(&times[way]).map(|(plain, time)| plain / time));
        for (way, (name, _)) in WAYS.iter().enumerate() {
            println!("| {name} | {:.0} | {:.2} |", median(times[way].iter().copied()), rate(way));
        }
        println!();
        let limit = least - (rate(1) - 1.0).abs();
        if direction == Direction::Read && (LIMITED..WAYS.len()).any(|way| rate(way) < limit) {
            println!("A read through an encapsulation has less than {limit:.3} of a plain read's rate");
            is_slow = true;
        }
    }
    Ok(if is_slow { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
