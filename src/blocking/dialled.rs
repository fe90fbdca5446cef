//! A dialled socket, until the last handshake has ended.

use super::race::{self, RECHECK};
use super::wait::wait;
use crate::proxy::SocketOptions;
use crate::runtime::Deadline;
use crate::runtime::dial::{self, Failures, Mode, connected};
use rustix::event::{PollFd, PollFlags};
use socket2::SockAddr;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// A dialled socket. It is non-blocking if it was dialled with a deadline, because a blocking
/// write has none.
#[derive(Debug)]
pub struct Dialled {
    pub(super) stream: TcpStream,
    is_nonblocking: bool,
}

impl Dialled {
    const fn nonblocking(stream: TcpStream) -> Self {
        Self { stream, is_nonblocking: true }
    }

    /// Connects to one address.
    pub(super) fn connect(
        addr: &SocketAddr,
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<Self, Failures> {
        let addr = (*addr).into();
        let connected = match deadline {
            None => connect(&addr, options),
            Some(_) => connect_until(&addr, options, deadline).map(Self::nonblocking),
        };
        connected.map_err(|error| Failures::of(&addr, error))
    }

    /// Connects to the first of several addresses that accepts.
    pub(super) fn race(
        addrs: &[SockAddr],
        options: &SocketOptions,
        deadline: Deadline,
    ) -> Result<Self, Failures> {
        race::race(addrs, options, deadline).map(Self::nonblocking)
    }

    /// Prepares the socket for calls with this deadline.
    pub(super) fn until(&mut self, deadline: Deadline) -> io::Result<&TcpStream> {
        if deadline.is_some() && !self.is_nonblocking {
            self.stream.set_nonblocking(true)?;
            self.is_nonblocking = true;
        }
        Ok(&self.stream)
    }

    /// Returns the socket for the caller.
    pub(super) fn into_blocking(self) -> io::Result<TcpStream> {
        if self.is_nonblocking {
            self.stream.set_nonblocking(false)?;
        }
        Ok(self.stream)
    }
}

/// Connects without a deadline.
fn connect(addr: &SockAddr, options: &SocketOptions) -> io::Result<Dialled> {
    let socket = dial::open(addr, options, Mode::Blocking)?;
    match socket.connect(addr) {
        // The attempt continues.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            wait(&mut [PollFd::new(&socket, PollFlags::OUT)], None)?;
            connected(&socket)?;
        }
        connected => connected?,
    }
    Ok(Dialled { stream: socket.into(), is_nonblocking: false })
}

fn connect_until(addr: &SockAddr, options: &SocketOptions, deadline: Deadline) -> io::Result<TcpStream> {
    let socket = dial::begin(addr, options)?;
    loop {
        let recheck_at = RECHECK.map(|interval| Instant::now() + interval);
        let until = [deadline, recheck_at].into_iter().flatten().min();
        let is_reported = wait(&mut [PollFd::new(&socket, PollFlags::OUT)], until)?;
        if is_reported || RECHECK.is_some() {
            connected(&socket)?;
        }
        if is_reported {
            return Ok(socket);
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}
