//! The timeouts of a socket, for whole calls on an encapsulated stream.

use super::Blocking;
use super::wait::wait;
use crate::protocol::frames::CallLimit;
use crate::stream::SocksStream;
use crate::stream::driver::STEPS_AT_ONCE;
use rustix::event::{PollFd, PollFlags};
use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The timeouts that are set on a socket: `SO_RCVTIMEO` and `SO_SNDTIMEO`.
pub(super) struct SocketTimeouts {
    /// A duplicate, which has the options of the original at any time.
    socket: TcpStream,
    /// Whether the encapsulated stream reads and writes the socket itself. A wrapping stream can
    /// have buffered bytes while the socket is not ready.
    is_inner: bool,
}

impl SocketTimeouts {
    /// Returns the limit of a stream that reads and writes this socket itself.
    pub(super) fn of_inner(socket: &TcpStream) -> io::Result<Box<dyn CallLimit>> {
        Ok(Box::new(Self { socket: socket.try_clone()?, is_inner: true }))
    }

    /// Returns the limit of a stream that is wrapped around this socket.
    pub(super) fn of_wrapped(socket: &TcpStream) -> io::Result<Box<dyn CallLimit>> {
        Ok(Box::new(Self { socket: socket.try_clone()?, is_inner: false }))
    }

    fn check(&self, began: Instant, timeout: Option<Duration>, flags: PollFlags) -> io::Result<()> {
        let Some(deadline) = timeout.and_then(|timeout| began.checked_add(timeout)) else { return Ok(()) };
        if deadline <= Instant::now() {
            return Err(timed_out());
        }
        // On Windows the socket may be non-blocking, which can't be asked.
        let waits = self.is_inner && cfg!(unix);
        if waits && !wait(&mut [PollFd::new(&self.socket, flags)], Some(deadline))? {
            return Err(timed_out());
        }
        Ok(())
    }

    #[cfg(unix)]
    fn is_nonblocking(&self) -> io::Result<bool> {
        socket2::SockRef::from(&self.socket).nonblocking()
    }

    /// Returns `false`, because Windows does not provide the mode of a socket.
    #[cfg(not(unix))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the signature on Unix")]
    const fn is_nonblocking(&self) -> io::Result<bool> {
        Ok(false)
    }
}

impl CallLimit for SocketTimeouts {
    fn before_read(&self, began: Instant, reads: usize) -> io::Result<()> {
        if !self.is_nonblocking()? {
            return self.check(began, self.socket.read_timeout()?, PollFlags::IN);
        }
        // `WouldBlock` would be wrong: no further event may announce the bytes that are there.
        if reads < STEPS_AT_ONCE { Ok(()) } else { Err(io::ErrorKind::Interrupted.into()) }
    }

    fn before_write(&self, began: Instant) -> io::Result<()> {
        if self.is_nonblocking()? {
            return Ok(());
        }
        self.check(began, self.socket.write_timeout()?, PollFlags::OUT)
    }
}

/// Returns the error of a read or write of a socket that timed out.
fn timed_out() -> io::Error {
    if cfg!(windows) { io::ErrorKind::TimedOut.into() } else { io::ErrorKind::WouldBlock.into() }
}

/// For so long, a call moves bytes without system calls for its limit. A frame that arrives in
/// several pieces costs nothing then.
const UNCHECKED: Duration = Duration::from_millis(10);

/// A call on an encapsulated stream, with its time limit if it has one.
pub(super) struct Call<'a> {
    limit: Option<&'a dyn CallLimit>,
    began: Option<Instant>,
    reads: usize,
}

impl<'a> Call<'a> {
    pub(super) const fn new(limit: Option<&'a dyn CallLimit>) -> Self {
        Self { limit, began: None, reads: 0 }
    }

    /// Waits before a read of the inner stream, unless it is the first one of this call.
    pub(super) fn before_read(&mut self) -> io::Result<()> {
        let Some((limit, began)) = self.further() else { return Ok(()) };
        self.reads += 1;
        let is_checked = began.elapsed() >= UNCHECKED || self.reads >= STEPS_AT_ONCE;
        if is_checked { limit.before_read(began, self.reads) } else { Ok(()) }
    }

    /// Waits before a write of the inner stream, unless it is the first one of this call.
    pub(super) fn before_write(&mut self) -> io::Result<()> {
        match self.further() {
            Some((limit, began)) if began.elapsed() >= UNCHECKED => limit.before_write(began),
            _ => Ok(()),
        }
    }

    /// Begins anew after a pause, which the encapsulation asks for.
    pub(super) const fn restart(&mut self) {
        self.began = None;
    }

    /// Returns the limit and when the call began. The first time, returns `None`: the call begins.
    fn further(&mut self) -> Option<(&'a dyn CallLimit, Instant)> {
        let limit = self.limit?;
        if self.began.is_none() {
            self.began = Some(Instant::now());
            return None;
        }
        Some((limit, self.began?))
    }
}

impl<S, V> SocksStream<S, V, Blocking> {
    /// Applies the read and write timeouts of a socket to whole calls on this stream.
    ///
    /// `socket` is the one that the inner stream of a [handshake](Self::handshake) uses, such as
    /// the socket below TLS. The streams that this crate dials have this limit already, and so
    /// have streams that are not [encapsulated](Self::is_encapsulated): then this call changes
    /// nothing.
    ///
    /// A read of an encapsulated stream ends only with content. Without this call, a proxy that
    /// sends frames without content prolongs it: each read of the inner stream has the whole
    /// timeout. With this call, a read fails before the double of the timeout has passed, like one
    /// of the inner stream that timed out. Timeouts that are set later apply too. For a
    /// Unix-domain socket, convert a duplicate:
    /// `TcpStream::from(OwnedFd::from(unix.try_clone()?))`.
    ///
    /// ```no_run
    /// use anysocks::{Auth, blocking::Socks5Stream};
    /// use std::net::TcpStream;
    /// use std::time::Duration;
    ///
    /// # fn example(auth: &Auth) -> Result<(), Box<dyn std::error::Error>> {
    /// let socket = TcpStream::connect("127.0.0.1:1080")?;
    /// let handle = socket.try_clone()?;
    /// let stream = Socks5Stream::handshake(socket, auth, "example.com:80")?;
    /// let stream = stream.with_timeouts_of(&handle)?;
    /// handle.set_read_timeout(Some(Duration::from_secs(5)))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// - An error of the system: it can't duplicate the descriptor, which this stream keeps.
    pub fn with_timeouts_of(self, socket: &TcpStream) -> io::Result<Self> {
        if let Some(shared) = self.shared.as_ref().filter(|_| self.is_encapsulated()) {
            shared.set_call_limit(SocketTimeouts::of_wrapped(socket)?);
        }
        Ok(self)
    }
}
