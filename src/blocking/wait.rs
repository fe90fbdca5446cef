//! Waiting for sockets, but not beyond the deadline.

use crate::error::{Error, ErrorKind};
use crate::runtime::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

/// How much time is left; `None` if there is no deadline.
pub(super) fn left(deadline: Deadline) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Waits until one of the sockets is as asked for, or the time is over: whether one is.
pub(super) fn wait(sockets: &mut [PollFd<'_>], until: Deadline) -> io::Result<bool> {
    loop {
        // Some systems count milliseconds in 32 bits: an hour at a time.
        let left = left(until).and_then(|left| Timespec::try_from(left.min(HOUR)).ok());
        match poll(sockets, left.as_ref()) {
            Ok(0) if left != Some(Timespec::default()) => {}
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A non-blocking socket that is read and written as a blocking one with a deadline over all calls.
pub(super) struct Punctual<'a> {
    stream: &'a TcpStream,
    deadline: Deadline,
}

impl<'a> Punctual<'a> {
    pub(super) const fn new(stream: &'a TcpStream, deadline: Deadline) -> Self {
        Self { stream, deadline }
    }

    fn wait(&self, flags: PollFlags) -> io::Result<()> {
        // A proxy that always has more to say is late all the same.
        let over = left(self.deadline).is_some_and(|left| left.is_zero());
        if over || !wait(&mut [PollFd::new(self.stream, flags)], self.deadline)? {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl Read for Punctual<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // The answer is hardly ever there yet.
        loop {
            self.wait(PollFlags::IN)?;
            match self.stream.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
        }
    }
}

impl Write for Punctual<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        loop {
            match self.stream.write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait(PollFlags::OUT)?;
                }
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What [`Punctual`] says when the time is over, as the error that it is.
pub(super) fn timed_out(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::TimedOut => {
            Error::new(error.stage(), ErrorKind::TimedOut)
        }
        _ => error,
    }
}
