//! A way to move datagrams: the calls of one client, and what the relay does before or after them.

use super::datagram::BATCH;
use super::relay::Relay;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The connected socket that is the measure of all others.
    Bare,
    /// The same once more: the difference between the two is noise.
    BareAgain,
    Ours,
    OurBatch,
    Rival,
    /// Printed, and compared with nothing.
    Aside,
}

/// A way to move datagrams.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    before: Box<dyn FnMut(usize)>,
    calls: Box<dyn FnMut(usize) -> Duration>,
    after: Box<dyn FnMut(usize)>,
}

impl Way {
    pub(super) fn send(
        name: &'static str,
        role: Role,
        relay: Relay,
        calls: impl FnMut(usize) -> Duration + 'static,
    ) -> Self {
        let after = Box::new(move |size| relay.take(size));
        Self { name, role, before: Box::new(drop), calls: Box::new(calls), after }
    }

    pub(super) fn receive(
        name: &'static str,
        role: Role,
        relay: Relay,
        calls: impl FnMut(usize) -> Duration + 'static,
    ) -> Self {
        let before = Box::new(move |size| relay.give(size));
        Self { name, role, before, calls: Box::new(calls), after: Box::new(drop) }
    }

    /// Moves a batch. `watch` gets a closure that makes the client's calls only, and returns their
    /// duration.
    pub(crate) fn go<T>(&mut self, size: usize, watch: impl FnOnce(&mut dyn FnMut() -> Duration) -> T) -> T {
        (self.before)(size);
        let watched = watch(&mut || (self.calls)(size));
        (self.after)(size);
        watched
    }
}

/// How long a batch takes, datagram by datagram.
pub(super) fn each(mut call: impl FnMut()) -> Duration {
    all(|| (0..BATCH).for_each(|_| call()))
}

/// How long a batch takes that moves at once.
pub(super) fn all(call: impl FnOnce()) -> Duration {
    let start = Instant::now();
    call();
    start.elapsed()
}
