//! Waiting for a descriptor that is non-blocking.
//!
//! Another process that has the same pipe, socket or terminal may have set that.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io;
use std::os::fd::AsFd;

/// Repeats a call until it fails with another error than `Interrupted` and `WouldBlock`, or
/// succeeds. Blocks while the descriptor is not ready.
pub(crate) fn retried<F: AsFd, T>(
    descriptor: &mut F,
    ready: PollFlags,
    mut call: impl FnMut(&mut F) -> io::Result<T>,
) -> io::Result<T> {
    loop {
        match call(descriptor) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                match poll(&mut [PollFd::new(descriptor, ready)], None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            done => return done,
        }
    }
}
