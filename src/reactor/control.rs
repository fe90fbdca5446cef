//! The TCP connection of an association on an asynchronous front end.

use super::sockets::AsyncSockets;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

/// The TCP connection of an association. It is read only to detect its end.
pub enum Control<F: AsyncSockets> {
    /// The dialled stream.
    Plain(F::Dialled),
    /// A closure that reads the wrapping stream.
    Wrapped(Mutex<Box<Read>>),
}

type Read = dyn FnMut(&mut Context<'_>) -> Poll<io::Result<usize>> + Send;

impl<F: AsyncSockets> Control<F> {
    pub(crate) fn wrapped(
        read: impl FnMut(&mut Context<'_>) -> Poll<io::Result<usize>> + Send + 'static,
    ) -> Self {
        Self::Wrapped(Mutex::new(Box::new(read)))
    }

    pub(super) fn poll_read(&self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let read = match self {
            Self::Plain(dialled) => F::poll_dialled(dialled, cx),
            Self::Wrapped(read) => read.lock().unwrap_or_else(PoisonError::into_inner)(cx),
        };
        match read {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            read => read,
        }
    }
}

impl<F: AsyncSockets> fmt::Debug for Control<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(..)",
            Self::Wrapped(_) => "Wrapped(..)",
        })
    }
}
