//! A handshake by hand: what no crate can be cheaper than, if it sends each message when the answer
//! to the one before has arrived.
//!
//! One write and one read for each message. It allocates nothing, reads nothing behind the reply,
//! and reports every failure as an I/O error. The request of SOCKS5 is that of `request`.

pub(crate) mod blocking;
pub(crate) mod on_tokio;

use crate::request::{HOST, LOGIN, PORT, USER_ID};
use std::io::{Error, ErrorKind, Result};

const NO_AUTH: &[u8] = &[5, 1, 0];
const NO_AUTH_OR_PASSWORD: &[u8] = &[5, 2, 0, 2];

/// A message on the stack.
struct Message {
    bytes: [u8; 263],
    len: usize,
}

impl Message {
    fn of(parts: &[&[u8]]) -> Self {
        let (mut bytes, mut len) = ([0; 263], 0);
        for part in parts {
            bytes[len..len + part.len()].copy_from_slice(part);
            len += part.len();
        }
        Self { bytes, len }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn request() -> Message {
    Message::of(&[&[5, 1, 0, 3, length(HOST)], HOST.as_bytes(), &PORT.to_be_bytes()])
}

fn password() -> Message {
    let (name, password) = (LOGIN.name, LOGIN.password);
    Message::of(&[&[1, length(name)], name.as_bytes(), &[length(password)], password.as_bytes()])
}

fn socks4a_request() -> Message {
    let [high, low] = PORT.to_be_bytes();
    Message::of(&[&[4, 1, high, low, 0, 0, 0, 1], USER_ID.as_bytes(), &[0], HOST.as_bytes(), &[0]])
}

fn length(text: &str) -> u8 {
    u8::try_from(text.len()).expect("a short text")
}

/// The length of a reply whose first bytes these are.
fn reply_length(start: &[u8; 10]) -> Result<usize> {
    match *start {
        [5, 0, _, 1, ..] => Ok(10),
        [5, 0, _, 4, ..] => Ok(22),
        // A shorter one would leave bytes of the target in the first read.
        [5, 0, _, 3, len @ 3..=255, ..] => Ok(7 + usize::from(len)),
        _ => Err(refused()),
    }
}

fn expect(answer: [u8; 2], granted: [u8; 2]) -> Result<()> {
    if answer == granted { Ok(()) } else { Err(refused()) }
}

fn refused() -> Error {
    ErrorKind::ConnectionRefused.into()
}
