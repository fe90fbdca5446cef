//! The TCP connection of an association where threads block.

use rustix::event::{PollFd, PollFlags};
use std::fmt;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, PoisonError};

/// The TCP connection of an association, of which nothing but its end is expected. It does not block.
pub struct Control {
    socket: TcpStream,
    /// How it is read, if it is wrapped.
    wrapped: Option<Mutex<Box<Read>>>,
}

type Read = dyn FnMut() -> io::Result<usize> + Send;

impl Control {
    pub(super) const fn plain(socket: TcpStream) -> Self {
        Self { socket, wrapped: None }
    }

    /// The socket inside of a stream that is read so.
    pub(super) fn wrapped(
        socket: TcpStream,
        read: impl FnMut() -> io::Result<usize> + Send + 'static,
    ) -> Self {
        Self { socket, wrapped: Some(Mutex::new(Box::new(read))) }
    }

    pub(super) fn watch(&self) -> io::Result<()> {
        self.socket.set_nonblocking(true)
    }

    /// What to wait for before there may be something to read.
    pub(super) fn poll_fd(&self) -> PollFd<'_> {
        PollFd::new(&self.socket, PollFlags::IN)
    }

    /// Whether there may be something to read of which the socket knows nothing any more: TLS reads ahead.
    pub(super) const fn reads_ahead(&self) -> bool {
        self.wrapped.is_some()
    }

    /// Reads, if there is anything to be read.
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

    /// Has the socket end, so that whoever waits for it sees that.
    pub(super) fn end(&self) {
        // It may have ended already.
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
