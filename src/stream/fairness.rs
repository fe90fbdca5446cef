//! Letting others run: a proxy that always has more to say must not keep a task, and a deadline's timer, for itself.

use crate::protocol::driver::STEPS_AT_ONCE;
use std::io;
use std::task::{Context, Poll};

/// Reads with `read`, and rests after [`STEPS_AT_ONCE`]: frames may have no content, and so no end of reading them.
pub(crate) fn with_budget<'a>(
    cx: &'a mut Context<'_>,
    mut read: impl FnMut(&mut Context<'_>, &mut [u8]) -> Poll<io::Result<usize>> + 'a,
) -> impl FnMut(&mut [u8]) -> Poll<io::Result<usize>> + 'a {
    let mut turns = STEPS_AT_ONCE;
    move |frame| {
        if turns == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        turns -= 1;
        read(cx, frame)
    }
}
