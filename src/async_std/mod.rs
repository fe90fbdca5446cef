//! The front end for [async-std](https://docs.rs/async-std).
//!
//! async-std is discontinued. For new code, use [smol](https://docs.rs/smol): it has a front end
//! with the same names.
//!
//! ```no_run
//! use anysocks::async_std::Socks5Stream;
//! # use async_std::prelude::*;
//!
//! # async_std::task::block_on(async {
//! let mut stream = Socks5Stream::connect("127.0.0.1:1080", "example.com:80").await?;
//! stream.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n").await?;
//! # let mut page = String::new();
//! # use futures_io::AsyncRead;
//! # use async_std::io::ReadExt;
//! stream.read_to_string(&mut page).await?;
//! # Ok::<(), Box<dyn std::error::Error>>(()) });
//! ```
//!
//! # Half-close
//!
//! `close` on a stream of async-std sends no FIN, with or without a proxy. To half-close the
//! connection, call `stream.get_ref().shutdown(Shutdown::Write)`.

mod io;
mod runtime;
#[cfg(test)]
mod tests;

pub use crate::futures::converse;

use crate::reactor::{one_proxy_calls, types};
use ::async_std::net::TcpStream;

/// Identifies the async-std front end in the types of this crate, such as [`Socks5Stream`].
#[derive(Clone, Copy, Debug)]
pub struct AsyncStd;

types!(AsyncStd, TcpStream, "async_std");
one_proxy_calls!(AsyncStd, TcpStream);
