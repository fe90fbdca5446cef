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
    Running(S, T),
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
            Ok(conversation) => Self::Running(stream, conversation),
            Err(error) => Self::Failed(error),
        }
    }

    /// Continues the handshake, with `converse` as the driver.
    pub(crate) fn poll<V, F>(
        &mut self,
        cx: &mut Context<'_>,
        converse: impl FnOnce(&mut Context<'_>, &mut S, &mut T) -> Poll<Result<Established, Error>>,
    ) -> Poll<Result<SocksStream<S, V, F>, Error>> {
        let established = match self {
            Self::Running(stream, conversation) => {
                let established = ready!(converse(cx, stream, conversation));
                Some(established.map_err(|error| trace::failed(error.about(conversation.target())))?)
            }
            Self::Prepared(handshake) => {
                let prepared = ready!(handshake.as_mut().poll(cx));
                *self = Self::Finished;
                return Poll::Ready(
                    prepared.map(|(stream, established)| SocksStream::new(stream, established)),
                );
            }
            _ => None,
        };
        match (std::mem::replace(self, Self::Finished), established) {
            (Self::Running(stream, _), Some(established)) => {
                Poll::Ready(Ok(SocksStream::new(stream, established)))
            }
            (Self::Failed(error), _) => Poll::Ready(Err(error)),
            // Polled after completion: the result is unspecified, and this one stays pending.
            _ => Poll::Pending,
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
