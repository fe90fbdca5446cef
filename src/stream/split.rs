//! The two directions of a stream, to be owned by two tasks or threads.

use crate::stream::SocksStream;
use std::io;

/// A stream that comes apart into a half to read from and one to write to. The `TcpStream` of every front end does; for another stream,
/// such as TLS, use what its runtime has for all streams (`tokio::io::split`, `futures::io::split`).
pub trait Split {
    /// What is read from.
    type Read;
    /// What is written to.
    type Write;

    /// Takes the stream apart.
    ///
    /// # Errors
    ///
    /// The system can't duplicate the descriptor, where that is how it is done.
    fn split(self) -> io::Result<(Self::Read, Self::Write)>;
}

impl<S: Split, V, F> SocksStream<S, V, F> {
    /// Takes the stream apart into a half to read from and one to write to, which may go to two tasks or threads.
    ///
    /// On tokio, dropping the half to write to ends that direction, as it does with tokio's own; elsewhere the halves are two handles
    /// of one stream, and it ends with the last.
    ///
    /// # Errors
    ///
    /// Those of [`Split::split`].
    #[allow(clippy::type_complexity, reason = "a pair of streams, each of half of S")]
    pub fn into_split(self) -> io::Result<(SocksStream<S::Read, V, F>, SocksStream<S::Write, V, F>)> {
        let Self { inner, bound, frames, marker } = self;
        let (read, write) = inner.split()?;
        Ok((
            SocksStream { inner: read, bound: bound.clone(), frames: frames.clone(), marker },
            SocksStream { inner: write, bound, frames, marker },
        ))
    }
}
