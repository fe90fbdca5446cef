//! The front end for [tokio](https://tokio.rs).
//!
//! ```no_run
//! use anysocks::tokio::Socks5Stream;
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80").await?;
//! stream.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n").await?;
//! # let mut page = String::new();
//! stream.read_to_string(&mut page).await?;
//! # Ok(()) }
//! ```
//!
//! # Panics
//!
//! Connecting requires a tokio runtime with I/O and time enabled. Without one, tokio panics, as it
//! does for its own sockets.

mod half;
mod handshake;
mod io;
#[cfg(feature = "quinn")]
pub(crate) mod peers;
#[cfg(not(feature = "quinn"))]
#[path = "no_peers.rs"]
mod peers;
mod runtime;
#[cfg(test)]
mod tests;
mod udp;

pub use half::ReadHalf;
pub use handshake::converse;

use crate::reactor::{one_proxy_calls, types};
use ::tokio::net::TcpStream;

/// Identifies the tokio front end in the types of this crate, such as [`Socks5Stream`].
#[derive(Clone, Copy, Debug)]
pub struct Tokio;

types!(Tokio, TcpStream, "tokio");
one_proxy_calls!(Tokio, TcpStream);
