//! Lookups with a resolver that never returns, for the tests of every front end.

use super::{Lookups, Pool};
use crate::runtime::{Runtime, deadline};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

const CALLS: usize = 1000;
const THREADS: usize = 32;

/// Lookups with their own pool, as in a separate process.
pub(crate) fn lookups() -> &'static Lookups {
    let pool = Box::leak(Box::new(Pool::new(THREADS, Duration::from_secs(20))));
    Box::leak(Box::new(Lookups::new(pool, |_, _| {
        loop {
            thread::park();
        }
    })))
}

impl Lookups {
    /// Returns whether the pool has started as many threads as its limit allows.
    pub(crate) fn are_many(&self) -> bool {
        self.pool.load().0 == THREADS
    }
}

/// Makes a thousand calls, each with this limit, for a thousand names.
pub(crate) async fn thousand<R: Runtime>(lookups: &'static Lookups, limit: Duration) {
    let names: Vec<_> = (0..CALLS).map(|n| format!("{n}.test")).collect();
    let mut calls: Vec<_> = names
        .iter()
        .map(|name| Some(Box::pin(async { lookups.addresses::<R>(name, 80, deadline::<R>(limit)).await })))
        .collect();
    let mut errors: Vec<io::Error> = Vec::new();
    poll_fn(|cx| {
        for call in &mut calls {
            let polled = call.as_mut().map(|call| Pin::new(call).poll(cx));
            if let Some(Poll::Ready(answer)) = polled {
                errors.push(answer.unwrap_err());
                *call = None;
            }
        }
        if errors.len() == CALLS { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    assert!(errors.iter().all(|error| error.kind() == io::ErrorKind::TimedOut), "{errors:?}");
    let last = errors.last().unwrap().to_string();
    assert_eq!(last, "timed out waiting for a thread: 32 lookups are in flight");
    assert!(lookups.are_many() && lookups.in_flight().len() <= THREADS);
    let (_, queued) = lookups.pool.load();
    assert_eq!(queued, 0);
}
