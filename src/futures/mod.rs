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
//!
//! # Custom METHODs
//!
//! This front end has no runtime, so it has neither threads nor a clock:
//!
//! - A METHOD that needs a [preparation](crate::Auth::prepared_method) is prepared by the caller,
//!   with [`Auth::prepare`](crate::Auth::prepare) before each handshake. That call may block.
//! - An encapsulation that delays its frames needs a clock of its own:
//!   [`Seal::clock`](crate::protocol::Seal::clock).

mod client;
pub(crate) mod handshake;
mod io;

pub use client::Socks5Client;
pub use handshake::converse;

use crate::error::Error;
use crate::error::invalid::Invalid;
use crate::protocol::command::Command;
use crate::protocol::pause::{Clock, Pause};
use crate::protocol::socks5::Auth;
use crate::protocol::version::{V4, V5};
use crate::route::listener::SocksListener;
use crate::stream::SocksStream;
use std::task::{Context, Poll};

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
pub trait FuturesIo: sealed::Sealed {
    /// Its clock, if it has one.
    #[doc(hidden)]
    const CLOCK: Option<Clock>;

    /// Prepares METHODs, if it has a runtime to do so.
    #[doc(hidden)]
    fn prepare(auth: Auth, command: Command) -> impl Future<Output = Result<Auth, Error>> + Send + Sync;
}

impl FuturesIo for Futures {
    const CLOCK: Option<Clock> = None;

    async fn prepare(auth: Auth, _: Command) -> Result<Auth, Error> {
        auth.check_prepared().map(|()| auth)
    }
}

/// Waits by the clock of the front end, or else by the clock of the encapsulation.
fn poll_pause<F: FuturesIo>(cx: &mut Context<'_>, pause: &mut Pause) -> Poll<std::io::Result<()>> {
    match F::CLOCK.or(pause.clock()) {
        Some(clock) => pause.poll(cx, clock).map(Ok),
        None => Poll::Ready(Err(Error::from(Invalid::NoClock).into())),
    }
}

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Futures {}
}
