//! What a SOCKS5 CONNECT costs with this crate and with others, counted side by side, and what is allocated for a datagram.
//!
//! `cargo run` prints a Markdown table for each case. `cargo test` fails where anysocks does not keep its own numbers, or is behind.
//! Nothing is timed here, which `cargo bench` does, so each run counts the same; but how large a future is, the compiler decides, and a new one may decide anew.

mod allocated;
mod client;
mod clients;
mod datagrams;
mod fate;
mod measure;
mod request;
mod script;
mod table;
#[cfg(test)]
mod tests;

use clients::{anysocks, async_socks5, fast_socks5, hyper_util, socks, tokio_socks};
use measure::{Column, column};
use request::{LOGIN, Login};

fn main() {
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
