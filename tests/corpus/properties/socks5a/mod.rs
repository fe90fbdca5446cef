//! SOCKS5a. The codecs of the reference server, which share no code with the client, are the
//! reference here too.

pub(crate) mod commands;
pub(crate) mod eaf;
pub(crate) mod records;
pub(crate) mod refusals;

#[path = "../../../support/socks5a/keys.rs"]
#[allow(dead_code, reason = "the reference server uses the rest")]
mod keys;
#[path = "../../../support/socks5a/message.rs"]
#[allow(dead_code, reason = "the reference server uses the rest")]
mod message;
#[path = "../../../support/socks5a/metadata.rs"]
#[allow(dead_code, reason = "the reference server uses the rest")]
mod metadata;
#[path = "../../../support/socks5a/random.rs"]
#[allow(dead_code, reason = "the reference server uses the rest")]
mod random;
#[path = "../../../support/socks5a/record.rs"]
#[allow(dead_code, reason = "the reference server uses the rest")]
mod record;

use anysocks::socks5a::{Psk, Sequence};
use anysocks::{Auth, Credentials, Target};
use keys::Keys;
use std::sync::LazyLock;

const PSK: [u8; 16] = *b"a pre-shared key";
const REPLY: &[u8] = b"\x05\x00\x00\x01\xC0\x00\x02\x07\x30\x39";
/// The answers to a [`sequence`] whose only METHOD is left out.
const NEGOTIATED: &[u8] = b"\x05\x82\x05\x00";

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::of(&PSK));

fn psk() -> Psk {
    Psk::new(PSK).expect("16 bytes")
}

fn target() -> Target<'static> {
    "a.b:80".try_into().expect("a target")
}

/// A sequence whose only METHOD the proxy leaves out, so that SOCKS5a's replies follow at once.
fn sequence() -> Auth {
    let credentials = Credentials::new("user", "password").expect("short ones");
    let sequence = Sequence::new().optionally(credentials).expect("one METHOD");
    sequence.auth().expect("a METHOD")
}
