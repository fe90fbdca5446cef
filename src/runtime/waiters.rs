//! A list of tasks that wait for the same event on a socket or a lookup.
//!
//! A runtime's `poll` functions store one waker for each direction. Here that waker is the list,
//! which wakes all of its tasks. Each waiting future takes only a few bytes.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The waiting tasks.
#[derive(Debug)]
pub(crate) struct Waiters {
    /// The first slot is reserved for tasks without a ticket.
    slots: Mutex<Vec<Slot>>,
}

/// The place of one task in the list.
#[derive(Debug)]
enum Slot {
    Free,
    /// Taken by a task that is not waiting at the moment.
    Reserved,
    Waiting(Waker),
}

/// A slot that is taken at the first wait, and freed on drop. `W` is a reference or an `Arc`.
#[derive(Debug)]
pub(crate) struct Ticket<W: Deref<Target = Waiters>> {
    waiters: W,
    slot: Option<usize>,
}

impl Waiters {
    pub(crate) fn new() -> Self {
        Self { slots: vec![Slot::Reserved].into() }
    }

    /// Registers this task in place of the slot's previous one.
    pub(crate) fn wait(&self, slot: usize, waker: &Waker) {
        let mut slots = self.slots();
        // The previous waker is dropped after the lock: it may own the last reference to its task.
        let _before = match &mut slots[slot] {
            Slot::Waiting(known) if known.will_wake(waker) => None,
            slot => Some(std::mem::replace(slot, Slot::Waiting(waker.clone()))),
        };
        drop(slots);
    }

    fn take_slot(&self) -> usize {
        let mut slots = self.slots();
        let free = slots.iter().position(|slot| matches!(slot, Slot::Free)).unwrap_or_else(|| {
            slots.push(Slot::Free);
            slots.len() - 1
        });
        slots[free] = Slot::Reserved;
        free
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Deref<Target = Waiters>> Ticket<W> {
    pub(crate) const fn new(waiters: W) -> Self {
        Self { waiters, slot: None }
    }

    /// Registers this task.
    pub(crate) fn wait(&mut self, waker: &Waker) {
        let slot = *self.slot.get_or_insert_with(|| self.waiters.take_slot());
        self.waiters.wait(slot, waker);
    }
}

impl<W: Deref<Target = Waiters>> Drop for Ticket<W> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            let mut slots = self.waiters.slots();
            let _left = std::mem::replace(&mut slots[slot], Slot::Free);
            // The list shrinks again after many tasks have waited at once.
            while matches!(slots.last(), Some(Slot::Free)) {
                slots.pop();
            }
            drop(slots);
        }
    }
}

impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Wakes one task at a time, without the lock: a task may wait again as soon as it is woken.
    fn wake_by_ref(self: &Arc<Self>) {
        let mut next = 0;
        loop {
            let mut slots = self.slots();
            let Some(slot) = slots.get_mut(next) else { return };
            next += 1;
            let waiting = match slot {
                Slot::Waiting(_) => std::mem::replace(slot, Slot::Reserved),
                _ => continue,
            };
            drop(slots);
            if let Slot::Waiting(waker) = waiting {
                waker.wake();
            }
        }
    }
}

/// The waiting tasks, and the waker that wakes all of them.
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
    fn each_waiting_task_is_woken_once() {
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
    fn slots_are_reused() {
        let waiters = Arc::new(Waiters::new());
        for _ in 0..1000 {
            Ticket::new(&*waiters).wait(Waker::noop());
        }
        assert_eq!(waiters.slots().len(), 1);
    }
}
