//! A handshake as the state of a future: the stream, the conversation, and nothing twice.

use crate::error::Error;
use crate::protocol::conversation::Conversation;
use crate::protocol::established::Established;
use crate::stream::SocksStream;
use std::task::{Poll, ready};

/// A stream and the handshake that is held over it. An `async fn` would keep its arguments beside what it makes of them, and be half
/// as large again.
pub(crate) enum Handshake<S, T> {
    Held(S, T),
    Failed(Error),
    Over,
}

impl<S, T: Conversation<Outcome = Established>> Handshake<S, T> {
    pub(crate) fn new(stream: S, conversation: Result<T, Error>) -> Self {
        match conversation {
            Ok(conversation) => Self::Held(stream, conversation),
            Err(error) => Self::Failed(error),
        }
    }

    /// Goes on, with `converse` to go on by.
    pub(crate) fn poll<V, F>(
        &mut self,
        converse: impl FnOnce(&mut S, &mut T) -> Poll<Result<Established, Error>>,
    ) -> Poll<Result<SocksStream<S, V, F>, Error>> {
        let established = match self {
            Self::Held(stream, conversation) => Some(ready!(converse(stream, conversation))?),
            _ => None,
        };
        match (std::mem::replace(self, Self::Over), established) {
            (Self::Held(stream, _), Some(established)) => {
                Poll::Ready(Ok(SocksStream::new(stream, established)))
            }
            (Self::Failed(error), _) => Poll::Ready(Err(error)),
            // Polled again after its end, which a future need not bear; this one waits for ever.
            _ => Poll::Pending,
        }
    }
}
