//! Splitting a stream into owned halves, for two tasks or threads.

use crate::stream::SocksStream;
use std::io;

/// A stream that can be split into an owned read half and an owned write half.
///
/// The `TcpStream` of every front end implements it. For other streams, such as TLS, use
/// `tokio::io::split` or `futures::io::split`.
pub trait Split {
    /// The half that is read from.
    type Read;
    /// The half that is written to.
    type Write;

    /// Splits the stream.
    ///
    /// # Errors
    ///
    /// - An error of the system: it can't duplicate the descriptor. Only the blocking front end
    ///   needs a duplicate.
    fn split(self) -> io::Result<(Self::Read, Self::Write)>;
}

impl<S: Split, V, F> SocksStream<S, V, F> {
    /// Splits the stream into a read half and a write half, for two tasks or threads.
    ///
    /// On tokio, dropping the write half shuts that direction down, as with tokio's own halves. On
    /// the other front ends the halves are two handles of one socket, which closes with the last.
    ///
    /// # Errors
    ///
    /// - Those of [`Split::split`].
    #[allow(clippy::type_complexity, reason = "a pair of streams, each of half of S")]
    pub fn into_split(self) -> io::Result<(SocksStream<S::Read, V, F>, SocksStream<S::Write, V, F>)> {
        let Self { inner, bound, shared, marker } = self;
        let (read, write) = inner.split()?;
        Ok((
            SocksStream { inner: read, bound: bound.clone(), shared: shared.clone(), marker },
            SocksStream { inner: write, bound, shared, marker },
        ))
    }
}
