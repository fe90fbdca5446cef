//! `bell` for systems that join no datagrams: nothing has to be woken.

use arrayvec::ArrayVec;
use rustix::event::PollFd;
use std::io;

#[derive(Debug)]
pub(super) struct Bell;

pub(super) struct Waiting;

#[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the signatures of `bell`")]
impl Bell {
    pub(super) const fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) const fn wait(&self) -> Waiting {
        Waiting
    }

    pub(super) const fn ring(&self) {}
}

#[allow(clippy::unused_self, reason = "the signatures of `bell`")]
impl Waiting {
    pub(super) const fn join<'p>(&'p self, _: &mut ArrayVec<PollFd<'p>, 3>) {}

    pub(super) const fn answer(&self) {}
}
