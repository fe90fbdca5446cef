//! Many tasks that wait for one thing: a socket, or the answer to a lookup.
//!
//! A runtime's `poll` functions remember one task for each direction. Here the runtime wakes the
//! waiters, and they wake every task among them, at the price of a few bytes in each future.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The tasks that wait.
#[derive(Debug)]
pub(crate) struct Waiters {
    /// The first is kept for tasks without a ticket.
    seats: Mutex<Vec<Seat>>,
}

/// Where a task waits.
#[derive(Debug)]
enum Seat {
    Free,
    /// Somebody's, who does not wait at the moment.
    Kept,
    Waiting(Waker),
}

/// A seat, until it is dropped; taken when there is something to wait for. `W` is a reference, or an `Arc`.
#[derive(Debug)]
pub(crate) struct Ticket<W: Deref<Target = Waiters>> {
    waiters: W,
    seat: Option<usize>,
}

impl Waiters {
    pub(crate) fn new() -> Self {
        Self { seats: vec![Seat::Kept].into() }
    }

    /// Has this task woken, in place of the one that had the seat before.
    pub(crate) fn wait(&self, seat: usize, waker: &Waker) {
        let mut seats = self.seats();
        // A waker that is not needed any more is dropped when nothing is locked: it may be the last of its task.
        let _before = match &mut seats[seat] {
            Seat::Waiting(known) if known.will_wake(waker) => None,
            seat => Some(std::mem::replace(seat, Seat::Waiting(waker.clone()))),
        };
        drop(seats);
    }

    fn take_seat(&self) -> usize {
        let mut seats = self.seats();
        let free = seats.iter().position(|seat| matches!(seat, Seat::Free)).unwrap_or_else(|| {
            seats.push(Seat::Free);
            seats.len() - 1
        });
        seats[free] = Seat::Kept;
        free
    }

    fn seats(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Deref<Target = Waiters>> Ticket<W> {
    pub(crate) const fn new(waiters: W) -> Self {
        Self { waiters, seat: None }
    }

    /// Has this task woken.
    pub(crate) fn wait(&mut self, waker: &Waker) {
        let seat = *self.seat.get_or_insert_with(|| self.waiters.take_seat());
        self.waiters.wait(seat, waker);
    }
}

impl<W: Deref<Target = Waiters>> Drop for Ticket<W> {
    fn drop(&mut self) {
        if let Some(seat) = self.seat {
            let mut seats = self.waiters.seats();
            let _left = std::mem::replace(&mut seats[seat], Seat::Free);
            // After a rush, the room is empty again.
            while matches!(seats.last(), Some(Seat::Free)) {
                seats.pop();
            }
            drop(seats);
        }
    }
}

impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// One after the other, each when nothing is locked any more: who is woken may wait again at once.
    fn wake_by_ref(self: &Arc<Self>) {
        let mut next = 0;
        loop {
            let mut seats = self.seats();
            let Some(seat) = seats.get_mut(next) else { return };
            next += 1;
            let waiting = match seat {
                Seat::Waiting(_) => std::mem::replace(seat, Seat::Kept),
                _ => continue,
            };
            drop(seats);
            if let Seat::Waiting(waker) = waiting {
                waker.wake();
            }
        }
    }
}

/// The waiters, and the waker that wakes them.
#[derive(Debug)]
pub(crate) struct Bell {
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) waker: Waker,
}

impl Bell {
    pub(crate) fn new() -> Self {
        let waiters = Arc::new(Waiters::new());
        Self { waker: Arc::clone(&waiters).into(), waiters }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    #[derive(Default)]
    struct Task(AtomicU32);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn each_that_waits_is_woken_once() {
        let waiters = Arc::new(Waiters::new());
        let bell = Waker::from(Arc::clone(&waiters));
        let tasks: Vec<_> = (0..3).map(|_| Arc::<Task>::default()).collect();
        let woken = || tasks.iter().map(|task| task.0.load(Relaxed)).collect::<Vec<_>>();
        let mut tickets: Vec<_> = tasks.iter().map(|_| Ticket::new(&*waiters)).collect();
        for (ticket, task) in tickets.iter_mut().zip(&tasks) {
            ticket.wait(&Waker::from(Arc::clone(task)));
            ticket.wait(&Waker::from(Arc::clone(task)));
        }
        tickets.remove(1);
        bell.wake_by_ref();
        bell.wake_by_ref();
        assert_eq!(woken(), [1, 0, 1]);
        tickets[0].wait(&Waker::from(Arc::clone(&tasks[0])));
        bell.wake_by_ref();
        assert_eq!(woken(), [2, 0, 1]);
    }

    #[test]
    fn seats_are_used_again() {
        let waiters = Arc::new(Waiters::new());
        for _ in 0..1000 {
            Ticket::new(&*waiters).wait(Waker::noop());
        }
        assert_eq!(waiters.seats().len(), 1);
    }
}
