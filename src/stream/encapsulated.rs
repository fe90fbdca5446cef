//! The error of taking the inner stream out of an encapsulated one.

use std::{error, fmt};

/// The error of [`SocksStream::into_inner`](crate::SocksStream::into_inner) for an encapsulated
/// stream. It contains that stream.
///
/// The inner stream carries the frames of an encapsulation. Bytes that bypass the encapsulation
/// would not be protected, and the proxy could not read them. Use the stream as it is, or take it
/// apart with [`SocksStream::into_parts`](crate::SocksStream::into_parts).
///
/// ```
/// use anysocks::blocking::Socks5Stream;
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
///
/// trait Stream: Read + Write {}
/// impl<S: Read + Write> Stream for S {}
///
/// /// Avoids the cost of the outer type where there is no encapsulation.
/// fn boxed(stream: Socks5Stream<TcpStream>) -> Box<dyn Stream> {
///     match stream.into_inner() {
///         Ok(inner) => Box::new(inner),
///         Err(encapsulated) => Box::new(encapsulated.into_stream()),
///     }
/// }
/// ```
pub struct Encapsulated<T>(pub(super) T);

impl<T> Encapsulated<T> {
    /// Returns the stream.
    pub fn into_stream(self) -> T {
        self.0
    }
}

impl<T> fmt::Display for Encapsulated<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the stream is encapsulated: use it as it is, or take it apart with `SocksStream::into_parts`",
        )
    }
}

impl<T> fmt::Debug for Encapsulated<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encapsulated(..): {self}")
    }
}

impl<T> error::Error for Encapsulated<T> {}
