//! Single datagrams from a socket with coalescing.

use super::incoming::RecvBatch;
use super::receive;
use socket2::Socket;
use std::io;

/// The buffer from which a plain receive takes one datagram at a time, after
/// [`coalesce`](super::coalesce).
#[derive(Debug)]
pub(crate) struct Inbox {
    message: RecvBatch,
    taken: usize,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self { message: RecvBatch::new(1), taken: 0 }
    }

    /// Returns whether no datagram is buffered, so that [`next`](Self::next) must receive.
    pub(crate) fn is_empty(&self) -> bool {
        self.taken >= self.message.len()
    }

    /// Returns the next raw datagram, from the buffer or from the socket.
    ///
    /// # Errors
    ///
    /// - Those of a plain receive.
    pub(crate) fn next(&mut self, socket: &Socket) -> io::Result<&mut [u8]> {
        if self.is_empty() {
            self.taken = 0;
            receive(socket, &mut self.message)?;
        }
        self.taken += 1;
        Ok(self.message.nth_mut(self.taken - 1).unwrap_or_default())
    }

    /// Moves all buffered datagrams to a batch, and returns their number.
    pub(crate) fn move_to(&mut self, batch: &mut RecvBatch) -> usize {
        batch.fill(self.message.raw().skip(self.taken));
        self.taken = self.message.len();
        batch.len()
    }
}
