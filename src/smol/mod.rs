//! The front end for [smol](https://docs.rs/smol).
//!
//! ```no_run
//! use anysocks::smol::Socks5Stream;
//! # use smol::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # smol::block_on(async {
//! let mut stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80").await?;
//! stream.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n").await?;
//! # let mut page = String::new();
//! stream.read_to_string(&mut page).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(()) });
//! ```
//!
//! The inner stream is `smol::net::TcpStream`, that is, [`async_net::TcpStream`].
//!
//! [`async_net::TcpStream`]: https://docs.rs/async-net/latest/async_net/struct.TcpStream.html

mod io;
mod runtime;
#[cfg(test)]
mod tests;

pub use crate::futures::converse;

use crate::reactor::{one_proxy_calls, types};
use ::async_net::TcpStream;

/// Identifies the smol front end in the types of this crate, such as [`Socks5Stream`].
#[derive(Clone, Copy, Debug)]
pub struct Smol;

types!(Smol, TcpStream, "smol");
one_proxy_calls!(Smol, TcpStream);
