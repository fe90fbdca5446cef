//! Datagrams one at a time from a socket that gives several at once.

use super::incoming::RecvBatch;
use super::receive;
use socket2::Socket;
use std::io;

/// Where the plain receive of a socket with [`coalesce`](super::coalesce) on takes its datagrams from: what came together is kept here
/// and comes out one at a time.
#[derive(Debug)]
pub(crate) struct Inbox {
    message: RecvBatch,
    taken: usize,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self { message: RecvBatch::new(1), taken: 0 }
    }

    /// Whether [`next`](Self::next) has to ask the socket.
    pub(crate) fn is_empty(&self) -> bool {
        self.taken >= self.message.len()
    }

    /// The next raw datagram: one that is here, or else from the socket.
    ///
    /// # Errors
    ///
    /// As for a plain receive.
    pub(crate) fn next(&mut self, socket: &Socket) -> io::Result<&[u8]> {
        if self.is_empty() {
            self.taken = 0;
            receive(socket, &mut self.message)?;
        }
        self.taken += 1;
        Ok(self.message.nth(self.taken - 1).unwrap_or_default())
    }

    /// Hands all that is here over as what a batch received, and says how many datagrams that is.
    pub(crate) fn move_to(&mut self, batch: &mut RecvBatch) -> usize {
        batch.fill(self.message.raw().skip(self.taken));
        self.taken = self.message.len();
        batch.len()
    }
}
