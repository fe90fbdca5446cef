//! Wakes threads that wait for datagrams. The system joins several datagrams into one message; a
//! thread that takes one of them leaves the others in memory, where no `poll` sees them.

use arrayvec::ArrayVec;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst, fence};

/// An eventfd, which is readable after it has been rung.
#[derive(Debug)]
pub(super) struct Bell {
    event: OwnedFd,
    waiting: AtomicUsize,
}

/// A thread that waits, until it is dropped.
pub(super) struct Waiting<'a>(&'a Bell);

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self { event, waiting: AtomicUsize::new(0) })
    }

    /// Announces that a thread is about to wait. The thread must check for datagrams once more
    /// before it polls.
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, SeqCst);
        // Either this thread sees the datagrams, or the thread that left them sees this one.
        fence(SeqCst);
        Waiting(self)
    }

    /// Wakes at least one thread, if any waits.
    pub(super) fn ring(&self) {
        fence(SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            // It fails only if the counter overflows, and the eventfd is readable then.
            let _ = rustix::io::write(&self.event, &1_u64.to_ne_bytes());
        }
    }
}

impl Waiting<'_> {
    /// Has the eventfd polled behind the two sockets.
    pub(super) fn join<'p>(&'p self, polled: &mut ArrayVec<PollFd<'p>, 3>) {
        polled.push(PollFd::new(&self.0.event, PollFlags::IN));
    }

    /// Resets the eventfd. This thread then has to receive, and to ring again if it leaves
    /// datagrams.
    pub(super) fn answer(&self) {
        // Another thread may have reset it already.
        let _ = rustix::io::read(&self.0.event, &mut [0; size_of::<u64>()]);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}
