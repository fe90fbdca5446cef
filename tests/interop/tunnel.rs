//! A connection through a proxy, the same for all front ends.

use std::io;
use std::time::Duration;

use anysocks::Address;

/// The timeout of a handshake, and of an exchange of bytes. None takes a tenth of it, except Tor's
/// timeouts and a Tor network on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What a front end has opened.
pub(crate) struct Opened {
    /// The stream's `bound_addr`.
    pub(crate) bound: Address,
    pub(crate) tunnel: Box<dyn Tunnel>,
}

/// A stream of a front end with blocking calls. Each call fails after [`DEADLINE`].
pub(crate) trait Tunnel {
    /// Sends all of `say` and receives at the same time: the given number of bytes, or with `None`
    /// all until the end.
    fn exchange(&mut self, say: &[u8], hear: Option<usize>) -> io::Result<Vec<u8>>;

    /// Ends the direction to the destination.
    fn finish(&mut self) -> io::Result<()>;
}

/// Closes one direction after the stream was flushed and closed by its I/O traits: those of
/// async-std do not shut the socket down, and the standard library has no such trait.
pub(crate) trait HalfClose {
    fn half_close(&mut self) -> io::Result<()>;
}

impl<S: HalfClose, V, F> HalfClose for anysocks::SocksStream<S, V, F> {
    fn half_close(&mut self) -> io::Result<()> {
        self.get_mut().half_close()
    }
}

/// The limit of [`io::Read::take`] for the bytes to receive.
pub(crate) fn limit(hear: Option<usize>) -> u64 {
    hear.map_or(u64::MAX, |count| count as u64)
}

/// Returns the received bytes, if their number is right.
pub(crate) fn whole(heard: Vec<u8>, hear: Option<usize>) -> io::Result<Vec<u8>> {
    match hear {
        Some(count) if heard.len() < count => {
            let message = format!("the end came after {} of {count} bytes", heard.len());
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, message))
        }
        _ => Ok(heard),
    }
}
