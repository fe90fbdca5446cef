//! The front end for streams of [futures-io](::futures_io)'s traits, of any runtime: `handshake` and `converse`, without dialling. What else can be asked of
//! a proxy is a conversation: [`Socks5::resolve`](crate::protocol::Socks5::resolve), for one.
//!
//! ```
//! use anysocks::futures::Socks5Stream;
//! use anysocks::{Auth, Error};
//! use futures_io::{AsyncRead, AsyncWrite};
//!
//! async fn through<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<Socks5Stream<S>, Error> {
//!     Socks5Stream::handshake(stream, &Auth::none(), "example.com:443").await
//! }
//! ```

mod io;

use crate::error::Error;
use crate::protocol::address::Address;
use crate::protocol::conversation::Conversation;
use crate::protocol::driver::{Transport, poll_converse};
use crate::protocol::target::Target;
use crate::protocol::version::{V4, V5, Version, begin_bind, begin_connect};
use crate::route::listener::SocksListener;
use crate::stream::SocksStream;
use crate::stream::handshake::Handshake;
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Any runtime whose streams have the traits of futures-io, as the front end of a [`SocksStream`].
#[derive(Clone, Copy, Debug)]
pub struct Futures;

/// A stream through a SOCKS5 proxy.
pub type Socks5Stream<S> = SocksStream<S, V5, Futures>;

/// A stream through a SOCKS4 or SOCKS4a proxy.
pub type Socks4Stream<S> = SocksStream<S, V4, Futures>;

/// A SOCKS5 proxy that listens for a peer.
pub type Socks5Listener<S> = SocksListener<S, V5, Futures>;

/// A SOCKS4 proxy that listens for a peer.
pub type Socks4Listener<S> = SocksListener<S, V4, Futures>;

/// The front ends whose streams have the traits of futures-io.
pub trait FuturesIo: sealed::Sealed {}

impl FuturesIo for Futures {}

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version, F: FuturesIo> SocksStream<S, V, F> {
    #[doc = include_str!("../docs/handshake.md")]
    pub fn handshake<'a>(
        stream: S,
        auth: &'a V::Auth,
        target: impl TryInto<Target<'a>, Error: Into<Error>>,
    ) -> impl Future<Output = Result<Self, Error>> {
        let mut handshake = Handshake::new(stream, begin_connect::<V>(auth, target));
        poll_fn(move |cx| {
            handshake.poll(|stream, conversation| poll_converse(cx, &mut Polled(stream), conversation))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version, F: FuturesIo> SocksListener<S, V, F> {
    #[doc = include_str!("../docs/bind_handshake.md")]
    pub async fn handshake<'a>(
        mut stream: S,
        auth: &'a V::Auth,
        expected_peer: impl TryInto<Target<'a>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        let mut conversation = begin_bind::<V>(auth, expected_peer)?;
        let first = converse(&mut stream, &mut conversation).await?;
        Ok(Self::new(stream, first, None))
    }

    #[doc = include_str!("../docs/accept.md")]
    ///
    /// Cancel-safe: what came of the second reply is kept in the listener.
    pub async fn accept(&mut self) -> Result<(SocksStream<S, V, F>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let reply = request.watch(converse(stream, second)).await;
        self.accepted(reply)
    }
}

#[doc = include_str!("../docs/converse.md")]
pub async fn converse<S, C>(stream: &mut S, conversation: &mut C) -> Result<C::Outcome, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    poll_fn(|cx| poll_converse(cx, &mut Polled(stream), conversation)).await
}

/// A stream with the traits of futures-io.
struct Polled<'s, S>(&'s mut S);

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for Polled<'_, S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_read(cx, buf)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, bytes)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }
}

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Futures {}
}
