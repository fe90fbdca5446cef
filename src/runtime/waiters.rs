//! A list of tasks that wait for the same event on a socket or a lookup.
//!
//! A runtime's `poll` functions store one waker for each direction. Here that waker is the list,
//! which wakes all of its tasks. Each waiting future takes only a few bytes.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The waiting tasks. The list takes no memory until a task waits.
#[derive(Debug)]
pub(crate) struct Waiters {
    slots: Mutex<Vec<Slot>>,
}

/// The place of one task in the list: `None` if it is free.
///
/// A task that is not waiting at the moment keeps its slot with a waker that does nothing.
type Slot = Option<Waker>;

/// The slot of tasks without a ticket.
pub(crate) const WITHOUT_TICKET: usize = 0;

/// The slots of the first allocation. Few lists ever have more than one waiting task.
const FIRST_SLOTS: usize = 2;

/// A slot that is freed on drop. `W` is a reference or an `Arc`.
///
/// A task takes it at its first wait, because most calls never wait.
#[derive(Debug)]
pub(crate) struct Ticket<W: Deref<Target = Waiters>> {
    waiters: W,
    slot: usize,
}

impl Waiters {
    pub(crate) const fn new() -> Self {
        Self { slots: Mutex::new(Vec::new()) }
    }

    /// Registers this task in place of the slot's previous one.
    pub(crate) fn wait(&self, slot: usize, waker: &Waker) {
        let mut slots = self.slots();
        // The previous waker is dropped after the lock: it may own the last reference to its task.
        let _before = match slot_at(&mut slots, slot) {
            Some(known) if known.will_wake(waker) => None,
            slot => slot.replace(waker.clone()),
        };
        drop(slots);
    }

    fn take_slot(&self) -> usize {
        let mut slots = self.slots();
        let mut taken = WITHOUT_TICKET + 1;
        while matches!(slots.get(taken), Some(Some(_))) {
            taken += 1;
        }
        *slot_at(&mut slots, taken) = Some(Waker::noop().clone());
        taken
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a slot, and makes room for it first.
fn slot_at(slots: &mut Vec<Slot>, slot: usize) -> &mut Slot {
    if slots.is_empty() {
        slots.reserve_exact(FIRST_SLOTS);
    }
    if slots.len() <= slot {
        slots.resize(slot + 1, None);
    }
    &mut slots[slot]
}

impl<W: Deref<Target = Waiters>> Ticket<W> {
    pub(crate) fn take(waiters: W) -> Self {
        Self { slot: waiters.take_slot(), waiters }
    }

    /// Registers this task.
    pub(crate) fn wait(&self, waker: &Waker) {
        self.waiters.wait(self.slot, waker);
    }
}

impl<W: Deref<Target = Waiters>> Drop for Ticket<W> {
    fn drop(&mut self) {
        let mut slots = self.waiters.slots();
        let _left = slots[self.slot].take();
        // The list shrinks again after many tasks have waited at once.
        while matches!(slots.last(), Some(None)) {
            slots.pop();
        }
        drop(slots);
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
            let Some(waker) = slot else { continue };
            let waiting = std::mem::replace(waker, Waker::noop().clone());
            drop(slots);
            waiting.wake();
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
        let mut tickets: Vec<_> = tasks.iter().map(|_| Ticket::take(&*waiters)).collect();
        for (ticket, task) in tickets.iter().zip(&tasks) {
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

    /// A task without a ticket and one with a ticket do not share a slot, whichever waits first.
    #[test]
    fn the_task_without_a_ticket_has_its_own_slot() {
        for ticket_first in [false, true] {
            let waiters = Arc::new(Waiters::new());
            let tasks = [Arc::<Task>::default(), Arc::default(), Arc::default()];
            let [ticketed, first, second] = tasks.clone().map(Waker::from);
            if !ticket_first {
                waiters.wait(WITHOUT_TICKET, &first);
            }
            let ticket = Ticket::take(&*waiters);
            ticket.wait(&ticketed);
            waiters.wait(WITHOUT_TICKET, &first);
            waiters.wait(WITHOUT_TICKET, &second);
            Waker::from(Arc::clone(&waiters)).wake();
            assert_eq!(tasks.map(|task| task.0.load(Relaxed)), [1, 0, 1]);
        }
    }

    /// A wake-up before any task waits takes no memory.
    #[test]
    fn a_list_without_tasks_takes_no_memory() {
        let waiters = Arc::new(Waiters::new());
        Waker::from(Arc::clone(&waiters)).wake();
        assert_eq!(waiters.slots().capacity(), 0);
    }

    #[test]
    fn slots_are_reused() {
        let waiters = Arc::new(Waiters::new());
        for _ in 0..1000 {
            Ticket::take(&*waiters).wait(Waker::noop());
        }
        let slots = waiters.slots();
        assert_eq!((slots.len(), slots.capacity()), (0, FIRST_SLOTS));
    }
}
