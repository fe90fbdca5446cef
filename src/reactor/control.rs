//! The TCP connection of an association on an asynchronous front end.

use super::sockets::AsyncSockets;
use crate::runtime::ControlIo;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

/// The TCP connection of an association. It is read only to detect its end.
pub enum Control<F: AsyncSockets> {
    /// The dialled stream.
    Plain(F::Dialled),
    /// A closure that reads the wrapping stream.
    Wrapped(Mutex<Box<PollIo>>),
}

type PollIo = dyn FnMut(&mut Context<'_>, ControlIo<'_>) -> Poll<io::Result<usize>> + Send;

impl<F: AsyncSockets> Control<F> {
    pub(crate) fn wrapped(
        poll_io: impl FnMut(&mut Context<'_>, ControlIo<'_>) -> Poll<io::Result<usize>> + Send + 'static,
    ) -> Self {
        Self::Wrapped(Mutex::new(Box::new(poll_io)))
    }

    pub(crate) fn poll_io(&self, cx: &mut Context<'_>, io: ControlIo<'_>) -> Poll<io::Result<usize>> {
        let done = match self {
            Self::Plain(dialled) => F::poll_dialled(dialled, cx, io),
            Self::Wrapped(poll_io) => poll_io.lock().unwrap_or_else(PoisonError::into_inner)(cx, io),
        };
        match done {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            done => done,
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
