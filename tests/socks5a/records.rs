//! Records, as the proxy writes and reads them.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io::{self, Read, Write};

/// The pre-shared key of `tests/vectors/socks5a.json`.
pub(crate) const PSK: [u8; 32] = {
    let (mut psk, mut at) = ([0x10; 32], 0_u8);
    while at < 32 {
        psk[at as usize] += at;
        at += 1;
    }
    psk
};

/// The session key that these vectors have for it.
const KEY: [u8; 32] = [
    0x49, 0xE5, 0x34, 0x1F, 0x08, 0xB3, 0x2F, 0x19, 0x87, 0x0B, 0x8D, 0x24, 0x5C, 0x89, 0xA0, 0x98, 0xE8,
    0x2C, 0x65, 0xCC, 0x46, 0xFB, 0x89, 0x3C, 0xF7, 0x56, 0x43, 0x39, 0x78, 0xB6, 0xD8, 0x99,
];

fn signed(body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&KEY).expect("any length");
    mac.update(body);
    [&mac.finalize().into_bytes()[..2], body].concat()
}

fn body(code: u8, rand: &[u8], data: &[u8]) -> Vec<u8> {
    [&[code, u8::try_from(rand.len()).expect("a short RAND")], rand, data].concat()
}

/// A record of a stream.
pub(crate) fn record(code: u8, rand: &[u8], message: &[u8]) -> Vec<u8> {
    let len = u16::try_from(message.len()).expect("a short message").to_be_bytes();
    signed(&body(code, rand, &[&len, message].concat()))
}

/// A record that is a datagram.
pub(crate) fn datagram(code: u8, rand: &[u8], message: &[u8]) -> Vec<u8> {
    signed(&body(code, rand, message))
}

/// TYPE, RAND and MESSAGE of a datagram.
pub(crate) fn opened(datagram: &[u8]) -> (u8, &[u8], &[u8]) {
    let body = &datagram[2..];
    assert_eq!(signed(body), datagram, "a wrong SIG");
    let (rand, message) = body[2..].split_at(body[1].into());
    (body[0], rand, message)
}

/// The proxy's end of a stream. It checks each record, and drops those without content.
pub(crate) struct Wire<S> {
    pub(crate) stream: S,
    /// TYPE, RAND and the length of MESSAGE of each record that was read.
    pub(crate) read: Vec<(u8, Vec<u8>, usize)>,
    plain: Vec<u8>,
    written: u8,
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, read: Vec::new(), plain: Vec::new(), written: 0 }
    }
}

impl<S: Read> Read for Wire<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.plain.is_empty() {
            let mut header = [0; 4];
            if self.stream.read(&mut header[..1])? == 0 {
                return Ok(0);
            }
            self.stream.read_exact(&mut header[1..])?;
            let mut rand = vec![0; header[3].into()];
            self.stream.read_exact(&mut rand)?;
            let mut len = [0; 2];
            self.stream.read_exact(&mut len)?;
            let mut message = vec![0; u16::from_be_bytes(len).into()];
            self.stream.read_exact(&mut message)?;
            assert_eq!(record(header[2], &rand, &message)[..2], header[..2], "a wrong SIG");
            assert!(message.len() <= 16_384, "a message of {} bytes", message.len());
            self.read.push((header[2], rand, message.len()));
            self.plain = message;
        }
        let n = buf.len().min(self.plain.len());
        buf[..n].copy_from_slice(&self.plain[..n]);
        self.plain.drain(..n);
        Ok(n)
    }
}

/// Each record is of another type, with a record without content before it.
impl<S: Write> Write for Wire<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        for part in buf.chunks(60_000) {
            self.written = (self.written + 1) % 5;
            let rand = vec![7; 50 * usize::from(self.written)];
            let both = [record(3, b"", b""), record(self.written, &rand, part)].concat();
            self.stream.write_all(&both)?;
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
