//! GSS-API (RFC 1961) with a mechanism of the tests: the negotiation, its refusals, and protected
//! streams and datagrams.

#[path = "association/scene.rs"]
mod association;
#[path = "gssapi/datagrams.rs"]
mod datagrams;
#[path = "gssapi/faults.rs"]
mod faults;
mod fronts;
#[path = "gssapi/mechanisms.rs"]
mod mechanisms;
#[path = "connector/messages.rs"]
mod messages;
#[path = "gssapi/negotiation.rs"]
mod negotiation;
#[path = "gssapi/preparation.rs"]
mod preparation;
#[path = "gssapi/refusals.rs"]
mod refusals;
#[path = "connector/scene.rs"]
mod scene;
#[path = "gssapi/streams.rs"]
mod streams;
mod support;
#[path = "connector/ways.rs"]
mod ways;

use anysocks::gssapi::{self, Level};
use anysocks::{Error, Proxy};
use std::net::SocketAddr;
use support::methods::gssapi::Play;

pub(crate) const TARGET: &str = "a.b:80";
pub(crate) const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
pub(crate) const REPLY: &[u8] = b"\x05\x00\x00\x03\x03xyz\x30\x39";

/// The levels; `None` is authentication only.
pub(crate) const LEVELS: [Option<Level>; 3] = [None, Some(Level::Integrity), Some(Level::Confidentiality)];
pub(crate) const PROTECTED: [Option<Level>; 2] = [Some(Level::Integrity), Some(Level::Confidentiality)];

/// Two messages of the client are known: the level and the request.
pub(crate) const KNOWN: u32 = 2;

/// A proxy at this address, whose clients use the mechanism.
pub(crate) fn at(addr: SocketAddr, play: &Play) -> Proxy {
    let gssapi = play.fake.at(play.level).service("rcmd@gw.example");
    Proxy::socks5(addr).and_then(|proxy| proxy.gssapi(gssapi)).expect("a proxy")
}

/// The error of GSS-API in this one.
pub(crate) fn found(error: &Error) -> &gssapi::Error {
    gssapi::Error::of(error).unwrap_or_else(|| panic!("no error of GSS-API: {error:?}"))
}
