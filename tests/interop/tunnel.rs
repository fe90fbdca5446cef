//! A connection through a proxy, the same for all front ends.

use std::io;
use std::time::Duration;

use anysocks::Address;

/// How long a handshake may take, and an exchange of bytes. Nothing here takes a tenth of it, but for Tor's timeouts and a Tor network on a
/// busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// What a front end has opened.
pub(crate) struct Opened {
    /// The stream's `bound_addr`.
    pub(crate) bound: Address,
    pub(crate) tunnel: Box<dyn Tunnel>,
}

/// A stream of some front end, to talk through in a blocking way. Each call fails after [`DEADLINE`].
pub(crate) trait Tunnel {
    /// Sends all of `say`, and meanwhile receives: so many bytes, or where that is `None` all until the end.
    fn exchange(&mut self, say: &[u8], hear: Option<usize>) -> io::Result<Vec<u8>>;

    /// Ends the direction to the destination.
    fn finish(&mut self) -> io::Result<()>;
}

/// What is left to do for the end of one direction when the stream was flushed and closed as its I/O traits do it:
/// those of async-std leave the socket as it is, and the standard library has no such trait.
pub(crate) trait HalfClose {
    fn half_close(&mut self) -> io::Result<()>;
}

impl<S: HalfClose, V, F> HalfClose for anysocks::SocksStream<S, V, F> {
    fn half_close(&mut self) -> io::Result<()> {
        self.get_mut().half_close()
    }
}

/// The limit of what to hear, as [`io::Read::take`] wants it.
pub(crate) fn limit(hear: Option<usize>) -> u64 {
    hear.map_or(u64::MAX, |count| count as u64)
}

/// What was heard, if that is as much as it should be.
pub(crate) fn whole(heard: Vec<u8>, hear: Option<usize>) -> io::Result<Vec<u8>> {
    match hear {
        Some(count) if heard.len() < count => {
            let message = format!("the end came after {} of {count} bytes", heard.len());
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, message))
        }
        _ => Ok(heard),
    }
}
