//! A budget of reads, so that a proxy that never stops sending does not starve other tasks and
//! timers.

use crate::stream::driver::STEPS_AT_ONCE;
use std::io;
use std::task::{Context, Poll, ready};

/// What a read costs at least. Small frames are read many at once, and opened one by one.
const LEAST_COST: usize = 4096;

/// Reads with `read`, and yields after [`STEPS_AT_ONCE`] small reads or a few long ones. Without a
/// limit, frames without content would be read without end.
pub(crate) fn with_budget<'a>(
    cx: &'a mut Context<'_>,
    mut read: impl FnMut(&mut Context<'_>, &mut [u8]) -> Poll<io::Result<usize>> + 'a,
) -> impl FnMut(&mut [u8]) -> Poll<io::Result<usize>> + 'a {
    let mut budget = STEPS_AT_ONCE * LEAST_COST;
    move |frame| {
        if budget == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let n = ready!(read(cx, frame))?;
        budget = budget.saturating_sub(n.max(LEAST_COST));
        Poll::Ready(Ok(n))
    }
}
