//! A SOCKS5 CONNECT over a stream in memory: its calls, its memory, and the reaction to unusual
//! answers.

mod canned;
mod client;
mod clients;
mod fate;
mod instructions;
mod measure;
mod script;
mod table;

use crate::request::Login;
use clients::{anysocks, async_socks5, better_socks, fast_socks5, hyper_util, socks, tokio_socks};
pub(crate) use instructions::{HANDSHAKE, carry_out, instructions};
pub(crate) use measure::Column;
use measure::column;
pub(crate) use table::markdown;

/// What was counted for each crate, ours first.
pub(crate) fn columns(login: Option<Login>) -> Vec<Column> {
    vec![
        column::<anysocks::Client>(login),
        column::<tokio_socks::Client>(login),
        column::<better_socks::Client>(login),
        column::<fast_socks5::Client>(login),
        column::<async_socks5::Bare>(login),
        column::<async_socks5::Buffered>(login),
        column::<hyper_util::Client<_>>(login),
        socks::column(login),
    ]
}
