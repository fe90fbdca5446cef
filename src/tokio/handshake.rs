//! Handshakes over a stream with tokio's traits.

use super::{Tokio, io};
use crate::error::{Error, ErrorKind};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::conversation::Conversation;
use crate::protocol::established::Established;
use crate::protocol::pause::Pause;
use crate::protocol::request::Request;
use crate::protocol::target::IntoTarget;
use crate::protocol::version::Version;
use crate::reactor::within;
use crate::route::listener::SocksListener;
use crate::route::prepare::prepare_auth;
use crate::runtime::deadline;
use crate::stream::SocksStream;
use crate::stream::driver::{self, Transport};
use crate::stream::handshake::{Handshake, begin_connect};
use crate::trace;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version> SocksStream<S, V, Tokio> {
    #[doc = include_str!("../docs/handshake.md")]
    #[doc(alias("connect_with_socket", "use_stream", "tls"))]
    pub fn handshake<'a>(
        stream: S,
        auth: &'a V::Auth,
        target: impl IntoTarget<'a>,
    ) -> impl Future<Output = Result<Self, Error>> {
        let mut handshake = match V::unprepared(auth) {
            None => Handshake::new(stream, begin_connect::<V>(auth, target)),
            Some(_) => Handshake::Prepared(Box::pin(prepared::<S, V>(stream, auth, target))),
        };
        poll_fn(move |cx| {
            handshake.poll(cx, |cx, stream, conversation| poll_converse(stream, cx, conversation))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, V: Version> SocksListener<S, V, Tokio> {
    #[doc = include_str!("../docs/bind_handshake.md")]
    #[doc(alias = "bind_with_socket")]
    pub async fn handshake<'a>(
        mut stream: S,
        auth: &'a V::Auth,
        expected_peer: impl IntoTarget<'a>,
    ) -> Result<Self, Error> {
        let expected_peer = expected_peer.into_target()?;
        let prepared = prepare::<V>(auth, Command::Bind)
            .await
            .map_err(|error| trace::failed(error.about(&expected_peer)))?;
        let mut conversation = V::bind(prepared.as_ref().unwrap_or(auth), expected_peer)?;
        let first = converse(&mut stream, &mut conversation).await;
        let first = first.map_err(|error| trace::failed(error.about(conversation.target())))?;
        Ok(Self::new(stream, first, None).expecting(conversation.target()))
    }

    #[doc = include_str!("../docs/accept.md")]
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe: the listener keeps what it has received of the second reply.
    pub async fn accept(&mut self) -> Result<(SocksStream<S, V, Tokio>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let reply = request.instrument(converse(stream, second)).await;
        self.accepted(reply)
    }

    #[doc = include_str!("../docs/accept_within.md")]
    pub async fn accept_within(
        &mut self,
        limit: Duration,
    ) -> Result<(SocksStream<S, V, Tokio>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let reply = async {
            let in_time = within::<Tokio, _>(deadline::<Tokio>(limit), converse(stream, second)).await;
            in_time.unwrap_or_else(|| Err(second.failure(ErrorKind::TimedOut)))
        };
        let reply = request.instrument(reply).await;
        self.accepted(reply)
    }
}

/// Holds a handshake with METHODs that are prepared first.
async fn prepared<'a, S: AsyncRead + AsyncWrite + Unpin, V: Version>(
    mut stream: S,
    auth: &V::Auth,
    target: impl IntoTarget<'a>,
) -> Result<(S, Established), Error> {
    let target = target.into_target()?;
    let prepared =
        prepare::<V>(auth, Command::Connect).await.map_err(|error| trace::failed(error.about(&target)))?;
    let mut conversation = V::connect(prepared.as_ref().unwrap_or(auth), target)?;
    let established = converse(&mut stream, &mut conversation).await;
    Ok((stream, established.map_err(|error| trace::failed(error.about(conversation.target())))?))
}

/// Prepares the METHODs of a handshake over a stream. Returns `None` if none has to be prepared.
async fn prepare<V: Version>(auth: &V::Auth, command: Command) -> Result<Option<V::Auth>, Error> {
    let Some(auth) = V::unprepared(auth) else { return Ok(None) };
    prepare_auth::<Tokio>(auth.clone(), command, None).await.map(V::with_prepared)
}

#[doc = include_str!("../docs/converse.md")]
pub async fn converse<S, C>(stream: &mut S, conversation: &mut C) -> Result<C::Outcome, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    poll_fn(|cx| poll_converse(stream, cx, conversation)).await
}

/// Continues the conversation over the stream.
pub(super) fn poll_converse<S, C>(
    stream: &mut S,
    cx: &mut Context<'_>,
    conversation: &mut C,
) -> Poll<Result<C::Outcome, Error>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    driver::poll_converse(cx, &mut AsyncTransport(stream), conversation)
}

/// A stream with tokio's traits, as the driver uses it.
struct AsyncTransport<'s, S>(&'s mut S);

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for AsyncTransport<'_, S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<std::io::Result<usize>> {
        io::poll_read(self.0, cx, buf)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, bytes)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>, pause: &mut Pause) -> Poll<std::io::Result<()>> {
        pause.poll(cx, io::clock).map(Ok)
    }
}
