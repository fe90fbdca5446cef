//! Wrapping a dialled stream, for example in TLS, before the handshake.

use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::Conversation;
use crate::protocol::established::Established;
use crate::protocol::frames::CallLimit;
use crate::protocol::negotiated::Negotiated;
use crate::proxy::Proxy;
use crate::runtime::{Deadline, Runtime, UdpFrontEnd};
use std::fmt;
use std::io;
use std::sync::Arc;

/// Wraps a stream of the front end `R`.
#[allow(unreachable_pub, reason = "the bound of a public type")]
pub trait Wrap<R: Runtime>: Send + Sync + 'static {
    /// The stream during the handshakes.
    type HandshakeStream: Send + Sync;
    /// The stream that is returned to the caller.
    type Stream;

    /// Fails if this wrapper can't be used for the proxy.
    fn check_proxy(&self, proxy: &Proxy) -> Result<(), Error>;

    /// Wraps a stream to the proxy, or to the target of a direct connection.
    fn wrap(
        &self,
        stream: R::Dialled,
        proxy: Option<&Proxy>,
        deadline: Deadline,
    ) -> impl Future<Output = io::Result<Self::HandshakeStream>> + Send + Sync;

    /// Drives the conversation over the stream.
    fn converse<'a, C: Conversation + Send + Sync>(
        stream: &'a mut Self::HandshakeStream,
        conversation: &'a mut C,
        deadline: Deadline,
    ) -> impl Future<Output = Result<C::Outcome, Error>> + Send + Sync;

    /// Returns the number of bytes that one write accepts without blocking.
    fn write_capacity(_: &Self::HandshakeStream) -> usize {
        usize::MAX
    }

    /// Returns the time limit of the calls on this stream, if it is encapsulated.
    fn call_limit(_: &Self::HandshakeStream) -> io::Result<Option<Box<dyn CallLimit>>> {
        Ok(None)
    }

    /// Returns the stream after the last handshake.
    fn finish(stream: Self::HandshakeStream) -> io::Result<Self::Stream>;

    /// Converts the stream to the TCP connection of an association.
    fn control(stream: Self::HandshakeStream) -> R::Control
    where
        R: UdpFrontEnd;
}

/// Returns the stream after the last handshake. If it is encapsulated, its calls have a time
/// limit.
pub(crate) fn finish<R: Runtime, W: Wrap<R>>(
    stream: W::HandshakeStream,
    established: &mut Established,
) -> io::Result<W::Stream> {
    if let Some(frames) = established.negotiated.as_deref_mut().and_then(Negotiated::last_frames) {
        frames.call_limit = W::call_limit(&stream)?;
    }
    W::finish(stream)
}

/// No wrapper: the dialled stream is used as it is.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl<R: Runtime> Wrap<R> for Plain {
    type HandshakeStream = R::Dialled;
    type Stream = R::Stream;

    /// Refuses a proxy behind TLS: credentials would be sent in plain text.
    fn check_proxy(&self, proxy: &Proxy) -> Result<(), Error> {
        if proxy.is_behind_tls() { Err(Invalid::TlsNotWrapped.into()) } else { Ok(()) }
    }

    async fn wrap(&self, stream: R::Dialled, _: Option<&Proxy>, _: Deadline) -> io::Result<R::Dialled> {
        Ok(stream)
    }

    fn converse<'a, C: Conversation + Send + Sync>(
        stream: &'a mut R::Dialled,
        conversation: &'a mut C,
        deadline: Deadline,
    ) -> impl Future<Output = Result<C::Outcome, Error>> + Send + Sync {
        R::converse(stream, conversation, deadline)
    }

    fn call_limit(stream: &R::Dialled) -> io::Result<Option<Box<dyn CallLimit>>> {
        R::call_limit(stream)
    }

    fn finish(stream: R::Dialled) -> io::Result<R::Stream> {
        R::finish(stream)
    }

    fn control(stream: R::Dialled) -> R::Control
    where
        R: UdpFrontEnd,
    {
        R::control(stream)
    }
}

/// The wrapper that [`Connector::wrapped`](crate::Connector::wrapped) sets: a function of the
/// caller.
pub struct Wrapped<H>(pub(crate) Arc<H>);

impl<H> Clone for Wrapped<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> fmt::Debug for Wrapped<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wrapped(..)")
    }
}

/// Converts an I/O error of wrapping to an error of the stage.
pub(crate) fn wrap_error(stage: Stage) -> impl Fn(io::Error) -> Error {
    move |error| match (error.kind(), error.get_ref()) {
        // An error with its own text is a timeout of the wrapper, and keeps that text.
        (io::ErrorKind::TimedOut, None) => Error::new(stage, ErrorKind::TimedOut),
        _ => Error::io(stage, error),
    }
}
