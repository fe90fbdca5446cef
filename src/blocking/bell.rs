//! Waking threads that wait for datagrams: the system joins several into one, and the thread that takes it leaves the others in memory, where
//! no `poll` sees them.

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst, fence};

/// A descriptor that can be read from once it has been rung.
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

    /// Announces a thread that waits. What it waits for must be looked at once more before it does.
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, SeqCst);
        // Either this thread sees what came, or whoever left it sees this thread.
        fence(SeqCst);
        Waiting(self)
    }

    /// Wakes a thread at least, if any waits.
    pub(super) fn ring(&self) {
        fence(SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            // It can only be that it has been rung 2^64 times, and was not heard.
            let _ = rustix::io::write(&self.event, &1_u64.to_ne_bytes());
        }
    }
}

impl Waiting<'_> {
    /// What to wait for, beside the sockets.
    pub(super) fn poll_fd(&self) -> Option<PollFd<'_>> {
        Some(PollFd::new(&self.0.event, PollFlags::IN))
    }

    /// Ends the ringing. This thread then has to look, and to ring if it leaves anything.
    pub(super) fn answer(&self) {
        // Another thread may have been faster.
        let _ = rustix::io::read(&self.0.event, &mut [0; size_of::<u64>()]);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}
