//! Payloads, and their way to an echo and back.

use super::blocked::{Tunnel, send};
use std::io::{Read, Write};
use std::thread;

/// Bytes in which what was lost, repeated or moved would show.
pub(crate) fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251).to_le_bytes()[0] ^ (at / 251).to_le_bytes()[0]).collect()
}

/// Sends a payload of this length, which comes back.
pub(crate) fn assert_echoed(stream: &mut dyn Tunnel, len: usize) {
    let payload = payload(len);
    send(stream, &payload).expect("an open stream");
    let mut heard = vec![0; len];
    stream.read_exact(&mut heard).expect("an echo");
    assert!(heard == payload, "an echo of {len} bytes is not what was sent");
}

/// Sends a payload of this length by one half, which comes back by the other at the same time.
pub(crate) fn assert_echoed_by_halves(mut read: impl Read, mut write: impl Write + Send, len: usize) {
    let payload = payload(len);
    let mut heard = vec![0; len];
    thread::scope(|scope| {
        scope.spawn(|| {
            write.write_all(&payload).expect("an open stream");
            write.flush().expect("an open stream");
        });
        read.read_exact(&mut heard).expect("an echo");
    });
    assert!(heard == payload, "an echo of {len} bytes is not what was sent");
}
