//! Early data: the input is the client, how much early data there is, the chunks, and then the
//! proxy's bytes.

use super::conversation::{Heard, Reason, Reference};
use super::dice::Dice;
use super::scripted::{self, Failed, Opened};
use super::{socks4, socks5};
use anysocks::{Chain, Proxy, Target};
use std::sync::LazyLock;

/// What is sent together with the request at most.
const LIMIT: usize = 1 << 16;

static EARLY: LazyLock<Vec<u8>> = LazyLock::new(|| (0..200_000_u32).map(|n| (n % 251) as u8).collect());

pub(crate) fn holds(input: &[u8]) {
    let mut dice = Dice(input);
    let early = match dice.byte() {
        long @ 0xF0.. => 10_000 * usize::from(long - 0xEF),
        short => usize::from(short),
    };
    let early = &EARLY[..early];
    if dice.byte() % 4 == 0 {
        let client = socks4::Client { user_id: dice.text(), target: dice.target() };
        if client.target.ip().is_none_or(|ip| ip.is_ipv4()) {
            let proxy = Proxy::socks4(scripted::endpoint()).expect("a proxy");
            let proxy = proxy.user_id(&*client.user_id).expect("a user id");
            check(&proxy, &client.target, &client, early, &mut dice);
        }
        return;
    }
    let client = socks5::Client::from(&mut dice);
    if !client.offers_own() {
        let proxy = Proxy::socks5(scripted::endpoint()).expect("a proxy");
        let proxy = proxy.auth(client.auth()).expect("a proxy of SOCKS5");
        check(&proxy, &client.target, &client, early, &mut dice);
    }
}

fn check(proxy: &Proxy, target: &Target<'_>, reference: &impl Reference, early: &[u8], dice: &mut Dice<'_>) {
    let (chain, chunks, wire) = (Chain::from(proxy.clone().timeout(None)), dice.chunks(), dice.0);
    let (heard, messages) = reference.read(wire);
    let messages = messages.concat();
    for sizes in [&[0][..], &[1], chunks] {
        // Byte by byte, much of it would take long.
        let early = if sizes == [0] { early } else { &early[..early.len().min(1000)] };
        let outcome = scripted::connect(&chain, target, early, wire, sizes);
        let (said, behind) = outcome.said.split_at(messages.len());
        assert_eq!(said, messages, "in chunks of {sizes:?}");
        assert!(early.starts_with(behind), "in chunks of {sizes:?}");
        match &heard {
            Heard::Open { at, bound } => {
                assert_eq!((outcome.read, behind.len()), (*at, early.len()), "in chunks of {sizes:?}");
                let opened = Opened { bound: bound.clone(), tail: Ok(wire[*at..].to_vec()) };
                assert_eq!(outcome.ended, Ok(opened), "in chunks of {sizes:?}");
            }
            Heard::Failed(failure) | Heard::Refused { failure, .. } => {
                assert!(behind.len() <= LIMIT);
                assert_eq!(outcome.ended, Err(Failed::Proxy(None, failure.clone())));
            }
            Heard::Wants { stage, received, .. } => {
                assert!(behind.len() <= LIMIT);
                let failure = (*stage, Reason::EndedEarly(*received));
                assert_eq!(outcome.ended, Err(Failed::Proxy(None, failure)));
            }
        }
    }
}
