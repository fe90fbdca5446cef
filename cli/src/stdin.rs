//! The standard input, on Unix.

use crate::readiness::retried;
use rustix::event::PollFlags;
use std::io::{self, Read};

/// Reads from the standard input. Blocks until there are bytes, or the end.
pub(crate) fn read(buf: &mut [u8]) -> io::Result<usize> {
    retried(&mut io::stdin(), PollFlags::IN, |input| input.read(buf))
}
