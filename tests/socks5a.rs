//! SOCKS5a on every driver and front end: records of TOL with a codec of the tests, and all
//! METHODs against the reference server.

#[path = "socks5a/chains.rs"]
mod chains;
#[path = "socks5a/datagrams.rs"]
mod datagrams;
#[path = "socks5a/eaf_faults.rs"]
mod eaf_faults;
#[path = "socks5a/factors.rs"]
mod factors;
mod fronts;
#[cfg(feature = "futures-io")]
#[path = "socks5a/futures.rs"]
mod futures;
#[cfg(feature = "tokio")]
#[path = "socks5a/layers.rs"]
mod layers;
#[path = "connector/messages.rs"]
mod messages;
#[path = "socks5a/orders.rs"]
mod orders;
#[path = "socks5a/parts.rs"]
mod parts;
#[path = "socks5a/records.rs"]
mod records;
#[path = "support/socks5a/mod.rs"]
mod reference;
#[path = "socks5a/relayed.rs"]
mod relayed;
#[path = "socks5a/replies.rs"]
mod replies;
#[path = "connector/scene.rs"]
mod scene;
#[path = "socks5a/sequence_faults.rs"]
mod sequence_faults;
#[path = "socks5a/sessions.rs"]
mod sessions;
#[path = "socks5a/sockets.rs"]
mod sockets;
#[path = "socks5a/streams.rs"]
mod streams;
mod support;
#[path = "socks5a/tol_faults.rs"]
mod tol_faults;
#[path = "socks5a/transcripts.rs"]
mod transcripts;
#[path = "connector/ways.rs"]
mod ways;

#[path = "socks5a/addresses.rs"]
mod addresses;
#[path = "socks5a/addresses_refused.rs"]
mod addresses_refused;
#[path = "socks5a/client.rs"]
mod client;
#[path = "socks5a/client_ends.rs"]
mod client_ends;
#[path = "socks5a/client_replies.rs"]
mod client_replies;
#[path = "socks5a/client_routes.rs"]
mod client_routes;
#[path = "socks5a/extended.rs"]
mod extended;
#[path = "socks5a/fallback.rs"]
mod fallback;
#[path = "socks5a/fallback_routes.rs"]
mod fallback_routes;
#[path = "socks5a/keep_alive.rs"]
mod keep_alive;
#[path = "socks5a/keep_alive_ends.rs"]
mod keep_alive_ends;
use anysocks::socks5a::{Jitter, Obfuscation, Psk, Tol};
use anysocks::{Auth, Proxy};
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) const TARGET: &str = "a.b:80";
pub(crate) const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
pub(crate) const REPLY: &[u8] = b"\x05\x00\x00\x03\x03xyz\x30\x39";

pub(crate) fn all() -> [Obfuscation; 5] {
    let jitter = Jitter::uniform(Duration::ZERO..=Duration::from_millis(2)).expect("a range");
    [
        Obfuscation::None,
        Obfuscation::Padding,
        Obfuscation::Jitter(jitter),
        Obfuscation::Masking,
        Obfuscation::Full(jitter),
    ]
}

pub(crate) fn auth(obfuscation: Obfuscation) -> Auth {
    let psk = Psk::new(records::PSK).expect("32 bytes");
    Tol::new(obfuscation).psk(psk).auth().expect("a key")
}

pub(crate) fn at(addr: SocketAddr, obfuscation: Obfuscation) -> Proxy {
    Proxy::socks5(addr).and_then(|proxy| proxy.auth(auth(obfuscation))).expect("a proxy")
}

pub(crate) fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251).to_le_bytes()[0] ^ (at / 251).to_le_bytes()[0]).collect()
}
