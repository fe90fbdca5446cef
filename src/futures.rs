//! The front end for streams of [futures-io](::futures_io)'s traits, of any runtime: `handshake` and `converse`, without dialling. What else can be asked of
//! a proxy is a conversation: [`Socks5::resolve`](crate::Socks5::resolve), for one.
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

use crate::address::Address;
use crate::conversation::{Conversation, Scratch, Step};
use crate::error::Error;
use crate::fair::STEPS_AT_ONCE;
use crate::handshake::Handshake;
use crate::listener::SocksListener;
use crate::stream::SocksStream;
use crate::target::Target;
use crate::version::{V4, V5, Version, begin_bind, begin_connect};
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

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
    #[doc = include_str!("docs/handshake.md")]
    pub fn handshake<'a>(
        stream: S,
        auth: &'a V::Auth,
        target: impl TryInto<Target<'a>, Error: Into<Error>>,
    ) -> impl Future<Output = Result<Self, Error>> {
        let mut handshake = Handshake::new(stream, begin_connect::<V>(auth, target));
        poll_fn(move |cx| handshake.poll(|stream, talk| poll_converse(cx, stream, talk)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version, F: FuturesIo> SocksListener<S, V, F> {
    #[doc = include_str!("docs/bind_handshake.md")]
    pub async fn handshake<'a>(
        mut stream: S,
        auth: &'a V::Auth,
        expected_peer: impl TryInto<Target<'a>, Error: Into<Error>>,
    ) -> Result<Self, Error> {
        let mut talk = begin_bind::<V>(auth, expected_peer)?;
        let first = converse(&mut stream, &mut talk).await?;
        Ok(Self::new(stream, first, None))
    }

    #[doc = include_str!("docs/accept.md")]
    ///
    /// Cancel-safe: what came of the second reply is kept in the listener.
    pub async fn accept(&mut self) -> Result<(SocksStream<S, V, F>, Address), Error> {
        let (stream, second, request) = self.waiting()?;
        let heard = request.watch(converse(stream, second)).await;
        self.accepted(heard)
    }
}

#[doc = include_str!("docs/converse.md")]
pub async fn converse<S, C>(stream: &mut S, talk: &mut C) -> Result<C::Outcome, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    poll_fn(|cx| poll_converse(cx, stream, talk)).await
}

/// The driver: one read or write after the other, as the conversation wants them.
fn poll_converse<S, C>(cx: &mut Context<'_>, stream: &mut S, talk: &mut C) -> Poll<Result<C::Outcome, Error>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    for _ in 0..STEPS_AT_ONCE {
        let mut scratch = Scratch::new();
        let moved = match talk.step(&mut scratch) {
            Step::Write(bytes) => ready!(Pin::new(&mut *stream).poll_write(cx, bytes)),
            Step::Read(buf) => match ready!(Pin::new(&mut *stream).poll_flush(cx)) {
                Ok(()) if buf.is_empty() => Ok(0),
                Ok(()) => ready!(Pin::new(&mut *stream).poll_read(cx, buf)),
                Err(error) => Err(error),
            },
            Step::Done(outcome) => return Poll::Ready(Ok(outcome)),
        };
        talk.report(moved)?;
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Futures {}
}
