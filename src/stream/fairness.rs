//! A budget of reads, so that a proxy that never stops sending does not starve other tasks and
//! timers.

use crate::stream::driver::STEPS_AT_ONCE;
use std::io;
use std::task::{Context, Poll};

/// Reads with `read`, and yields after [`STEPS_AT_ONCE`] reads. Without a limit, frames without
/// content would be read without end.
pub(crate) fn with_budget<'a>(
    cx: &'a mut Context<'_>,
    mut read: impl FnMut(&mut Context<'_>, &mut [u8]) -> Poll<io::Result<usize>> + 'a,
) -> impl FnMut(&mut [u8]) -> Poll<io::Result<usize>> + 'a {
    let mut steps = STEPS_AT_ONCE;
    move |frame| {
        if steps == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        steps -= 1;
        read(cx, frame)
    }
}
