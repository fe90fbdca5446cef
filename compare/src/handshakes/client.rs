//! A client under comparison.

use crate::request::Login;
use tokio::io::{AsyncRead, AsyncWrite};

/// What a handshake runs over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// A crate, used as its documentation shows, over a stream `S`.
pub(crate) trait Client<S> {
    const NAME: &str;

    type Tunnel: AsyncRead + AsyncWrite + Unpin;

    /// The state that a client keeps for all connections, as far as the crate allows that. It is
    /// not counted.
    fn new(login: Option<Login>) -> Self;

    /// Does nothing before it is polled, so that all that it allocates is counted.
    fn handshake(&mut self, stream: S) -> impl Future<Output = Result<Self::Tunnel, Refusal>>;

    /// The bytes of the crate's own future over a `TcpStream`, and of the stream if the future
    /// borrows it.
    fn future(&self) -> usize;
}

/// The error of a crate.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The code that the proxy sent, where it can be had from the error.
    pub(crate) code: Option<u8>,
    pub(crate) text: String,
}

impl Refusal {
    /// The error of a crate that has no place for a code without a name. It has a name for X'05'.
    pub(crate) fn without_code(error: &impl ToString) -> Self {
        let text = error.to_string();
        let is_named = text.to_lowercase().replace(' ', "").contains("connectionrefused");
        Self { code: is_named.then_some(5), text }
    }
}

/// Returns the size of the future that a function returns for its argument, without a call.
pub(crate) fn future_size<A, F: Future>(_: impl FnOnce(A) -> F) -> usize {
    size_of::<F>()
}
