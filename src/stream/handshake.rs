//! A handshake as the state of a future.

use crate::error::Error;
use crate::protocol::established::Established;
use crate::protocol::request::Request;
use crate::protocol::target::IntoTarget;
use crate::protocol::version::Version;
use crate::stream::SocksStream;
use crate::trace;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A stream and the handshake over it.
///
/// The future of an `async fn` would also keep its arguments, and would be half as large again.
pub(crate) enum Handshake<S, T, P> {
    /// The stream is taken out of its place at the end: to move both would cost more.
    Running(Option<S>, T),
    /// With METHODs that are prepared first, in memory of its own.
    Prepared(Pin<Box<P>>),
    Failed(Error),
    Finished,
}

impl<S, T, P> Handshake<S, T, P>
where
    T: Request,
    P: Future<Output = Result<(S, Established), Error>>,
{
    pub(crate) fn new(stream: S, conversation: Result<T, Error>) -> Self {
        match conversation {
            Ok(conversation) => Self::Running(Some(stream), conversation),
            Err(error) => Self::Failed(error),
        }
    }

    /// Continues the handshake, with `converse` as the driver.
    pub(crate) fn poll<V, F>(
        &mut self,
        cx: &mut Context<'_>,
        converse: impl FnOnce(&mut Context<'_>, &mut S, &mut T) -> Poll<Result<Established, Error>>,
    ) -> Poll<Result<SocksStream<S, V, F>, Error>> {
        match self {
            Self::Running(stream, conversation) => {
                // Polled after completion: the result is unspecified, and this one stays pending.
                let Some(running) = stream else { return Poll::Pending };
                let established = ready!(converse(cx, running, conversation));
                let ended = established
                    .map_err(|error| trace::failed(error.about(conversation.target())))
                    .map(|established| stream.take().map(|stream| SocksStream::new(stream, established)));
                *self = Self::Finished;
                ended.transpose().map_or(Poll::Pending, Poll::Ready)
            }
            Self::Prepared(handshake) => {
                let prepared = ready!(handshake.as_mut().poll(cx));
                *self = Self::Finished;
                Poll::Ready(prepared.map(|(stream, established)| SocksStream::new(stream, established)))
            }
            Self::Failed(_) => match std::mem::replace(self, Self::Finished) {
                Self::Failed(error) => Poll::Ready(Err(error)),
                _ => Poll::Pending,
            },
            Self::Finished => Poll::Pending,
        }
    }
}

/// Creates a CONNECT request to anything that converts to a target.
pub(crate) fn begin_connect<'a, V: Version>(
    auth: &'a V::Auth,
    target: impl IntoTarget<'a>,
) -> Result<V::Request<'a>, Error> {
    V::connect(auth, target.into_target()?)
}
