//! `notify` for systems that join no datagrams: no thread has to be notified.

use arrayvec::ArrayVec;
use rustix::event::PollFd;
use std::io;

#[derive(Debug)]
pub(super) struct Notify;

pub(super) struct Waiting;

#[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the signatures of `notify`")]
impl Notify {
    pub(super) const fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) const fn wait(&self) -> Waiting {
        Waiting
    }

    pub(super) const fn notify(&self) {}
}

#[allow(clippy::unused_self, reason = "the signatures of `notify`")]
impl Waiting {
    pub(super) const fn add_to<'p>(&'p self, _: &mut ArrayVec<PollFd<'p>, 3>) {}

    pub(super) const fn reset(&self) {}
}
