//! The list of tasks that wait for a socket: no event is missed.

use super::check;
use crate::runtime::waiters::{Bell, Ticket, WITHOUT_TICKET};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use loom::thread;
use std::sync::Arc;
use std::task::{Wake, Waker};

struct Task(AtomicUsize);

impl Task {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(0)))
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A task that registers and then makes an attempt either succeeds or is woken: the task without a
/// ticket too.
#[test]
fn no_event_is_missed() {
    check(|| {
        let (bell, ready) = (Arc::new(Bell::new()), Arc::new(AtomicBool::new(false)));
        let tasks = [false, true].map(|has_ticket| {
            let (bell, ready) = (Arc::clone(&bell), Arc::clone(&ready));
            thread::spawn(move || {
                let task = Task::new();
                let waker = Waker::from(Arc::clone(&task));
                let ticket = has_ticket.then(|| Ticket::take(Arc::clone(&bell.waiters)));
                match &ticket {
                    Some(ticket) => ticket.wait(&waker),
                    None => bell.waiters.wait(WITHOUT_TICKET, &waker),
                }
                (ready.load(SeqCst), task, ticket)
            })
        });
        ready.store(true, SeqCst);
        bell.waker.wake_by_ref();
        for task in tasks {
            let (has_succeeded, task, _ticket) = task.join().expect("no panic");
            assert!(has_succeeded || task.0.load(SeqCst) > 0);
        }
    });
}

/// A call that is cancelled meanwhile takes no event from another.
#[test]
fn a_cancelled_call_takes_no_event() {
    check(|| {
        let (bell, task) = (Arc::new(Bell::new()), Task::new());
        let first = Ticket::take(Arc::clone(&bell.waiters));
        first.wait(&Waker::from(Task::new()));
        let kept = Ticket::take(Arc::clone(&bell.waiters));
        kept.wait(&Waker::from(Arc::clone(&task)));
        let cancelled = thread::spawn(move || drop(first));
        let other = Arc::clone(&bell);
        let brief = thread::spawn(move || {
            Ticket::take(Arc::clone(&other.waiters)).wait(&Waker::from(Task::new()));
        });
        bell.waker.wake_by_ref();
        cancelled.join().expect("no panic");
        brief.join().expect("no panic");
        assert_eq!(task.0.load(SeqCst), 1);
    });
}
