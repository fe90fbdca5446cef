//! GSS-API (RFC 1961) with a mechanism of the tests: the negotiation, its refusals, and protected
//! streams and datagrams.

#[path = "gssapi/faults.rs"]
mod faults;
mod fronts;
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
#[path = "gssapi/sockets.rs"]
mod sockets;
mod support;
#[path = "connector/ways.rs"]
mod ways;

use anysocks::Error;
use anysocks::gssapi::{self, Level};

pub(crate) const TARGET: &str = "a.b:80";
pub(crate) const REQUEST: &[u8] = b"\x05\x01\x00\x03\x03a.b\x00\x50";
pub(crate) const REPLY: &[u8] = b"\x05\x00\x00\x03\x03xyz\x30\x39";

/// The levels; `None` is authentication only.
pub(crate) const LEVELS: [Option<Level>; 3] = [None, Some(Level::Integrity), Some(Level::Confidentiality)];
pub(crate) const PROTECTED: [Option<Level>; 2] = [Some(Level::Integrity), Some(Level::Confidentiality)];

/// The error of GSS-API in this one.
pub(crate) fn found(error: &Error) -> &gssapi::Error {
    gssapi::Error::of(error).unwrap_or_else(|| panic!("no error of GSS-API: {error:?}"))
}
