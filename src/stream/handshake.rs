//! A handshake as the state of a future.

use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::protocol::established::Established;
use crate::stream::SocksStream;
use std::task::{Poll, ready};

/// A stream and the handshake over it.
///
/// The future of an `async fn` would also keep its arguments, and would be half as large again.
pub(crate) enum Handshake<S, T> {
    Running(S, T),
    Failed(Error),
    Finished,
}

impl<S, T: Conversation<Outcome = Established>> Handshake<S, T> {
    pub(crate) fn new(stream: S, conversation: Result<T, Error>) -> Self {
        match conversation {
            Ok(conversation) => Self::Running(stream, conversation),
            Err(error) => Self::Failed(error),
        }
    }

    /// Continues the handshake, with `converse` as the driver.
    pub(crate) fn poll<V, F>(
        &mut self,
        converse: impl FnOnce(&mut S, &mut T) -> Poll<Result<Established, Error>>,
    ) -> Poll<Result<SocksStream<S, V, F>, Error>> {
        let established = match self {
            Self::Running(stream, conversation) => Some(ready!(converse(stream, conversation))?),
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
