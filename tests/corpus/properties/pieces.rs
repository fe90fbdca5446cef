//! Moves bytes through a pump, in pieces of chosen sizes.

use anysocks::protocol::{FrameError, Incoming, Outgoing};

/// The most that a pump reads at once.
const READ_AHEAD: usize = 1 << 16;

/// The frames of a proxy, and how a driver reads them.
pub(crate) struct Reads<'a> {
    pub(crate) wire: &'a [u8],
    /// After so many reads, the tunnel begins.
    pub(crate) handshake: usize,
    /// The sizes of reads in turn. 0 means all offered bytes.
    pub(crate) sizes: &'a [u8],
}

impl Reads<'_> {
    /// Returns the plain bytes, and whether a frame is refused.
    ///
    /// `missing` is how many bytes a handshake may read behind those that were read.
    pub(crate) fn drain(&self, incoming: &mut Incoming, missing: impl Fn(&[u8]) -> usize) -> (Vec<u8>, bool) {
        let mut next_size = cycle(self.sizes);
        let (mut plain, mut at, mut reads) = (Vec::new(), 0, 0);
        loop {
            if take(incoming, &mut plain, &mut next_size).is_err() {
                // It stays failed, and what comes later is not read.
                incoming.take(&mut [0; 8]).expect_err("a pump that has failed");
                return (plain, true);
            }
            if at == self.wire.len() {
                return (plain, false);
            }
            if reads == self.handshake {
                incoming.read_ahead();
            }
            let room = incoming.room();
            assert!((1..=READ_AHEAD).contains(&room.len()), "{} bytes", room.len());
            if reads < self.handshake {
                // Of the frame that is not whole, as far as its length is known.
                let missing = missing(&self.wire[..at]);
                assert!(room.len() <= missing, "{} bytes, and {missing} are missing", room.len());
            }
            reads += 1;
            let n = next_size().min(room.len()).min(self.wire.len() - at);
            room[..n].copy_from_slice(&self.wire[at..at + n]);
            incoming.filled(n);
            at += n;
        }
    }
}

/// Takes all that is there, in pieces.
fn take(
    incoming: &mut Incoming,
    plain: &mut Vec<u8>,
    next_size: &mut impl FnMut() -> usize,
) -> Result<(), FrameError> {
    let mut buf = [0; 300];
    loop {
        let size = next_size().min(buf.len());
        match incoming.take(&mut buf[..size])? {
            0 => return Ok(()),
            n => plain.extend(&buf[..n]),
        }
    }
}

/// Seals all of `plain`, and returns what leaves in writes of these sizes.
pub(crate) fn seal(outgoing: &mut Outgoing, plain: &[u8], sizes: &[u8]) -> Vec<u8> {
    let mut next_size = cycle(sizes);
    let (mut rest, mut wire) = (plain, Vec::new());
    while !rest.is_empty() {
        let n = outgoing.put(rest).expect("a frame");
        assert!((1..=rest.len()).contains(&n));
        rest = &rest[n..];
        while !outgoing.pending().is_empty() {
            let n = next_size().min(outgoing.pending().len());
            wire.extend(&outgoing.pending()[..n]);
            outgoing.sent(n);
        }
    }
    wire
}

/// The sizes in turn. 0 means all.
pub(crate) fn cycle(sizes: &[u8]) -> impl FnMut() -> usize + use<'_> {
    let mut sizes = sizes.iter().cycle();
    move || match sizes.next() {
        None | Some(0) => usize::MAX,
        Some(size) => usize::from(*size),
    }
}
