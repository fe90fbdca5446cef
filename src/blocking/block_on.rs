//! Running a future on the calling thread.

use super::wait::remaining;
use crate::runtime::Deadline;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Returns the output of a future that blocks instead of being pending.
///
/// A driver is pending only to let other tasks run, and there are none here.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(output) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Parks the thread until the work is done. Returns `None` if the deadline passes first.
pub(super) fn within<T>(deadline: Deadline, work: impl Future<Output = T>) -> Option<T> {
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut work = pin!(work);
    while remaining(deadline).is_none_or(|left| !left.is_zero()) {
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(done);
        }
        // Polling takes time too: it may start a thread.
        match remaining(deadline) {
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Blocking;
    use super::*;
    use crate::runtime::{deadline, hanging};
    use std::future::{pending, poll_fn};
    use std::time::{Duration, Instant};

    #[test]
    fn lookups_that_hang_are_bounded() {
        block_on(hanging::thousand::<Blocking>(hanging::lookups(), Duration::from_millis(1)));
    }

    #[test]
    fn another_thread_wakes_it() {
        let (mut polled, began) = (0, Instant::now());
        let work = poll_fn(|cx| {
            polled += 1;
            let waker = cx.waker().clone();
            thread::spawn(move || waker.wake());
            if polled == 3 { Poll::Ready("done") } else { Poll::Pending }
        });
        assert_eq!(within(deadline::<Blocking>(Duration::from_secs(20)), work), Some("done"));
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn the_deadline_ends_it() {
        let (limit, began) = (Duration::from_millis(20), Instant::now());
        assert_eq!(within(deadline::<Blocking>(limit), pending::<()>()), None);
        assert!(began.elapsed() >= limit);
        // Work that would be ready at once is not polled.
        assert_eq!(within(deadline::<Blocking>(Duration::ZERO), async { 1 }), None);
        assert_eq!(within(None, async { 1 }), Some(1));
    }

    /// The deadline does not move while the work is polled.
    #[test]
    fn a_slow_poll_counts() {
        let (limit, began) = (Duration::from_secs(3), Instant::now());
        let slow = poll_fn(|_| {
            thread::sleep(limit);
            Poll::Pending::<()>
        });
        assert_eq!(within(deadline::<Blocking>(limit), slow), None);
        assert!(began.elapsed() < limit * 2);
    }
}
