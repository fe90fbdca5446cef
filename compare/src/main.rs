//! Counts the calls and the memory of a SOCKS5 CONNECT with this crate and with others, and the
//! allocations of a datagram.
//!
//! `cargo run` prints a Markdown table for each case. `cargo run -- --chart ../docs/costs.svg`
//! draws the chart instead, with the times that `cargo bench` has recorded. `cargo test` fails if
//! anysocks misses its own numbers or another crate has better ones, and if the committed chart is
//! out of date. Nothing is timed here, so every run has the same counts. Only the size of a future
//! can differ between compilers.

mod allocated;
mod chart;
mod client;
mod clients;
mod datagrams;
mod fate;
mod measure;
mod ratios;
mod request;
mod script;
mod svg;
mod table;
#[cfg(test)]
mod tests;

use clients::{anysocks, async_socks5, fast_socks5, hyper_util, socks, tokio_socks};
use measure::{Column, column};
use request::{LOGIN, Login};
use std::io::{Error, ErrorKind, Result};
use std::{env, fs};

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => tables(),
        ["--chart", path] => fs::write(path, chart::svg(&columns(None)))?,
        _ => return Err(Error::new(ErrorKind::InvalidInput, "the arguments are: [--chart PATH]")),
    }
    Ok(())
}

fn tables() {
    for (title, login) in [("No authentication", None), ("User name and password", Some(LOGIN))] {
        println!("## {title}\n\n{}", table::markdown(&columns(login)));
    }
    println!("## Allocations for a datagram\n\n{}", allocated::markdown(&allocated::rows()));
}

/// What was counted for each crate, ours first.
fn columns(login: Option<Login>) -> Vec<Column> {
    vec![
        column::<anysocks::Client>(login),
        column::<tokio_socks::Client>(login),
        column::<fast_socks5::Client>(login),
        column::<async_socks5::Bare>(login),
        column::<async_socks5::Buffered>(login),
        column::<hyper_util::Client>(login),
        socks::column(login),
    ]
}
