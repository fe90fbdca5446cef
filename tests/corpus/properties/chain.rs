//! Chains: the input is the proxies, the early data, the chunks, and then the bytes of all proxies.
//! The same input makes a chain with encapsulations, and what its proxies answer.

use super::conversation::{Heard, Reason, Reference};
use super::dice::Dice;
use super::numbered::{self, CODE, Layer};
use super::scripted::{self, Failed, Opened, Outcome};
use super::{socks4, socks5};
use anysocks::{Auth, Chain, Proxy, Stage, Target};
use std::net::SocketAddr;

/// Behind the first proxy.
const BEHIND: [[u8; 4]; 2] = [[192, 0, 2, 2], [192, 0, 2, 3]];
const EARLY: [u8; 255] = [0xEA; 255];

pub(crate) fn holds(input: &[u8]) {
    anything(Dice(input));
    encapsulated(Dice(input));
}

enum Hop {
    V4(socks4::Client),
    V5(socks5::Client),
}

impl Hop {
    fn roll(dice: &mut Dice<'_>, target: Option<Target<'static>>) -> Self {
        if dice.byte() % 3 == 0 {
            let (user_id, rolled) = (dice.text(), dice.target());
            let target = target.unwrap_or(rolled);
            // SOCKS4 has no IPv6.
            let target = if target.ip().is_some_and(|ip| ip.is_ipv6()) { address(BEHIND[0]) } else { target };
            return Self::V4(socks4::Client { user_id, target });
        }
        let mut client = socks5::Client::from(dice);
        client.target = target.unwrap_or(client.target);
        Self::V5(client)
    }

    fn proxy(&self, endpoint: impl Into<anysocks::Endpoint>) -> Proxy {
        let endpoint = endpoint.into();
        let proxy = match self {
            Self::V4(client) => Proxy::socks4(endpoint).and_then(|proxy| proxy.user_id(&*client.user_id)),
            Self::V5(client) => Proxy::socks5(endpoint).and_then(|proxy| proxy.auth(client.auth())),
        };
        proxy.expect("a proxy").timeout(None)
    }

    const fn target(&self) -> &Target<'static> {
        match self {
            Self::V4(client) => &client.target,
            Self::V5(client) => &client.target,
        }
    }

    fn reference(&self) -> &dyn Reference {
        match self {
            Self::V4(client) => client,
            Self::V5(client) => client,
        }
    }

    fn offers_own(&self) -> bool {
        matches!(self, Self::V5(client) if client.offers_own())
    }
}

fn address(ip: [u8; 4]) -> Target<'static> {
    Target::try_from(SocketAddr::from((ip, 1080))).expect("a target")
}

/// The chain of these proxies. The first is dialled.
fn chain(mut proxies: impl Iterator<Item = Proxy>) -> Chain {
    let first = Chain::from(proxies.next().expect("a proxy"));
    proxies.fold(first, |chain, proxy| chain.then(proxy).expect("a chain")).timeout(None)
}

/// Any bytes, against the references of the proxies one after the other.
fn anything(mut dice: Dice<'_>) {
    let count = 2 + usize::from(dice.byte() % 2);
    let early = usize::from(dice.byte());
    let target = |n: usize| (n + 1 < count).then(|| address(BEHIND[n]));
    let hops: Vec<_> = (0..count).map(|n| Hop::roll(&mut dice, target(n))).collect();
    let proxies = hops.iter().enumerate().map(|(n, hop)| match n.checked_sub(1) {
        None => hop.proxy(scripted::endpoint()),
        Some(n) => hop.proxy(SocketAddr::from((BEHIND[n], 1080))),
    });
    let (chain, chunks, wire) = (chain(proxies), dice.chunks(), dice.0);
    let last = &hops[count - 1];
    // With a custom METHOD there can be none.
    let early = if last.offers_own() { &[][..] } else { &EARLY[..early] };
    let (said, expected) = follow(&hops, wire);
    for sizes in [&[0][..], &[1], chunks] {
        let outcome = scripted::connect(&chain, last.target(), early, wire, sizes);
        let (messages, behind) = outcome.said.split_at(said.len());
        assert_eq!(messages, said, "in chunks of {sizes:?}");
        assert!(early.starts_with(behind), "in chunks of {sizes:?}");
        match &expected {
            Ok((at, bound)) => {
                assert_eq!((outcome.read, behind.len()), (*at, early.len()), "in chunks of {sizes:?}");
                let opened = Opened { bound: bound.clone(), tail: Ok(wire[*at..].to_vec()) };
                assert_eq!(outcome.ended, Ok(opened), "in chunks of {sizes:?}");
            }
            Err((hop, stage, reason)) => {
                let failed = Failed::Proxy(Some(*hop), (*stage, reason.clone()));
                assert_eq!(outcome.ended, Err(failed), "in chunks of {sizes:?}");
            }
        }
    }
}

type Followed = Result<(usize, String), (usize, Stage, Reason)>;

/// The client's messages, and the result.
fn follow(hops: &[Hop], wire: &[u8]) -> (Vec<u8>, Followed) {
    let (mut said, mut at, mut last) = (Vec::new(), 0, String::new());
    for (n, hop) in hops.iter().enumerate() {
        let (heard, messages) = hop.reference().read(&wire[at..]);
        said.extend(messages.concat());
        match heard {
            Heard::Open { at: more, bound } => {
                at += more;
                last = bound;
            }
            Heard::Failed((stage, reason)) | Heard::Refused { failure: (stage, reason), .. } => {
                return (said, Err((n + 1, stage, reason)));
            }
            Heard::Wants { stage, received, .. } => {
                return (said, Err((n + 1, stage, Reason::EndedEarly(received))));
            }
        }
    }
    (said, Ok((at, last)))
}

/// A proxy of SOCKS5, with an encapsulation or without METHOD.
struct Layered {
    layer: Option<Layer>,
    reply: Vec<u8>,
    /// The code, unless it is 0.
    refused: Option<u8>,
    bound: String,
}

impl Layered {
    fn roll(dice: &mut Dice<'_>) -> Self {
        let layer = (dice.byte() % 4 != 0).then(|| {
            let (key, capacity, empty) = (dice.byte(), dice.byte(), dice.byte());
            Layer { key, capacity: 24 + usize::from(capacity), empty: empty % 2 }
        });
        let code = if dice.byte() % 8 == 0 { dice.byte() } else { 0 };
        let bound = dice.target();
        let mut reply = socks5::Client::bare(1, bound.clone()).request();
        reply[1] = code;
        Self { layer, reply, refused: Some(code).filter(|code| *code != 0), bound: bound.to_string() }
    }

    fn proxy(&self, endpoint: impl Into<anysocks::Endpoint>) -> Proxy {
        let auth = self.layer.map_or_else(Auth::none, Layer::auth);
        let proxy = Proxy::socks5(endpoint).and_then(|proxy| proxy.auth(auth));
        proxy.expect("a proxy").timeout(None)
    }

    fn open(&self, wire: &[u8]) -> Vec<u8> {
        let Some(layer) = self.layer else { return wire.to_vec() };
        let (plain, whole, is_refused) = numbered::opened(layer.key, wire);
        assert!(whole == wire.len() && !is_refused, "frames that are not whole");
        plain
    }
}

/// What the proxies answer arrives as if there were no encapsulations, in any chunks. One changed
/// byte has the same result in all chunks.
fn encapsulated(mut dice: Dice<'_>) {
    let hops: Vec<_> = (0..2 + dice.byte() % 2).map(|_| Layered::roll(&mut dice)).collect();
    let (flip, at) = (dice.byte(), u16::from_be_bytes(dice.array()));
    let (target, chunks) = (dice.target(), dice.chunks());
    let tail = &dice.0[..dice.0.len().min(100)];
    let sent = on_the_wire(&hops, tail);
    let proxies = hops.iter().enumerate().map(|(n, hop)| match n.checked_sub(1) {
        None => hop.proxy(scripted::endpoint()),
        Some(n) => hop.proxy(SocketAddr::from((BEHIND[n], 1080))),
    });
    let chain = chain(proxies);
    let alike = |wire: &[u8]| -> Outcome {
        let outcomes = [&[0][..], &[1], chunks].map(|sizes| {
            // How far it was read depends on the chunks, because a tunnel's frames are read ahead.
            Outcome { read: 0, ..scripted::connect(&chain, &target, &[], wire, sizes) }
        });
        let [whole, bytes, chunks] = outcomes;
        assert_eq!(whole, bytes);
        assert_eq!(whole, chunks);
        whole
    };
    let outcome = alike(&sent);
    if let Some((hop, code)) = hops.iter().enumerate().find_map(|(n, hop)| Some((n + 1, hop.refused?))) {
        let failure = (Stage::Request, Reason::Refused(code));
        assert_eq!(outcome.ended, Err(Failed::Proxy(Some(hop), failure)));
    } else {
        let bound = hops.last().map(|hop| hop.bound.clone()).unwrap_or_default();
        assert_eq!(outcome.ended, Ok(Opened { bound, tail: Ok(tail.to_vec()) }));
        assert_said(&hops, &target, &outcome.said);
    }
    let mut changed = sent;
    let at = usize::from(at) % changed.len();
    changed[at] ^= flip;
    alike(&changed);
}

/// What the proxies send. Each message has frames of its own: a proxy must not speak before it is
/// asked.
fn on_the_wire(hops: &[Layered], tail: &[u8]) -> Vec<u8> {
    let (mut sealers, mut sent) = (Vec::new(), Vec::new());
    let mut put = |sealers: &mut [numbered::Sealer], message: &[u8]| {
        let inside = |plain: Vec<u8>, sealer: &mut numbered::Sealer| numbered::sealed_by(sealer, &plain);
        sent.extend(sealers.iter_mut().rev().fold(message.to_vec(), inside));
    };
    for hop in hops {
        put(&mut sealers, &[5, if hop.layer.is_some() { CODE } else { 0 }]);
        sealers.extend(hop.layer.map(Layer::sealer));
        put(&mut sealers, &hop.reply);
    }
    put(&mut sealers, tail);
    sent
}

/// Every proxy gets its greeting and its request, and the rest is the next one's.
fn assert_said(hops: &[Layered], target: &Target<'static>, said: &[u8]) {
    let mut said = said.to_vec();
    for (n, hop) in hops.iter().enumerate() {
        let target = if n + 1 < hops.len() { address(BEHIND[n]) } else { target.clone() };
        assert_eq!(said[..3], [5, 1, if hop.layer.is_some() { CODE } else { 0 }]);
        let inside = hop.open(&said[3..]);
        let request = socks5::Client::bare(1, target).request();
        let (own, behind) = inside.split_at(request.len());
        assert_eq!(own, request);
        said = behind.to_vec();
    }
    assert_eq!(said, b"", "behind the last request");
}
