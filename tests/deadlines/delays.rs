//! How late this machine wakes a thread, because it has other work.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const SLEEP: Duration = Duration::from_millis(10);

/// A thread that sleeps and compares the clock, until [`largest`](Self::largest) is called.
pub(crate) struct Delays {
    stop: Sender<()>,
    thread: JoinHandle<Duration>,
}

impl Delays {
    pub(crate) fn measure() -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut largest = Duration::ZERO;
            loop {
                let began = Instant::now();
                let woken = stopped.recv_timeout(SLEEP);
                largest = largest.max(began.elapsed().saturating_sub(SLEEP));
                if woken != Err(RecvTimeoutError::Timeout) {
                    return largest;
                }
            }
        });
        Self { stop, thread }
    }

    /// Returns the largest delay since the measurement began.
    pub(crate) fn largest(self) -> Duration {
        drop(self.stop);
        self.thread.join().expect("the largest delay")
    }
}
