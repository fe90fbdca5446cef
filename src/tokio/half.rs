//! The half of a split stream that is read from.

use crate::stream::split::Split;
use std::io::Result;
use std::ops::{Deref, DerefMut};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// The read half of a split stream: tokio's own half `H`, which can't write.
///
/// `into_split` of a [`Socks5Stream`](crate::tokio::Socks5Stream) returns a stream over it. It
/// dereferences to `H`:
///
/// ```no_run
/// use anysocks::tokio::Socks5Stream;
///
/// # async fn example() -> std::io::Result<()> {
/// let stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80").await?;
/// let (read, write) = stream.into_split()?;
/// println!("through {}", read.get_ref().peer_addr()?);
/// # Ok(()) }
/// ```
///
/// On an encapsulated stream, a read through this half does not send sealed bytes that were not
/// flushed. Flush the write half.
#[derive(Debug)]
pub struct ReadHalf<H>(pub(crate) H);

impl<H> ReadHalf<H> {
    /// Returns tokio's half.
    pub fn into_inner(self) -> H {
        self.0
    }
}

impl<H> Deref for ReadHalf<H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.0
    }
}

impl<H> DerefMut for ReadHalf<H> {
    fn deref_mut(&mut self) -> &mut H {
        &mut self.0
    }
}

impl Split for TcpStream {
    type Read = ReadHalf<OwnedReadHalf>;
    type Write = OwnedWriteHalf;

    fn split(self) -> Result<(Self::Read, OwnedWriteHalf)> {
        let (read, write) = self.into_split();
        Ok((ReadHalf(read), write))
    }
}

#[cfg(unix)]
impl Split for tokio::net::UnixStream {
    type Read = ReadHalf<tokio::net::unix::OwnedReadHalf>;
    type Write = tokio::net::unix::OwnedWriteHalf;

    fn split(self) -> Result<(Self::Read, Self::Write)> {
        let (read, write) = self.into_split();
        Ok((ReadHalf(read), write))
    }
}
