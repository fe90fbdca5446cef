//! The queue of a pool, withdrawn work, and the end of threads.

use super::*;
use crate::blocking::{Blocking, block_on};
use crate::runtime::{Runtime, deadline};
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

/// Longer than any of these tests takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn pool(limit: usize) -> &'static Pool {
    Box::leak(Box::new(Pool::new(limit, PATIENCE)))
}

/// The task's result, or `None` after the limit.
fn within<T>(limit: Duration, task: &mut Task<T>) -> Option<io::Result<T>>
where
    Task<T>: Send + Sync,
{
    block_on(Blocking::within(deadline::<Blocking>(limit), task))
}

fn done<T>(mut task: Task<T>) -> io::Result<T>
where
    Task<T>: Send + Sync,
{
    within(PATIENCE, &mut task).expect("an end")
}

/// Keeps a thread busy until the sender is dropped.
fn busy(pool: &'static Pool) -> (Sender<()>, Task<()>) {
    let (held, release) = channel::<()>();
    let (report, begun) = channel();
    let work = move || {
        report.send(()).unwrap();
        let _ = release.recv();
    };
    let task = pool.run(work).unwrap();
    begun.recv_timeout(PATIENCE).unwrap();
    (held, task)
}

fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < PATIENCE);
        thread::yield_now();
    }
}

#[test]
fn work_is_done_on_another_thread() {
    let pool = pool(1);
    let name = done(pool.run(|| thread::current().name().map(str::to_owned)).unwrap()).unwrap();
    assert_eq!(name.as_deref(), Some("anysocks worker"));
}

#[test]
fn no_more_threads_than_the_limit() {
    let pool = pool(2);
    let first = busy(pool);
    let _second = busy(pool);
    let waiting: Vec<_> = (0..100).map(|n| pool.run(move || n).unwrap()).collect();
    assert_eq!(pool.state().threads, 2);
    assert!(waiting.iter().all(|task| task.queued_behind() == Some(2)));
    drop(first);
    let all: Vec<_> = waiting.into_iter().map(|task| done(task).unwrap()).collect();
    assert_eq!(all, (0..100).collect::<Vec<_>>());
    assert_eq!(pool.state().threads, 2);
}

#[test]
fn an_idle_thread_is_used_again() {
    let pool = pool(32);
    for _ in 0..100 {
        done(pool.run(|| ()).unwrap()).unwrap();
        until(|| pool.state().idle == 1);
    }
    assert_eq!(pool.state().threads, 1);
    // Work beyond the idle threads starts new ones.
    let _busy: Vec<_> = (0..3).map(|_| busy(pool)).collect();
    assert_eq!(pool.state().threads, 3);
}

#[test]
fn idle_threads_end() {
    let pool = Box::leak(Box::new(Pool::new(4, Duration::from_millis(1))));
    let (_held, _kept) = busy(pool);
    drop((busy(pool), busy(pool)));
    until(|| pool.state().threads == 1);
    assert_eq!(pool.state().idle, 0);
    done(pool.run(|| ()).unwrap()).unwrap();
}

#[test]
fn dropped_tasks_leave_the_queue() {
    let pool = pool(1);
    let (held, task) = busy(pool);
    let (report, ran) = channel();
    let work = |n| {
        let report = report.clone();
        move || report.send(n).unwrap()
    };
    let tasks: Vec<_> = (0..10).map(|n| pool.run(work(n)).unwrap()).collect();
    let mut late = pool.run(work(10)).unwrap();
    assert!(within(Duration::from_millis(1), &mut late).is_none());
    drop(late);
    for (n, task) in tasks.into_iter().enumerate() {
        if n % 2 == 0 {
            // The result is not taken, and the work is not withdrawn.
            mem::forget(task);
        }
    }
    assert_eq!(pool.state().queue.len(), 5);
    drop(held);
    done(task).unwrap();
    done(pool.run(|| ()).unwrap()).unwrap();
    assert_eq!(ran.try_iter().collect::<Vec<_>>(), [0, 2, 4, 6, 8]);
}

#[test]
fn a_thread_that_outlives_its_call_holds_its_place() {
    let pool = pool(1);
    let (held, task) = busy(pool);
    drop(task);
    let mut next = pool.run(|| ()).unwrap();
    assert!(within(Duration::from_millis(20), &mut next).is_none());
    assert_eq!(next.queued_behind(), Some(1));
    drop(held);
    done(next).unwrap();
}

#[test]
fn a_panic_is_an_error_and_loses_no_thread() {
    let pool = pool(1);
    let error = done(pool.run(|| panic!("on purpose")).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the thread that worked on it panicked");
    done(pool.run(|| ()).unwrap()).unwrap();
    assert_eq!(pool.state().threads, 1);
}

#[test]
fn a_pool_that_cannot_start_a_thread_is_an_error() {
    fn fails(_: &'static Pool) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }
    let broken = Box::leak(Box::new(Pool { spawn: fails, ..Pool::new(32, PATIENCE) }));
    let error = broken.run(|| ()).err().unwrap();
    // Not the system's `WouldBlock`, which callers would read as an empty socket.
    assert_eq!(error.kind(), io::ErrorKind::Other);
    assert!(error.to_string().starts_with("a thread can't be started: "), "{error}");
    assert!(broken.state().queue.is_empty());
}

#[test]
fn work_waits_when_the_system_refuses_more_threads() {
    fn one(pool: &'static Pool) -> io::Result<()> {
        // The caller holds the pool's lock, so this function can't count threads by it.
        static STARTED: Mutex<bool> = Mutex::new(false);
        if mem::replace(&mut *STARTED.lock().unwrap(), true) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        pool.spawn()
    }
    let pool = Box::leak(Box::new(Pool { spawn: one, ..Pool::new(32, PATIENCE) }));
    let (held, _task) = busy(pool);
    let next = pool.run(|| ()).unwrap();
    drop(held);
    done(next).unwrap();
}

#[test]
fn a_forked_process_starts_its_own_threads() {
    let pool = pool(1);
    // A forked process would not have this thread.
    mem::forget(busy(pool));
    pool.state().process = 0;
    done(pool.run(|| ()).unwrap()).unwrap();
}
