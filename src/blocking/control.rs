//! The TCP connection of an association on the blocking front end.

use rustix::event::{PollFd, PollFlags};
use std::fmt;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, PoisonError};

/// The TCP connection of an association. It does not block, and is read only to detect its end.
pub struct Control {
    socket: TcpStream,
    /// Reads the wrapped stream, if it is wrapped.
    wrapped: Option<Mutex<Box<Read>>>,
}

type Read = dyn FnMut() -> io::Result<usize> + Send;

impl Control {
    pub(super) const fn plain(socket: TcpStream) -> Self {
        Self { socket, wrapped: None }
    }

    /// Uses a wrapped stream, which `read` reads, and the socket inside it.
    pub(super) fn wrapped(
        socket: TcpStream,
        read: impl FnMut() -> io::Result<usize> + Send + 'static,
    ) -> Self {
        Self { socket, wrapped: Some(Mutex::new(Box::new(read))) }
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

    /// Reads, or returns `None` if the socket is not readable.
    pub(super) fn read(&self) -> Option<io::Result<usize>> {
        let read = match &self.wrapped {
            None => io::Read::read(&mut &self.socket, &mut [0]),
            Some(read) => read.lock().unwrap_or_else(PoisonError::into_inner)(),
        };
        let later = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
        };
        Some(read).filter(|read| !read.as_ref().is_err_and(later))
    }

    /// Shuts the socket down, which wakes every thread that polls it.
    pub(super) fn shut_down(&self) {
        // It may be closed already.
        let _ = self.socket.shutdown(Shutdown::Both);
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
