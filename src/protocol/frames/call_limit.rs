//! The time limit of a single call on an encapsulated stream.

use std::io;
use std::time::Instant;

/// The time limit of a single call on an encapsulated stream, such as a `read`.
///
/// One call can read or write the inner stream several times, each time with the timeout of the
/// socket. The limit applies that timeout to the whole call.
#[allow(unreachable_pub, reason = "the result of a method of a public trait")]
pub trait CallLimit: Send + Sync {
    /// Waits until the inner stream can be read again, in a call that began then and has read it
    /// so many times. Fails like a read that timed out if the timeout passes first.
    fn before_read(&self, began: Instant, reads: usize) -> io::Result<()>;

    /// Does the same for a write.
    fn before_write(&self, began: Instant) -> io::Result<()>;
}
