//! What stands between the dialled stream and what is said over it: nothing, or what the caller wraps it in, such as TLS.

use crate::error::invalid::Invalid;
use crate::error::{Error, ErrorKind, Stage};
use crate::protocol::conversation::Conversation;
use crate::proxy::Proxy;
use crate::runtime::{Deadline, Runtime, UdpFront};
use std::fmt;
use std::io;
use std::sync::Arc;

/// A way to wrap a stream of the front end `R`.
#[allow(unreachable_pub, reason = "the bound of a public type")]
pub trait Wrap<R: Runtime>: Send + Sync + 'static {
    /// The stream while something is said over it to a proxy.
    type Held: Send + Sync;
    /// The stream that the caller gets.
    type Stream;

    /// Whether this proxy can be reached so.
    fn check_proxy(&self, proxy: &Proxy) -> Result<(), Error>;

    /// Wraps a stream to the proxy, or to the target itself where there is none.
    fn wrap(
        &self,
        stream: R::Stream,
        proxy: Option<&Proxy>,
        deadline: Deadline,
    ) -> impl Future<Output = io::Result<Self::Held>> + Send + Sync;

    /// Holds the conversation over the stream.
    fn converse<C: Conversation + Send + Sync>(
        held: &mut Self::Held,
        conversation: &mut C,
        deadline: Deadline,
    ) -> impl Future<Output = Result<C::Outcome, Error>> + Send + Sync;

    /// How many bytes one write takes without blocking.
    fn write_capacity(_: &Self::Held) -> usize {
        usize::MAX
    }

    /// The stream when all is said.
    fn finish(held: Self::Held) -> io::Result<Self::Stream>;

    /// The stream as the TCP connection of an association.
    fn control(held: Self::Held) -> R::Control
    where
        R: UdpFront;
}

/// The dialled stream as it is.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl<R: Runtime> Wrap<R> for Plain {
    type Held = R::Stream;
    type Stream = R::Stream;

    /// Without TLS, credentials would go to a proxy that asks for it in clear.
    fn check_proxy(&self, proxy: &Proxy) -> Result<(), Error> {
        if proxy.is_behind_tls() { Err(Invalid::TlsNotWrapped.into()) } else { Ok(()) }
    }

    async fn wrap(&self, stream: R::Stream, _: Option<&Proxy>, _: Deadline) -> io::Result<R::Stream> {
        Ok(stream)
    }

    async fn converse<C: Conversation + Send + Sync>(
        stream: &mut R::Stream,
        conversation: &mut C,
        deadline: Deadline,
    ) -> Result<C::Outcome, Error> {
        R::converse(stream, conversation, deadline).await
    }

    fn finish(stream: R::Stream) -> io::Result<R::Stream> {
        R::finish(stream)
    }

    fn control(stream: R::Stream) -> R::Control
    where
        R: UdpFront,
    {
        R::control(stream)
    }
}

/// What a function of the caller's wraps the dialled stream in.
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

/// An error of wrapping the stream to a proxy, or to the target.
pub(crate) fn failed(stage: Stage) -> impl Fn(io::Error) -> Error {
    move |error| match (error.kind(), error.get_ref()) {
        // What wraps the stream may have limits of its own, and says more then.
        (io::ErrorKind::TimedOut, None) => Error::new(stage, ErrorKind::TimedOut),
        _ => Error::io(stage, error),
    }
}
