//! Waiting for sockets until a deadline.

use crate::error::{Error, ErrorKind};
use crate::protocol::conversation::Conversation;
use crate::protocol::pause::Pause;
use crate::runtime::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

/// Returns the time until the deadline, or `None` if there is no deadline.
pub(super) fn remaining(deadline: Deadline) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Sleeps until the pause has ended, or the deadline passes.
pub(super) fn sleep(pause: &mut Pause, until: Deadline) -> io::Result<()> {
    let left = remaining(until);
    let is_late = left.is_some_and(|left| left < pause.duration());
    thread::sleep(left.map_or(pause.duration(), |left| left.min(pause.duration())));
    pause.end();
    if is_late { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
}

/// Waits until one of the sockets is ready, or the deadline passes. Returns whether one is ready.
pub(crate) fn wait(sockets: &mut [PollFd<'_>], until: Deadline) -> io::Result<bool> {
    loop {
        // Some systems count milliseconds in 32 bits, so this waits an hour at a time.
        let left = remaining(until).and_then(|left| Timespec::try_from(left.min(HOUR)).ok());
        match poll(sockets, left.as_ref()) {
            Ok(0) if left != Some(Timespec::default()) => {}
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A non-blocking socket with blocking reads and writes, and one deadline over all of them.
pub(super) struct DeadlineStream<'a> {
    stream: &'a TcpStream,
    deadline: Deadline,
    /// Whether the last call was a read that filled its buffer, so that more bytes may be there.
    has_more: bool,
}

impl<'a> DeadlineStream<'a> {
    pub(super) const fn new(stream: &'a TcpStream, deadline: Deadline) -> Self {
        Self { stream, deadline, has_more: false }
    }

    /// Fails if the deadline has passed. It applies to a proxy that never stops sending, too.
    fn check(&self) -> io::Result<()> {
        let over = remaining(self.deadline).is_some_and(|left| left.is_zero());
        if over { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    fn wait(&self, flags: PollFlags) -> io::Result<()> {
        self.check()?;
        let ready = wait(&mut [PollFd::new(self.stream, flags)], self.deadline)?;
        if ready { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}

impl Read for DeadlineStream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // Waits first, because a message has rarely arrived before it is awaited. The rest of one
        // that has begun mostly has. Without a deadline, the socket itself may block.
        let mut is_ready = std::mem::take(&mut self.has_more) || self.deadline.is_none();
        loop {
            if is_ready {
                self.check()?;
            } else {
                self.wait(PollFlags::IN)?;
            }
            match self.stream.read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => is_ready = false,
                read => {
                    self.has_more = read.as_ref().is_ok_and(|n| *n == buf.len());
                    return read;
                }
            }
        }
    }
}

impl Write for DeadlineStream<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.has_more = false;
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

/// Returns the error of a conversation over a [`DeadlineStream`], whose I/O error of the kind
/// `TimedOut` is the deadline.
pub(super) fn late<C: Conversation>(error: Error, conversation: &C) -> Error {
    match error.kind() {
        ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::TimedOut => {
            conversation.failure(ErrorKind::TimedOut)
        }
        _ => error,
    }
}
