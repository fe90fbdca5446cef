//! Threads that receive, and a message of several datagrams: none of them waits while there is a
//! datagram in memory.

use super::check;
use crate::blocking::notify::Notify;
use loom::sync::Mutex;
use loom::thread;
use std::sync::Arc;

struct Socket {
    /// The datagrams of a message that the system has joined.
    message: Mutex<usize>,
    /// Those that a receiving thread has left.
    inbox: Mutex<usize>,
    more: Notify,
}

impl Socket {
    fn new() -> Self {
        let more = Notify::new().expect("an eventfd");
        Self { message: Mutex::new(0), inbox: Mutex::new(0), more }
    }

    fn arrives(&self, datagrams: usize) {
        *self.message.lock().expect("no panic") = datagrams;
        self.more.event.socket_changed();
    }

    /// Takes a datagram, from memory or from the socket.
    fn attempt(&self) -> bool {
        let mut inbox = self.inbox.lock().expect("no panic");
        if *inbox == 0 {
            *inbox = std::mem::take(&mut *self.message.lock().expect("no panic"));
        }
        let is_taken = *inbox > 0;
        *inbox -= usize::from(is_taken);
        is_taken
    }

    fn has_more(&self) -> bool {
        *self.inbox.lock().expect("no panic") > 0
    }

    /// A receiving call, in the order of `blocking/udp.rs`.
    fn receive(&self) {
        while !self.attempt() {
            let waiting = self.more.wait();
            if self.has_more() {
                continue;
            }
            if self.more.event.poll(|| *self.message.lock().expect("no panic") > 0) {
                waiting.reset();
            }
        }
        if self.has_more() {
            self.more.notify();
        }
    }
}

/// Loom reports a thread that waits without end.
#[test]
fn every_datagram_wakes_a_thread() {
    check(|| {
        let socket = Arc::new(Socket::new());
        let receivers: Vec<_> = (0..2)
            .map(|_| {
                let socket = Arc::clone(&socket);
                thread::spawn(move || socket.receive())
            })
            .collect();
        socket.arrives(2);
        for receiver in receivers {
            receiver.join().expect("no panic");
        }
        assert!(!socket.has_more());
    });
}
