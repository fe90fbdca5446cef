//! Times reads and writes of a stream that GSS-API protects: beside `unwrap` and `wrap` of the same
//! library alone, in one run.
//!
//! `cargo bench --bench gssapi` prints a Markdown table for each direction. It starts a KDC of MIT
//! Kerberos, and then itself again with the KDC's environment. Without the KDC's programs, it
//! prints what is missing.
//!
//! The time is the processor time of the thread that uses the stream, for a KiB of content. Over
//! TCP it contains the kernel's part; the peer has a thread of its own. The ways take turns, and
//! each turn gives the ratio of two ways' times; a table shows the median of these. `unwrap` and
//! `wrap` take part twice: their ratio to themselves shows the noise.

#[path = "gssapi/alone.rs"]
mod alone;
#[path = "gssapi/flow.rs"]
mod flow;
#[path = "../../tests/support/kerberos.rs"]
mod kerberos;
#[path = "measuring/median.rs"]
mod median;
#[path = "gssapi/memory.rs"]
mod memory;
#[path = "measuring/pair.rs"]
mod pair;
#[path = "../../tests/interop/process.rs"]
mod process;
#[path = "measuring/processor_time.rs"]
mod processor_time;
#[path = "../../tests/interop/resources.rs"]
#[allow(dead_code, reason = "a part of it is enough")]
mod resources;
#[path = "gssapi/service.rs"]
mod service;
#[path = "gssapi/tcp.rs"]
mod tcp;

use anysocks::gssapi::Level;
use flow::{Direction, Plan, Way, turn};
use kerberos::{Files, Kdc};
use median::median;
use resources::RunDirectory;
use std::io::{Error, Result};
use std::process::{Command, ExitCode};
use std::{array, env};

/// In the second process: the directory of the KDC's files.
const FILES: &str = "ANYSOCKS_KDC";

const TURNS: usize = 51;
/// The content of a frame: the most that a stream seals at once, and a packet's.
const FRAMES: [usize; 2] = [16 * 1024, 1460];
const LEVELS: [Level; 2] = [Level::Integrity, Level::Confidentiality];

fn main() -> Result<ExitCode> {
    match env::var_os(FILES) {
        Some(directory) => tables(&Files::at(directory)).map(|()| ExitCode::SUCCESS),
        None => with_kdc(),
    }
}

fn with_kdc() -> Result<ExitCode> {
    if let Some(reason) = kerberos::missing() {
        println!("left out GSS-API: {reason}");
        return Ok(ExitCode::SUCCESS);
    }
    let directory = RunDirectory::create().map_err(Error::other)?;
    let kdc = Kdc::start(directory.path())
        .map_err(|error| Error::other(format!("{error}\n{}", process::logs(directory.path()))))?;
    let mut again = Command::new(env::current_exe()?);
    again.envs(kdc.files().environment()).env(FILES, directory.path());
    Ok(if again.status()?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tables(files: &Files) -> Result<()> {
    for direction in [Direction::Write, Direction::Read] {
        println!("## {direction:?}\n");
        println!("| level | frame | alone, ns per KiB | alone again | in memory | over TCP |");
        println!("|---|---|---|---|---|---|");
        for (level, frame) in LEVELS.into_iter().flat_map(|level| FRAMES.map(|frame| (level, frame))) {
            let (time, rates) = measured(files, Plan { direction, level, frame })?;
            let [again, memory, tcp] = rates.map(|rate| format!("{rate:.2}"));
            println!("| {level:?} | {frame} | {time:.0} | {again} | {memory} | {tcp} |");
        }
        println!();
    }
    Ok(())
}

/// Returns the time of the library alone, and the rates of the other ways to it.
fn measured(files: &Files, plan: Plan) -> Result<(f64, [f64; 3])> {
    let mut ways: [Box<dyn Way>; 4] = [
        Box::new(alone::Alone::new(files, plan)?),
        Box::new(alone::Alone::new(files, plan)?),
        Box::new(memory::InMemory::new(files, plan)?),
        Box::new(tcp::OverTcp::new(files, plan)?),
    ];
    let mut times = ways.each_ref().map(|_| Vec::with_capacity(TURNS));
    for way in &mut ways {
        // The first time allocates what stays.
        turn(&mut **way)?;
    }
    for first in 0..TURNS {
        for place in 0..ways.len() {
            let way = (first + place) % ways.len();
            times[way].push(turn(&mut *ways[way])?);
        }
    }
    let rate = |way: usize| median(times[0].iter().zip(&times[way]).map(|(alone, time)| alone / time));
    Ok((median(times[0].iter().copied()), array::from_fn(|way| rate(way + 1))))
}
