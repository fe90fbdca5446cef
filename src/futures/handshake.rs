//! Handshakes over a stream with the traits of futures-io.

use super::FuturesIo;
use crate::error::Error;
use crate::protocol::address::Address;
use crate::protocol::conversation::Conversation;
use crate::protocol::target::Target;
use crate::protocol::version::{Version, begin_bind, begin_connect};
use crate::route::listener::SocksListener;
use crate::stream::SocksStream;
use crate::stream::driver::{Transport, poll_converse};
use crate::stream::handshake::Handshake;
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version, F: FuturesIo> SocksStream<S, V, F> {
    #[doc = include_str!("../docs/handshake.md")]
    #[doc(alias("connect_with_socket", "use_stream", "tls"))]
    pub fn handshake<'a>(
        stream: S,
        auth: &'a V::Auth,
        target: impl TryInto<Target<'a>, Error: Into<Error>>,
    ) -> impl Future<Output = Result<Self, Error>> {
        let mut handshake = Handshake::new(stream, begin_connect::<V>(auth, target));
        poll_fn(move |cx| {
            handshake
                .poll(|stream, conversation| poll_converse(cx, &mut AsyncTransport(stream), conversation))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version, F: FuturesIo> SocksListener<S, V, F> {
    #[doc = include_str!("../docs/bind_handshake.md")]
    #[doc(alias = "bind_with_socket")]
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
    /// # Cancel safety
    ///
    /// This method is cancel safe: the listener keeps what it has received of the second reply.
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
    poll_fn(|cx| poll_converse(cx, &mut AsyncTransport(stream), conversation)).await
}

/// A stream with the traits of futures-io, as the driver uses it.
struct AsyncTransport<'s, S>(&'s mut S);

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for AsyncTransport<'_, S> {
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
