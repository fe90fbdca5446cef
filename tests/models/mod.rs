//! Models of what threads share, which `tests/deep` puts into a copy of the library: the files that
//! they are about use the locks and atomics of loom there.

mod notify;
mod waiters;

use loom::sync::{Condvar, Mutex};
use rustix::event::EventfdFlags;
use rustix::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;

/// An eventfd.
#[derive(Debug)]
pub(crate) struct Event {
    count: Mutex<u64>,
    changed: Condvar,
}

pub(crate) fn eventfd(count: u64, _: EventfdFlags) -> io::Result<Event> {
    Ok(Event { count: Mutex::new(count), changed: Condvar::new() })
}

pub(crate) fn write(event: &Event, _: &[u8]) -> io::Result<usize> {
    *event.count.lock().expect("no panic") += 1;
    event.changed.notify_all();
    Ok(8)
}

pub(crate) fn read(event: &Event, _: &mut [u8]) -> io::Result<usize> {
    *event.count.lock().expect("no panic") = 0;
    Ok(8)
}

impl Event {
    /// Waits until this is readable or the socket is. Returns whether this is.
    fn poll(&self, is_socket_ready: impl Fn() -> bool) -> bool {
        let mut count = self.count.lock().expect("no panic");
        while *count == 0 && !is_socket_ready() {
            count = self.changed.wait(count).expect("no panic");
        }
        *count > 0
    }

    /// Announces that the socket is readable.
    fn socket_changed(&self) {
        let _count = self.count.lock().expect("no panic");
        self.changed.notify_all();
    }
}

/// No model polls it by the system.
impl AsFd for Event {
    fn as_fd(&self) -> BorrowedFd<'_> {
        static INPUT: OnceLock<std::io::Stdin> = OnceLock::new();
        INPUT.get_or_init(std::io::stdin).as_fd()
    }
}

/// All orders of events with at most three preemptions, which find nearly all mistakes.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}
