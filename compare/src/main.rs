//! Compares the costs of this crate with those of others: a SOCKS5 handshake in memory, a connect
//! over TCP, and a datagram through an association.
//!
//! - `cargo run` prints what can be counted, as Markdown tables. Every run has the same counts.
//!   Only the size of a future can differ between compilers.
//! - `cargo run --release -- --timed` prints instructions, processor time and resident memory.
//! - `cargo run --release -- --record connects.tsv` writes the counts of connects, for the chart.
//! - `cargo run -- --chart ../docs/costs.svg` draws the chart, with the times of datagrams that
//!   `cargo bench` has recorded.
//! - `cargo test` fails if anysocks misses its own numbers or falls behind another crate where it
//!   promises not to, and if the committed records or the chart are out of date.
//!
//! `compare/renew` does all of it. System calls need `strace`, and instructions need `valgrind`:
//! without these programs their numbers are left out.

mod allocated;
mod chart;
mod connects;
mod datagrams;
mod floor;
mod handshakes;
mod order;
mod ratios;
mod request;
mod svg;
#[cfg(test)]
mod tests;
mod watched;

use connects::{CONNECT, rows, timed};
use handshakes::HANDSHAKE;
use order::Order;
use request::{LOGIN, Login};
use std::io::{Error, ErrorKind, Result};
use std::{env, fs};

/// The connects that are pending at once.
const AT_ONCE: usize = 10_000;
const CASES: [(&str, Option<Login>); 2] = [("no authentication", None), ("password", Some(LOGIN))];

fn main() -> Result<()> {
    if let Some(order) = Order::received() {
        carry_out(&order);
        return Ok(());
    }
    let arguments: Vec<_> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => tables(),
        ["--timed"] => timed_tables(),
        ["--record", path] => fs::write(path, connects::record(&rows(AT_ONCE)))?,
        ["--chart", path] => fs::write(path, chart::svg())?,
        _ => {
            let usage = "the arguments are: [--timed | --record PATH | --chart PATH]";
            return Err(Error::new(ErrorKind::InvalidInput, usage));
        }
    }
    Ok(())
}

/// What this process does for another one.
fn carry_out(order: &Order) {
    match &order.words()[..] {
        [CONNECT, words @ ..] => connects::carry_out(words),
        [HANDSHAKE, words @ ..] => handshakes::carry_out(words),
        words => panic!("{words:?} is no order"),
    }
}

fn tables() {
    for (title, login) in CASES {
        println!("## Handshake, {title}\n\n{}", handshakes::markdown(&handshakes::columns(login)));
    }
    println!("## Connect\n\n{}", connects::markdown(&rows(AT_ONCE)));
    println!("## Allocations for a datagram\n\n{}", allocated::markdown(&allocated::rows()));
}

fn timed_tables() {
    for (title, login) in CASES {
        println!("## Instructions of a handshake, {title}\n\n| | |\n|---|---|");
        for (name, count) in handshakes::instructions(login) {
            println!("| {name} | {count} |");
        }
        println!();
    }
    println!("## Connect\n");
    timed::print(AT_ONCE);
}
