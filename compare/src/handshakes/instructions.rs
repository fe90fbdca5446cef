//! The instructions of a handshake in memory.

use super::canned::Canned;
use super::client::Client;
use super::clients::{anysocks, async_socks5, better_socks, by_hand, fast_socks5, hyper_util, tokio_socks};
use super::measure::finish;
use crate::order::Order;
use crate::request::{LOGIN, Login};
use crate::watched;
use std::pin::pin;

/// The word in front of the orders of a process.
pub(crate) const HANDSHAKE: &str = "handshake";

/// Has a number of handshakes, one after the other.
type Repeat = fn(Option<Login>, usize);

/// Those whose instructions are counted.
const CLIENTS: &[(&str, Repeat)] = &[
    named::<by_hand::Client>(),
    named::<anysocks::Client>(),
    named::<tokio_socks::Client>(),
    named::<better_socks::Client>(),
    named::<fast_socks5::Client>(),
    named::<async_socks5::Bare>(),
    named::<async_socks5::Buffered>(),
    named::<hyper_util::Client<_>>(),
];

const fn named<C: Client<Canned>>() -> (&'static str, Repeat) {
    (C::NAME, repeat::<C>)
}

/// The names, with the instructions of one handshake. Empty: there is no `valgrind`.
pub(crate) fn instructions(login: Option<Login>) -> Vec<(&'static str, usize)> {
    let count = |client: &str| {
        let order = |number: usize| {
            let client = CLIENTS.iter().position(|(name, _)| *name == client).expect("a client");
            Order::new([HANDSHAKE, &client.to_string(), word(login), &number.to_string()])
        };
        watched::instructions(order, [1000, 3000])
    };
    CLIENTS.iter().map_while(|(name, _)| Some((*name, count(name)?))).collect()
}

/// Carries out an order of [`instructions`], but for its first word.
pub(crate) fn carry_out(words: &[&str]) {
    let [client, with, number] = *words else { panic!("{words:?} is no order") };
    let login = [None, Some(LOGIN)].into_iter().find(|login| word(*login) == with).expect("a login");
    let (_, repeat) = CLIENTS[client.parse::<usize>().expect("a place")];
    repeat(login, number.parse().expect("a number"));
}

fn word(login: Option<Login>) -> &'static str {
    if login.is_some() { "password" } else { "none" }
}

fn repeat<C: Client<Canned>>(login: Option<Login>, number: usize) {
    const REPLY: &[u8] = &super::script::GRANTED;
    let messages: &[&[u8]] = match login {
        None => &[&[5, 0], REPLY],
        Some(_) => &[&[5, 2], &[1, 0], REPLY],
    };
    let mut client = C::new(login);
    for _ in 0..number {
        finish(pin!(client.handshake(Canned::new(messages)))).expect("a tunnel");
    }
}
