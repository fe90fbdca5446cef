//! Work that blocks, done aside: on a thread of the pool, and under a deadline.

use super::pool::POOL;
use super::{Deadline, Runtime};
use crate::error::{Error, ErrorKind, Stage};
use std::io;

/// Runs the work on a thread of the pool. If the deadline passes first, a thread that has begun it
/// continues alone.
pub(crate) async fn aside<R: Runtime, T: Send + 'static>(
    deadline: Deadline,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let failed = |error| Error::io(Stage::Preparation, error);
    let mut task = POOL.run(work).map_err(failed)?;
    match R::within(deadline, &mut task).await {
        Some(done) => done.map_err(failed),
        None => Err(match task.queued_behind() {
            Some(threads) => {
                let reason = format!("timed out waiting for a thread: all {threads} are busy");
                failed(io::Error::new(io::ErrorKind::TimedOut, reason))
            }
            None => Error::new(Stage::Preparation, ErrorKind::TimedOut),
        }),
    }
}
