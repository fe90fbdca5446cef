//! The driver of all front ends.

use crate::error::Error;
use crate::protocol::conversation::{Conversation, Scratch, Step, is_closed};
use crate::protocol::pause::Pause;
use std::io;
use std::task::{Context, Poll, ready};

/// The number of steps in one poll of a future.
///
/// A proxy that sends without end must not keep the task and its timer from running.
pub(crate) const STEPS_AT_ONCE: usize = 64;

/// The reads, writes and flushes of a stream, with the traits of any front end.
pub(crate) trait Transport {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn poll_pause(&mut self, cx: &mut Context<'_>, pause: &mut Pause) -> Poll<io::Result<()>>;
}

/// Continues the conversation until it ends or the stream is not ready.
pub(crate) fn poll_converse<C: Conversation>(
    cx: &mut Context<'_>,
    stream: &mut impl Transport,
    conversation: &mut C,
) -> Poll<Result<C::Outcome, Error>> {
    let mut unflushable = false;
    for _ in 0..STEPS_AT_ONCE {
        if let Some(pause) = conversation.pause().and_then(Pause::pending) {
            let paused = ready!(stream.poll_pause(cx, pause));
            paused.map_err(|error| Error::of_pause(conversation.stage(), error))?;
            // The frames of an earlier proxy may have to wait too.
            continue;
        }
        let mut scratch = Scratch::new();
        let advanced = match conversation.step(&mut scratch) {
            Step::Write(bytes) => ready!(stream.poll_write(cx, bytes)),
            Step::Read([]) => ready!(stream.poll_flush(cx)).map(|()| 0),
            Step::Read(buf) if unflushable => ready!(stream.poll_read(cx, buf)),
            Step::Read(buf) => match stream.poll_flush(cx) {
                Poll::Ready(Err(error)) if is_closed(&error) => {
                    unflushable = true;
                    let failed = Error::io(conversation.stage(), error);
                    conversation.write_failed(failed)?;
                    continue;
                }
                Poll::Ready(Err(error)) => Err(error),
                // A proxy that refuses may not read the rest: read although the flush is pending.
                Poll::Ready(Ok(())) | Poll::Pending => ready!(stream.poll_read(cx, buf)),
            },
            Step::Done(outcome) => return Poll::Ready(Ok(outcome)),
        };
        conversation.report(advanced)?;
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
