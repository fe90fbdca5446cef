//! Handshakes over a stream with the traits of futures-io.

use super::{Futures, FuturesIo, poll_pause};
use crate::error::Error;
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::conversation::Conversation;
use crate::protocol::established::Established;
use crate::protocol::pause::Pause;
use crate::protocol::request::Request;
use crate::protocol::target::IntoTarget;
use crate::protocol::version::Version;
use crate::route::listener::SocksListener;
use crate::stream::SocksStream;
use crate::stream::driver::{self, Transport};
use crate::stream::handshake::{Handshake, begin_connect};
use crate::trace;
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version, F: FuturesIo> SocksStream<S, V, F> {
    #[doc = include_str!("../docs/handshake.md")]
    #[doc(alias("connect_with_socket", "use_stream", "tls"))]
    pub fn handshake<'a>(
        stream: S,
        auth: &'a V::Auth,
        target: impl IntoTarget<'a>,
    ) -> impl Future<Output = Result<Self, Error>> {
        let mut handshake = match V::unprepared(auth) {
            None => Handshake::new(stream, begin_connect::<V>(auth, target)),
            Some(_) => Handshake::Prepared(Box::pin(prepared::<S, V, F>(stream, auth, target))),
        };
        poll_fn(move |cx| {
            handshake.poll(cx, |cx, stream, conversation| poll_converse::<F, _, _>(stream, cx, conversation))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version, F: FuturesIo> SocksListener<S, V, F> {
    #[doc = include_str!("../docs/bind_handshake.md")]
    #[doc(alias = "bind_with_socket")]
    pub async fn handshake<'a>(
        mut stream: S,
        auth: &'a V::Auth,
        expected_peer: impl IntoTarget<'a>,
    ) -> Result<Self, Error> {
        let expected_peer = expected_peer.into_target()?;
        let prepared = prepare::<F, V>(auth, Command::Bind)
            .await
            .map_err(|error| trace::failed(error.about(&expected_peer)))?;
        let mut conversation = V::bind(prepared.as_ref().unwrap_or(auth), expected_peer)?;
        let first = converse_on::<F, _, _>(&mut stream, &mut conversation).await;
        let first = first.map_err(|error| trace::failed(error.about(conversation.target())))?;
        Ok(Self::new(stream, first, None).expecting(conversation.target()))
    }

    #[doc = include_str!("../docs/accept.md")]
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: the listener keeps what it has received of the second reply.
    pub async fn accept(&mut self) -> Result<(SocksStream<S, V, F>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let reply = request.instrument(converse_on::<F, _, _>(stream, second)).await;
        self.accepted(reply)
    }
}

/// Holds a handshake with METHODs that are prepared first.
async fn prepared<'a, S: AsyncRead + AsyncWrite + Unpin, V: Version, F: FuturesIo>(
    mut stream: S,
    auth: &V::Auth,
    target: impl IntoTarget<'a>,
) -> Result<(S, Established), Error> {
    let target = target.into_target()?;
    let prepared =
        prepare::<F, V>(auth, Command::Connect).await.map_err(|error| trace::failed(error.about(&target)))?;
    let mut conversation = V::connect(prepared.as_ref().unwrap_or(auth), target)?;
    let established = converse_on::<F, _, _>(&mut stream, &mut conversation).await;
    Ok((stream, established.map_err(|error| trace::failed(error.about(conversation.target())))?))
}

/// Prepares the METHODs of a handshake. Returns `None` if none has to be prepared.
async fn prepare<F: FuturesIo, V: Version>(
    auth: &V::Auth,
    command: Command,
) -> Result<Option<V::Auth>, Error> {
    match V::unprepared(auth) {
        Some(auth) => F::prepare(auth.clone(), command).await.map(V::with_prepared),
        None => Ok(None),
    }
}

#[doc = include_str!("../docs/converse.md")]
pub async fn converse<S, C>(stream: &mut S, conversation: &mut C) -> Result<C::Outcome, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    converse_on::<Futures, _, _>(stream, conversation).await
}

/// The same, with the clock of this front end.
pub(crate) async fn converse_on<F, S, C>(stream: &mut S, conversation: &mut C) -> Result<C::Outcome, Error>
where
    F: FuturesIo,
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    poll_fn(|cx| poll_converse::<F, _, _>(stream, cx, conversation)).await
}

/// Continues the conversation over the stream.
pub(crate) fn poll_converse<F, S, C>(
    stream: &mut S,
    cx: &mut Context<'_>,
    conversation: &mut C,
) -> Poll<Result<C::Outcome, Error>>
where
    F: FuturesIo,
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    driver::poll_converse(cx, &mut AsyncTransport(stream, PhantomData::<F>), conversation)
}

/// A stream with the traits of futures-io, as the driver uses it.
struct AsyncTransport<'s, S, F>(&'s mut S, PhantomData<F>);

impl<S: AsyncRead + AsyncWrite + Unpin, F: FuturesIo> Transport for AsyncTransport<'_, S, F> {
    fn poll_pause(&mut self, cx: &mut Context<'_>, pause: &mut Pause) -> Poll<std::io::Result<()>> {
        poll_pause::<F>(cx, pause)
    }

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
