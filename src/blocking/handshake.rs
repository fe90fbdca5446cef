//! Handshakes over a stream that blocks.

use super::Blocking;
use super::block_on::block_on;
use super::wait::{DeadlineStream, late, sleep};
use crate::error::{Error, Stage};
use crate::protocol::address::Address;
use crate::protocol::command::Command;
use crate::protocol::conversation::Conversation;
use crate::protocol::pause::Pause;
use crate::protocol::request::Request;
use crate::protocol::target::IntoTarget;
use crate::protocol::version::Version;
use crate::route::listener::SocksListener;
use crate::runtime::{self, Deadline};
use crate::stream::SocksStream;
use crate::stream::driver::{Transport, poll_converse};
use crate::trace;
use std::future::poll_fn;
use std::io::{Read, Result as IoResult, Write};
use std::net::TcpStream;
use std::task::{Context, Poll};
use std::time::Duration;

impl<S: Read + Write, V: Version> SocksStream<S, V, Blocking> {
    #[doc = include_str!("../docs/handshake.md")]
    #[doc(alias("connect_with_socket", "use_stream", "tls"))]
    pub fn handshake<'a>(
        mut stream: S,
        auth: &'a V::Auth,
        target: impl IntoTarget<'a>,
    ) -> Result<Self, Error> {
        let target = target.into_target()?;
        let prepared =
            prepare::<V>(auth, Command::Connect).map_err(|error| trace::failed(error.about(&target)))?;
        let mut conversation = V::connect(prepared.as_ref().unwrap_or(auth), target)?;
        let established = converse(&mut stream, &mut conversation);
        let established = established.map_err(|error| trace::failed(error.about(conversation.target())))?;
        Ok(Self::new(stream, established))
    }
}

impl<S: Read + Write, V: Version> SocksListener<S, V, Blocking> {
    #[doc = include_str!("../docs/bind_handshake.md")]
    #[doc(alias = "bind_with_socket")]
    pub fn handshake<'a>(
        mut stream: S,
        auth: &'a V::Auth,
        expected_peer: impl IntoTarget<'a>,
    ) -> Result<Self, Error> {
        let expected_peer = expected_peer.into_target()?;
        let prepared =
            prepare::<V>(auth, Command::Bind).map_err(|error| trace::failed(error.about(&expected_peer)))?;
        let mut conversation = V::bind(prepared.as_ref().unwrap_or(auth), expected_peer)?;
        let first = converse(&mut stream, &mut conversation);
        let first = first.map_err(|error| trace::failed(error.about(conversation.target())))?;
        Ok(Self::new(stream, first, None).expecting(conversation.target()))
    }

    #[doc = include_str!("../docs/accept.md")]
    pub fn accept(&mut self) -> Result<(SocksStream<S, V, Blocking>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let reply = request.in_scope(|| converse(stream, second));
        self.accepted(reply)
    }
}

impl<V: Version> SocksListener<TcpStream, V, Blocking> {
    #[doc = include_str!("../docs/accept_within.md")]
    pub fn accept_within(
        &mut self,
        limit: Duration,
    ) -> Result<(SocksStream<TcpStream, V, Blocking>, Address), Error> {
        let (stream, second, request) = self.pending()?;
        let deadline = runtime::deadline::<Blocking>(limit);
        stream.set_nonblocking(true).map_err(|error| Error::io(Stage::SecondReply, error))?;
        let reply = request.in_scope(|| {
            let reply = converse_until(&mut DeadlineStream::new(stream, deadline), second, deadline);
            reply.map_err(|error| late(error, second))
        });
        stream.set_nonblocking(false).map_err(|error| Error::io(Stage::SecondReply, error))?;
        self.accepted(reply)
    }
}

#[doc = include_str!("../docs/converse.md")]
/// - [`Io`](crate::ErrorKind::Io) with [`WouldBlock`](std::io::ErrorKind::WouldBlock): the stream
///   is non-blocking and not ready. Wait until it is ready, and call again.
pub fn converse<S, C>(stream: &mut S, conversation: &mut C) -> Result<C::Outcome, Error>
where
    S: Read + Write,
    C: Conversation,
{
    converse_until(stream, conversation, None)
}

/// Holds a conversation whose pauses end by the deadline.
pub(super) fn converse_until<S, C>(
    stream: &mut S,
    conversation: &mut C,
    deadline: Deadline,
) -> Result<C::Outcome, Error>
where
    S: Read + Write,
    C: Conversation,
{
    block_on(poll_fn(|cx| poll_converse(cx, &mut BlockingTransport(stream, deadline), conversation)))
}

/// Prepares the METHODs of a handshake over a stream on this thread, because it has no deadline.
/// Returns `None` if none has to be prepared.
fn prepare<V: Version>(auth: &V::Auth, command: Command) -> Result<Option<V::Auth>, Error> {
    match V::unprepared(auth) {
        Some(auth) => auth.prepare(command).map(V::with_prepared),
        None => Ok(None),
    }
}

/// A stream that blocks, as the driver uses it. It is never pending.
struct BlockingTransport<'s, S>(&'s mut S, Deadline);

impl<S: Read + Write> Transport for BlockingTransport<'_, S> {
    fn poll_read(&mut self, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<IoResult<usize>> {
        Poll::Ready(self.0.read(buf))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<IoResult<usize>> {
        Poll::Ready(self.0.write(bytes))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<IoResult<()>> {
        Poll::Ready(self.0.flush())
    }

    fn poll_pause(&mut self, _: &mut Context<'_>, pause: &mut Pause) -> Poll<IoResult<()>> {
        Poll::Ready(sleep(pause, self.1))
    }
}
