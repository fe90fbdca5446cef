//! The TCP connection of an association on the blocking front end.

use super::wait::{remaining, wait};
use crate::runtime::{ControlIo, Deadline};
use rustix::event::{PollFd, PollFlags};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, PoisonError};

/// The TCP connection of an association. It does not block, and is read only to detect its end.
pub struct Control {
    socket: TcpStream,
    /// Reads the wrapped stream, if it is wrapped.
    wrapped: Option<Mutex<Box<dyn Stream>>>,
}

/// A stream that the caller has wrapped the connection in.
trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

impl Control {
    pub(super) const fn plain(socket: TcpStream) -> Self {
        Self { socket, wrapped: None }
    }

    /// Uses a wrapped stream, which `read` reads, and the socket inside it.
    pub(super) fn wrapped(socket: TcpStream, stream: impl Read + Write + Send + 'static) -> Self {
        Self { socket, wrapped: Some(Mutex::new(Box::new(stream))) }
    }

    pub(super) fn watch(&self) -> io::Result<()> {
        self.socket.set_nonblocking(true)
    }

    /// Returns the socket for `poll`.
    pub(super) fn poll_fd(&self) -> PollFd<'_> {
        PollFd::new(&self.socket, PollFlags::IN)
    }

    /// Returns whether bytes can be buffered while the socket is not readable, as in TLS.
    pub(super) const fn reads_ahead(&self) -> bool {
        self.wrapped.is_some()
    }

    /// Reads without waiting. Returns `None` if that would block.
    pub(super) fn read(&self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        let later = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
        };
        Some(self.io(ControlIo::Read(buf))).filter(|read| !read.as_ref().is_err_and(later))
    }

    fn io(&self, io: ControlIo<'_>) -> io::Result<usize> {
        let Some(wrapped) = &self.wrapped else { return on(&mut &self.socket, io) };
        on(&mut **wrapped.lock().unwrap_or_else(PoisonError::into_inner), io)
    }

    /// Reads, writes or flushes. Waits until that is possible, or returns `None` when the deadline
    /// passes. It applies to a proxy that never stops sending, too.
    pub(super) fn wait_io(&self, mut io: ControlIo<'_>, deadline: Deadline) -> Option<io::Result<usize>> {
        if remaining(deadline).is_some_and(|left| left.is_zero()) {
            return None;
        }
        loop {
            let (flags, again) = match &mut io {
                ControlIo::Read(buf) => (PollFlags::IN, ControlIo::Read(buf)),
                ControlIo::Write(bytes) => (PollFlags::OUT, ControlIo::Write(bytes)),
                ControlIo::Flush => (PollFlags::OUT, ControlIo::Flush),
            };
            match self.io(again) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Some(done),
            }
            match wait(&mut [PollFd::new(&self.socket, flags)], deadline) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Shuts the socket down, which wakes every thread that polls it.
    pub(super) fn shut_down(&self) {
        // It may be closed already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

fn on(stream: &mut (impl Read + Write + ?Sized), io: ControlIo<'_>) -> io::Result<usize> {
    match io {
        ControlIo::Read(buf) => stream.read(buf),
        ControlIo::Write(bytes) => stream.write(bytes),
        ControlIo::Flush => stream.flush().map(|()| 0),
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("socket", &self.socket)
            .field("wrapped", &self.wrapped.is_some())
            .finish_non_exhaustive()
    }
}
