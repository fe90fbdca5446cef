//! Work that blocks, on a bounded number of threads.
//!
//! Such work may hang, and nothing can end it from outside. It must not run on an executor's
//! threads, and one thread for each call would leave their number unbounded.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// The threads of this process, for all front ends together.
pub(crate) static POOL: Pool = Pool::new(32, Duration::from_secs(5));

/// Threads that are started when there is work, and end when there has been none for a while.
pub(crate) struct Pool {
    limit: usize,
    /// How long a thread waits for work before it ends.
    idle: Duration,
    /// Starts a thread.
    spawn: fn(&'static Self) -> io::Result<()>,
    state: Mutex<State>,
    queued: Condvar,
}

struct State {
    /// The process whose threads these are.
    process: u32,
    threads: usize,
    idle: usize,
    /// What no thread has begun, in the order of its numbers.
    queue: BTreeMap<u64, Work>,
    next: u64,
}

type Work = Box<dyn FnOnce() + Send>;

impl Pool {
    pub(crate) const fn new(limit: usize, idle: Duration) -> Self {
        let state = State { process: 0, threads: 0, idle: 0, queue: BTreeMap::new(), next: 0 };
        Self { limit, idle, spawn: Self::spawn, state: Mutex::new(state), queued: Condvar::new() }
    }

    /// Runs the work on a thread of the pool, as soon as one is free.
    ///
    /// Fails if there is no thread, and none can be started.
    pub(crate) fn run<T: Send + 'static>(
        &'static self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Task<T>> {
        let outcome = Arc::new(Outcome(Mutex::new(Progress::Pending(None))));
        let promise = Promise(Arc::clone(&outcome));
        let number = self.enqueue(Box::new(move || promise.keep(work())))?;
        Ok(Task { pool: self, number, outcome })
    }

    fn enqueue(&'static self, work: Work) -> io::Result<u64> {
        let mut state = self.state();
        if state.process != process::id() {
            // A fork copies this state, and none of the threads.
            let new = State {
                process: process::id(),
                threads: 0,
                idle: 0,
                queue: BTreeMap::new(),
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
                // The system gives fewer threads than the pool may have.
                Err(_) => {}
            }
        }
        let number = state.next;
        state.next += 1;
        state.queue.insert(number, work);
        Ok(number)
    }

    fn spawn(&'static self) -> io::Result<()> {
        thread::Builder::new().name("anysocks worker".into()).spawn(|| self.serve()).map(drop)
    }

    /// Does what is queued, until there has been nothing for a while.
    fn serve(&self) {
        let mut state = self.state();
        loop {
            if let Some((_, work)) = state.queue.pop_first() {
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
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work that was given to a pool, as a future of its result.
///
/// Dropping it withdraws the work, unless a thread has begun it.
pub(crate) struct Task<T> {
    pool: &'static Pool,
    number: u64,
    outcome: Arc<Outcome<T>>,
}

impl<T> Task<T> {
    /// How many threads there are, if all of them are busy with other work.
    pub(crate) fn queued_behind(&self) -> Option<usize> {
        let state = self.pool.state();
        let queued = state.threads == self.pool.limit && state.queue.contains_key(&self.number);
        queued.then_some(state.threads)
    }

    /// Takes the work out of the queue. Returns whether it was there: no thread had begun it.
    pub(crate) fn withdraw(&self) -> bool {
        let work = self.pool.state().queue.remove(&self.number);
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
                // The last waker of a task drops the task, which must not happen under the lock.
                drop(before);
                Poll::Pending
            }
            Progress::Done(_) | Progress::Over => match mem::replace(&mut *progress, Progress::Over) {
                Progress::Done(done) => Poll::Ready(Ok(done)),
                _ => Poll::Ready(Err(io::Error::other("the thread that worked on it panicked"))),
            },
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
    /// The result was taken, or there is none.
    Over,
}

impl<T> Outcome<T> {
    fn progress(&self) -> MutexGuard<'_, Progress<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: Progress<T>) {
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

/// Ends an outcome in any case: work that panics or is withdrawn drops it.
struct Promise<T>(Arc<Outcome<T>>);

impl<T> Promise<T> {
    fn keep(self, done: T) {
        self.0.end(Progress::Done(done));
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.end(Progress::Over);
    }
}

#[cfg(test)]
impl Pool {
    /// How many threads there are, and how much work is queued.
    pub(crate) fn load(&self) -> (usize, usize) {
        let state = self.state();
        (state.threads, state.queue.len())
    }
}

#[cfg(test)]
mod tests;
