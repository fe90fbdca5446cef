//! The halves of smol's stream. Reading and writing are those of futures-io.

use crate::stream::split::Split;
use async_net::TcpStream;
use std::io;

impl Split for TcpStream {
    type Read = Self;
    type Write = Self;

    fn split(self) -> io::Result<(Self, Self)> {
        Ok((self.clone(), self))
    }
}
