//! Notifies threads that wait for datagrams. The system joins several datagrams into one message.
//! A thread that takes one of them leaves the others in memory, where no `poll` sees them.

use arrayvec::ArrayVec;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst, fence};

/// An eventfd, which is readable after a notification.
#[derive(Debug)]
pub(super) struct Notify {
    event: OwnedFd,
    waiting: AtomicUsize,
}

/// A waiting thread, until this is dropped.
pub(super) struct Waiting<'a>(&'a Notify);

impl Notify {
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

    /// Wakes at least one waiting thread.
    pub(super) fn notify(&self) {
        fence(SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            // It fails only if the counter overflows, and the eventfd is readable then.
            let _ = rustix::io::write(&self.event, &1_u64.to_ne_bytes());
        }
    }
}

impl Waiting<'_> {
    /// Adds the eventfd to the sockets to be polled.
    pub(super) fn add_to<'p>(&'p self, polled: &mut ArrayVec<PollFd<'p>, 3>) {
        polled.push(PollFd::new(&self.0.event, PollFlags::IN));
    }

    /// Resets the eventfd. The caller must then receive, and notify again if it leaves datagrams.
    pub(super) fn reset(&self) {
        // Another thread may have reset it already.
        let _ = rustix::io::read(&self.0.event, &mut [0; size_of::<u64>()]);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}
