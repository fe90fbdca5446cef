//! The front end for streams with the traits of [futures-io](https://docs.rs/futures-io), of any
//! runtime.
//!
//! It dials nothing: it has `handshake` and [`converse`], over a stream that you bring.
//!
//! ```
//! use anysocks::futures::Socks5Stream;
//! use anysocks::{Auth, Error};
//! use futures_io::{AsyncRead, AsyncWrite};
//!
//! async fn through<S>(stream: S) -> Result<Socks5Stream<S>, Error>
//! where
//!     S: AsyncRead + AsyncWrite + Unpin,
//! {
//!     Socks5Stream::handshake(stream, &Auth::none(), "example.com:443").await
//! }
//! ```
//!
//! Other requests are conversations for [`converse`], such as
//! [`Socks5::resolve`](crate::protocol::Socks5::resolve).

mod handshake;
mod io;

pub use handshake::converse;

use crate::protocol::version::{V4, V5};
use crate::route::listener::SocksListener;
use crate::stream::SocksStream;

/// Identifies the futures-io front end in the types of this crate, such as [`Socks5Stream`].
#[derive(Clone, Copy, Debug)]
pub struct Futures;

/// A stream to a target through a SOCKS5 proxy.
///
/// ```
/// use anysocks::{Auth, Error, futures::Socks5Stream};
/// use futures_io::{AsyncRead, AsyncWrite};
///
/// async fn through<S>(stream: S) -> Result<Socks5Stream<S>, Error>
/// where
///     S: AsyncRead + AsyncWrite + Unpin,
/// {
///     Socks5Stream::handshake(stream, &Auth::none(), "example.com:443").await
/// }
/// ```
///
/// In the headings below, `S` is the inner stream, `V` is [`V5`], and `F` is [`Futures`].
pub type Socks5Stream<S> = SocksStream<S, V5, Futures>;

/// A stream to a target through a SOCKS4 or SOCKS4a proxy.
///
/// ```
/// use anysocks::{Error, UserId, futures::Socks4Stream};
/// use futures_io::{AsyncRead, AsyncWrite};
///
/// async fn through<S>(stream: S) -> Result<Socks4Stream<S>, Error>
/// where
///     S: AsyncRead + AsyncWrite + Unpin,
/// {
///     Socks4Stream::handshake(stream, &UserId::none(), "example.com:443").await
/// }
/// ```
///
/// In the headings below, `S` is the inner stream, `V` is [`V4`], and `F` is [`Futures`].
pub type Socks4Stream<S> = SocksStream<S, V4, Futures>;

/// A SOCKS5 proxy that listens for one connection from a peer (BIND).
///
/// ```
/// use anysocks::{Auth, Error, futures::{Socks5Listener, Socks5Stream}};
/// use futures_io::{AsyncRead, AsyncWrite};
///
/// async fn accept<S>(stream: S) -> Result<Socks5Stream<S>, Error>
/// where
///     S: AsyncRead + AsyncWrite + Unpin,
/// {
///     let peer = "198.51.100.7:0";
///     let mut listener = Socks5Listener::handshake(stream, &Auth::none(), peer).await?;
///     println!("the peer has to connect to {}", listener.bound_addr());
///     let (stream, peer) = listener.accept().await?;
///     Ok(stream)
/// }
/// ```
///
/// In the headings below, `S` is the inner stream, `V` is [`V5`], and `F` is [`Futures`].
pub type Socks5Listener<S> = SocksListener<S, V5, Futures>;

/// A SOCKS4 proxy that listens for one connection from a peer (BIND).
///
/// ```
/// use anysocks::{Error, UserId, futures::{Socks4Listener, Socks4Stream}};
/// use futures_io::{AsyncRead, AsyncWrite};
///
/// async fn accept<S>(stream: S) -> Result<Socks4Stream<S>, Error>
/// where
///     S: AsyncRead + AsyncWrite + Unpin,
/// {
///     let peer = "198.51.100.7:0";
///     let mut listener = Socks4Listener::handshake(stream, &UserId::none(), peer).await?;
///     println!("the peer has to connect to {}", listener.bound_addr());
///     let (stream, peer) = listener.accept().await?;
///     Ok(stream)
/// }
/// ```
///
/// In the headings below, `S` is the inner stream, `V` is [`V4`], and `F` is [`Futures`].
pub type Socks4Listener<S> = SocksListener<S, V4, Futures>;

/// A front end whose streams have the traits of futures-io: this one, smol and async-std.
pub trait FuturesIo: sealed::Sealed {}

impl FuturesIo for Futures {}

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Futures {}
}
