//! Blocking work on a bounded number of threads.
//!
//! Blocking work can hang and can't be cancelled. It must not run on an executor's threads, and a
//! thread for each call would make their number unbounded.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// The threads of this process, shared by all front ends.
pub(crate) static POOL: Pool = Pool::new(32, Duration::from_secs(5));

/// Threads that start when work is queued, and end after an idle period.
pub(crate) struct Pool {
    limit: usize,
    /// How long an idle thread waits for work before it ends.
    idle: Duration,
    /// Starts a thread; tests replace it.
    spawn: fn(&'static Self) -> io::Result<()>,
    state: Mutex<State>,
    queued: Condvar,
}

struct State {
    /// The process that started these threads.
    process: u32,
    threads: usize,
    idle: usize,
    /// The work that no thread has started, with ascending numbers.
    queue: VecDeque<(u64, Work)>,
    next: u64,
}

type Work = Box<dyn FnOnce() + Send>;

impl State {
    /// Returns the position of queued work.
    fn position(&self, number: u64) -> Option<usize> {
        self.queue.binary_search_by_key(&number, |(number, _)| *number).ok()
    }
}

impl Pool {
    pub(crate) const fn new(limit: usize, idle: Duration) -> Self {
        let state = State { process: 0, threads: 0, idle: 0, queue: VecDeque::new(), next: 0 };
        Self { limit, idle, spawn: Self::spawn, state: Mutex::new(state), queued: Condvar::new() }
    }

    /// Runs the work on the next free thread of the pool.
    ///
    /// Fails if the pool has no thread and can't start one.
    pub(crate) fn run<T: Send + 'static>(
        &'static self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Task<T>> {
        let outcome = Arc::new(Outcome(Mutex::new(Progress::Pending(None))));
        let promise = Promise(Arc::clone(&outcome));
        let number = self.enqueue(Box::new(move || promise.complete(work())))?;
        Ok(Task { pool: self, number, outcome })
    }

    fn enqueue(&'static self, work: Work) -> io::Result<u64> {
        let mut state = self.state();
        if state.process != process::id() {
            // A fork copies this state, but none of the threads.
            let new = State {
                process: process::id(),
                threads: 0,
                idle: 0,
                queue: VecDeque::new(),
                next: state.next,
            };
            mem::forget(mem::replace(&mut *state, new));
        }
        if state.idle > state.queue.len() {
            self.queued.notify_one();
        } else if state.threads < self.limit {
            match (self.spawn)(self) {
                Ok(()) => state.threads += 1,
                Err(error) if state.threads == 0 => {
                    return Err(io::Error::other(format!("a thread can't be started: {error}")));
                }
                // The system allows fewer threads than the pool's limit.
                Err(_) => {}
            }
        }
        let number = state.next;
        state.next += 1;
        state.queue.push_back((number, work));
        Ok(number)
    }

    fn spawn(&'static self) -> io::Result<()> {
        thread::Builder::new().name("anysocks worker".into()).spawn(|| self.run_queue()).map(drop)
    }

    /// Runs queued work until the idle period has passed.
    fn run_queue(&self) {
        let mut state = self.state();
        loop {
            if let Some((_, work)) = state.queue.pop_front() {
                drop(state);
                // The promise inside reports a panic to the task.
                let _ = catch_unwind(AssertUnwindSafe(work));
                state = self.state();
                continue;
            }
            state.idle += 1;
            let waited = self.queued.wait_timeout(state, self.idle);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.queue.is_empty() {
                break;
            }
        }
        state.threads -= 1;
        if state.threads == 0 {
            state.queue = VecDeque::new();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The future of a pool's work.
///
/// Dropping it withdraws the work unless a thread has started it.
pub(crate) struct Task<T> {
    pool: &'static Pool,
    number: u64,
    outcome: Arc<Outcome<T>>,
}

impl<T> Task<T> {
    /// Returns the number of threads if all of them are busy with other work.
    pub(crate) fn queued_behind(&self) -> Option<usize> {
        let state = self.pool.state();
        let queued = state.threads == self.pool.limit && state.position(self.number).is_some();
        queued.then_some(state.threads)
    }

    /// Removes the work from the queue. Returns whether it was there, so that no thread had
    /// started it.
    pub(crate) fn withdraw(&self) -> bool {
        let mut state = self.pool.state();
        let work = state.position(self.number).and_then(|position| state.queue.remove(position));
        // The work is dropped after the lock: its promise wakes a task.
        drop(state);
        work.is_some()
    }
}

impl<T> Future for Task<T> {
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let mut progress = self.outcome.progress();
        match &mut *progress {
            Progress::Pending(Some(known)) if known.will_wake(cx.waker()) => Poll::Pending,
            Progress::Pending(waker) => {
                let before = waker.replace(cx.waker().clone());
                drop(progress);
                // A task's last waker drops the task, which must not happen under the lock.
                drop(before);
                Poll::Pending
            }
            Progress::Done(_) | Progress::Finished => {
                match mem::replace(&mut *progress, Progress::Finished) {
                    Progress::Done(done) => Poll::Ready(Ok(done)),
                    _ => Poll::Ready(Err(io::Error::other("the thread that worked on it panicked"))),
                }
            }
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

struct Outcome<T>(Mutex<Progress<T>>);

enum Progress<T> {
    Pending(Option<Waker>),
    Done(T),
    /// The result was returned, or the work ended without one.
    Finished,
}

impl<T> Outcome<T> {
    fn progress(&self) -> MutexGuard<'_, Progress<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, end: Progress<T>) {
        let mut progress = self.progress();
        if !matches!(*progress, Progress::Pending(_)) {
            return;
        }
        let before = mem::replace(&mut *progress, end);
        drop(progress);
        if let Progress::Pending(Some(waker)) = before {
            waker.wake();
        }
    }
}

/// Finishes an outcome in any case: work that panics or is withdrawn drops the promise.
struct Promise<T>(Arc<Outcome<T>>);

impl<T> Promise<T> {
    fn complete(self, done: T) {
        self.0.finish(Progress::Done(done));
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.finish(Progress::Finished);
    }
}

#[cfg(test)]
impl Pool {
    /// Returns the number of threads and the length of the queue.
    pub(crate) fn load(&self) -> (usize, usize) {
        let state = self.state();
        (state.threads, state.queue.len())
    }
}

#[cfg(test)]
mod tests;
