//! Futures with a deadline.
//!
//! These are not `async fn`s, because those hold their arguments twice.

use super::{Reactor, SupportsStream};
use crate::error::{Error, ErrorKind};
use crate::protocol::conversation::Conversation;
use crate::runtime::Deadline;
use pin_project_lite::pin_project;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The timer of a deadline.
    pub(super) struct Timer<S> {
        #[pin]
        sleep: Option<S>,
        is_over: bool,
    }
}

impl<S: Future> Timer<S> {
    pub(super) fn new<R: Reactor<Sleep = S>>(deadline: Deadline) -> Self {
        // Timers with millisecond resolution round up, and fast work could complete after the
        // deadline.
        let is_over = deadline.is_some_and(|deadline| deadline <= R::now());
        Self { sleep: deadline.map(R::sleep_until), is_over }
    }

    /// Returns whether the deadline has passed. If not, the task is woken when it passes.
    pub(super) fn is_over(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let this = self.project();
        *this.is_over || this.sleep.as_pin_mut().is_some_and(|sleep| sleep.poll(cx).is_ready())
    }
}

pin_project! {
    struct Within<W, S> {
        #[pin]
        work: W,
        #[pin]
        timer: Timer<S>,
    }
}

impl<W: Future, S: Future> Future for Within<W, S> {
    type Output = Option<W::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<W::Output>> {
        let this = self.project();
        // The timer comes first, because a proxy that never stops sending would starve it.
        if this.timer.is_over(cx) { Poll::Ready(None) } else { this.work.poll(cx).map(Some) }
    }
}

/// Returns the output of the work, or `None` if the deadline passes first.
pub(crate) fn within<R: Reactor, W: Future>(
    deadline: Deadline,
    work: W,
) -> impl Future<Output = Option<W::Output>> {
    Within { work, timer: Timer::new::<R>(deadline) }
}

pin_project! {
    struct Converse<'a, R, S, C, T> {
        stream: &'a mut S,
        conversation: &'a mut C,
        #[pin]
        timer: Timer<T>,
        front_end: PhantomData<fn() -> R>,
    }
}

impl<R: SupportsStream<S>, S, C: Conversation, T: Future> Future for Converse<'_, R, S, C, T> {
    type Output = Result<C::Outcome, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.timer.is_over(cx) {
            return Poll::Ready(Err(this.conversation.failure(ErrorKind::TimedOut)));
        }
        R::poll_converse(this.stream, cx, this.conversation)
    }
}

/// Drives the conversation over the stream, until the deadline.
pub(crate) fn converse<'a, R, S, C>(
    stream: &'a mut S,
    conversation: &'a mut C,
    deadline: Deadline,
) -> impl Future<Output = Result<C::Outcome, Error>>
where
    R: SupportsStream<S>,
    C: Conversation,
{
    Converse::<R, S, C, R::Sleep> {
        stream,
        conversation,
        timer: Timer::new::<R>(deadline),
        front_end: PhantomData,
    }
}
