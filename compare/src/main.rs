//! Counts the calls and the memory of a SOCKS5 CONNECT with this crate and with others, and the
//! allocations of a datagram.
//!
//! `cargo run` prints a Markdown table for each case. `cargo run -- --chart ../docs/costs.svg`
//! draws the chart instead, with the times that `cargo bench` has recorded. `cargo test` fails if
//! anysocks misses its own numbers or another crate has better ones, and if the committed chart is
//! out of date. Nothing is timed here, so every run has the same counts. Only the size of a future
//! can differ between compilers.

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

use connects::ways;
use datagrams::allocated;
use order::Order;
use request::LOGIN;
use std::io::{Error, ErrorKind, Result};
use std::{env, fs};

fn main() -> Result<()> {
    if let Some(order) = Order::received() {
        carry_out(&order);
        return Ok(());
    }
    let arguments: Vec<_> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => tables(),
        ["--quick", what, filter] => quick(what, filter),
        ["--chart", path] => fs::write(path, chart::svg(&handshakes::columns(None)))?,
        _ => return Err(Error::new(ErrorKind::InvalidInput, "the arguments are: [--chart PATH]")),
    }
    Ok(())
}

/// What this process does for another one.
fn carry_out(order: &Order) {
    match &order.words()[..] {
        [connects::CONNECT, words @ ..] => connects::carry_out(words),
        [handshakes::HANDSHAKE, words @ ..] => handshakes::carry_out(words),
        words => panic!("{words:?} is no order"),
    }
}

fn quick(what: &str, filter: &str) {
    let proxy = connects::Proxy::start(connects::Manner::AtOnce);
    let ways = ways(proxy.addr);
    let mut cpu = vec![];
    if what == "mem" {
        for login in [None, Some(LOGIN)] {
            println!("{:?}", handshakes::instructions(login));
        }
        return;
    }
    for (i, w) in ways.iter().enumerate() {
        let name = format!("{:?} | {} | {}", w.front_end, w.case.title(), w.name);
        if !name.contains(filter) {
            continue;
        }
        match what {
            "sys" => println!("{name} | {:?}", connects::system_calls(i)),
            "alloc" => println!("{name} | {} allocations, future {:?}", w.allocations(), w.future),
            "held" => {
                if w.front_end == connects::FrontEnd::Tokio {
                    println!("{name} | {:?}", connects::pending(i, 10_000))
                }
            }
            "instr" => println!("{name} | {:?}", connects::instructions(i)),
            _ => cpu.push(i),
        }
    }
    if what == "cpu" {
        let times = connects::processor_time(&cpu);
        let med = |v: Vec<f64>| {
            let mut v = v;
            v.sort_by(f64::total_cmp);
            v[v.len() / 2]
        };
        for (k, i) in cpu.iter().enumerate() {
            let w = &ways[*i];
            let base = cpu
                .iter()
                .position(|j| {
                    ways[*j].case == w.case
                        && ways[*j].front_end == w.front_end
                        && ways[*j].role == connects::Role::Floor
                })
                .unwrap();
            println!(
                "{:?} | {} | {} | {:.1} us | {:.3}",
                w.front_end,
                w.case.title(),
                w.name,
                med(times[k].clone()),
                med(times[k].iter().zip(&times[base]).map(|(a, b)| a / b).collect())
            );
        }
    }
}

fn tables() {
    for (title, login) in [("No authentication", None), ("User name and password", Some(LOGIN))] {
        println!("## {title}\n\n{}", handshakes::markdown(&handshakes::columns(login)));
    }
    println!("## Allocations for a datagram\n\n{}", allocated::markdown(&allocated::rows()));
}
