//! The connection to the proxy, with one deadline over everything.

use crate::blocking::watchdog::Watchdog;
use crate::runtime::{Deadline, Ends};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A stream that the caller's wrapper returns.
pub(super) trait Wrapped: Read + Write + Send {}

impl<S: Read + Write + Send> Wrapped for S {}

pub(super) struct Wire {
    socket: TcpStream,
    deadline: Deadline,
    wrapped: Option<WithWatchdog>,
}

/// Reads of a wrapped stream may be several reads of the socket, so its own timeout is too long.
struct WithWatchdog {
    stream: Box<dyn Wrapped>,
    /// It shuts the socket down at the deadline.
    watchdog: Option<Watchdog>,
}

impl Wire {
    pub(super) const fn plain(socket: TcpStream, deadline: Deadline) -> Self {
        Self { socket, deadline, wrapped: None }
    }

    pub(super) fn wrapped(
        socket: TcpStream,
        deadline: Deadline,
        wrap: impl FnOnce(TcpStream) -> io::Result<Box<dyn Wrapped>>,
    ) -> io::Result<Self> {
        let watchdog = Watchdog::start(&socket, deadline)?;
        let inner = socket.try_clone()?;
        let stream = in_time(deadline, wrap(inner))?;
        let wrapped = Some(WithWatchdog { stream, watchdog: Some(watchdog) });
        Ok(Self { socket, deadline, wrapped })
    }

    /// Lifts the deadline.
    pub(super) fn keep(&mut self) {
        self.deadline = None;
        if let Some(wrapped) = &mut self.wrapped {
            wrapped.watchdog = None;
        }
    }

    /// The addresses of the connection. A Unix-domain socket has none.
    pub(super) fn ends(&self) -> Option<Ends> {
        Some(Ends { local: self.socket.local_addr().ok()?, peer: self.socket.peer_addr().ok()? })
    }

    /// The proxy's address. A Unix-domain socket leads to a proxy on this machine.
    pub(super) fn proxy_ip(&self) -> IpAddr {
        self.ends().map_or(Ipv4Addr::LOCALHOST.into(), |ends| ends.peer.ip().to_canonical())
    }

    /// A free port of the address from which this machine reaches the proxy, with the scope of a
    /// link-local one.
    pub(super) fn source(&self) -> SocketAddr {
        let mut source = self.ends().map_or((Ipv4Addr::LOCALHOST, 0).into(), |ends| ends.local);
        source.set_ip(source.ip().to_canonical());
        source.set_port(0);
        source
    }

    /// The time until the deadline.
    fn left(&self) -> io::Result<Option<Duration>> {
        match self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => Err(io::ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }
}

/// Returns a timeout for a failure that the watchdog has caused.
fn in_time<T>(deadline: Deadline, result: io::Result<T>) -> io::Result<T> {
    match result {
        Err(_) if is_over(deadline) => Err(io::ErrorKind::TimedOut.into()),
        result => result,
    }
}

fn is_over(deadline: Deadline) -> bool {
    deadline.is_some_and(|deadline| deadline <= Instant::now())
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.left()?;
        let Some(wrapped) = &mut self.wrapped else {
            self.socket.set_read_timeout(left)?;
            return self.socket.read(buf).map_err(as_timeout);
        };
        match wrapped.stream.read(buf) {
            // The watchdog has ended it.
            Ok(0) if is_over(self.deadline) => Err(io::ErrorKind::TimedOut.into()),
            read => in_time(self.deadline, read),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let left = self.left()?;
        let Some(wrapped) = &mut self.wrapped else {
            self.socket.set_write_timeout(left)?;
            return self.socket.write(buf).map_err(as_timeout);
        };
        in_time(self.deadline, wrapped.stream.write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.wrapped {
            None => Ok(()),
            Some(wrapped) => in_time(self.deadline, wrapped.stream.flush()),
        }
    }
}

/// Unix reports a socket's timeout as `WouldBlock`.
fn as_timeout(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}
